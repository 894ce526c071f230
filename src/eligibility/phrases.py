"""Turns of phrase that protocols hold go in as patterns; what the language has for each comes out.

None of them is read as if it were right: they serve the messages alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from eligibility.concepts import key_of
from eligibility.instants import time_unit
from eligibility.vocabulary import Concept, Vocabulary

IN_WORDS, PHRASE = "E142", "E143"
LOGIC, HEAD, UNDECLARED, THOUSANDS, MISPLACED, MISSING = "E137", "E140", "E400", "E138", "E131", "E141"

Said = tuple[str, str]  # what is wrong, and what to write
Telling = Callable[[re.Match[str], Vocabulary], Said | None]


@dataclass(frozen=True, slots=True)
class Idiom:
    """A pattern of a line, and what to say of it: the group `said` is underlined, else all that matches."""

    pattern: re.Pattern[str]
    tell: Telling
    code: str = PHRASE
    only: tuple[str, ...] = ()  # the codes of the errors that it betters, and keeps; all where there are none


# --- what is told ----------------------------------------------------------------------------------------------------


def short(words: str) -> str:
    """Words with single spaces, cut where they would fill a message."""
    words = " ".join(words.split())
    return words if len(words) <= 60 else f"{words[:60]}..."


def _write(form: str, wrong: str = "`{said}` is no form of this language") -> Telling:
    """Tell with the groups of the match in two patterns."""

    def tell(match: re.Match[str], vocabulary: Vocabulary) -> Said:
        groups = {name: short(value or "") for name, value in match.groupdict().items()}
        groups.setdefault("said", short(match[0]))
        return wrong.format(**groups), form.format(**groups)

    return tell


def _if_declared(group: str, tell: Telling, *kinds: str) -> Telling:
    """Tell only where a group is a declared name (of one of some kinds)."""

    def guarded(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
        if vocabulary.find(" ".join(match[0].split())) is not None:
            return None
        concept = vocabulary.find(" ".join(match[group].strip(' `"').split()))
        return tell(match, vocabulary) if concept and (not kinds or concept.kind in kinds) else None

    return guarded


def _unless(group: str, tell: Telling) -> Telling:
    """Tell only where a group did not take part in the match."""

    def guarded(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
        return None if match[group] else tell(match, vocabulary)

    return guarded


_ABOVE = r"(?:greater|higher|larger|more|bigger|longer|older) than"
_BELOW = r"(?:less|lower|smaller|fewer|shorter|younger) than"
_SIGNS = [
    (rf"(?:not|no) {_ABOVE}|{_BELOW} or equal(?: to)?|at most|not above|not over|up to|maximum(?: of)?", "<="),
    (
        rf"(?:not|no) {_BELOW}|{_ABOVE} or equal(?: to)?|at least|not below|not under|minimum(?: of)?|starting from",
        ">=",
    ),
    (rf"{_ABOVE}|above|over|exceeds|exceeding|in excess of", ">"),
    (rf"{_BELOW}|below|under", "<"),
    ("equal to|equals", "="),
]
_COMPARED = "|".join(f"(?:{words})" for words, _ in _SIGNS)


def _comparative(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    words = re.sub(r"^(?:is|are|was|be)\s+", "", " ".join(match["said"].casefold().split()))
    before = match.string[: match.start()].casefold()
    if before.rstrip().endswith("for") or (words == "over" and re.search(r"\b(?:rise|fall)\s+in\b", before)):
        return None
    sign = next(sign for pattern, sign in _SIGNS if re.fullmatch(pattern, words))
    written = f"write `{sign}`"
    if sign == "=":
        written = "write `>=` or `<=`, as the protocol says"
    elif words == "over":
        written = "write `>`, or `>=` where the number itself counts"
    return f"`{short(match['said'])}` is no comparison of this language", written


def _window_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    if re.match(r"for\s", match["said"], re.IGNORECASE):
        return (
            f"`{short(match['said'])}` stands behind a threshold, and only a condition lasts",
            "name a condition, or look at the measurements of the time: `lowest x within 3 days >= 5 mg/dL`",
        )
    name = re.split(r"[(:]|\b(?:and|or|not|no|if|then|unless)\b", match["name"], flags=re.IGNORECASE)[-1].strip()
    window, rest = short(match["said"]), f"{match['sign']} {short(match['value'])}"
    return f"`{window}` stands behind the threshold", f"write it behind the name: `{name or 'x'} {window} {rest}`"


def _duration_only(words: str) -> bool:
    amount = re.match(r"[0-9.]+\s*([^\W\d_]+)", words)
    return bool(amount and time_unit(amount[1]))


def _lasting(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    if not _duration_only(match["length"]):
        return None
    how = " ".join(match["how"].casefold().split())
    if re.match(r"less|fewer|under|up to|at most|no more|not more|<", how):
        return (
            f"`{short(match['said'])}` is no form of this language",
            f"write `not (X for at least {short(match['length'])})`",
        )
    return f"`{short(match['said'])}` is no form of this language", f"write `for at least {short(match['length'])}`"


def _past(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    if not _duration_only(match["length"]):
        return None
    return f"`{short(match['said'])}` is no form of a window", f"write `within {short(match['length'])}`"


def _thousands(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    said = short(match[0])
    if re.fullmatch(r"[0-9.]+", said):
        return f"`{said}` is no number", "write one decimal point at most"
    digits = re.sub(r"[\s,'’_.]", "", said)
    last = re.split(r"[\s,'’_.]", said)[-1]
    decimal = f"{digits[: -len(last)]}.{last}"
    if re.search(r"[\s'’_]", said):
        readings = f"`{digits}`"
    elif digits.startswith("0"):
        readings = f"`{decimal}`"
    else:
        readings = f"`{digits}` or `{decimal}`"
    return f"`{said}` may be thousands or a decimal", f"write a number without separators: {readings}"


def _unfold(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    plain = {"＞": ">", "＜": "<", "＝": ">=", "≧": ">=", "≦": "<=", "⩾": ">=", "⩽": "<=", "≯": "<=", "≮": ">="}
    return f"`{match[0]}` is no sign of this language", f"write `{plain[match[0]]}`"


def _limit(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    letters = match["said"].upper()
    if letters in ("ULN", "LLN") or not set(letters) <= set("ULNM") or "N" not in letters:
        return None
    near = ["LLN", "ULN"] if letters.startswith("L") and "U" not in letters else ["ULN", "LLN"]
    return (
        f"`{match['said']}` is no limit of normal",
        f"did you mean `{match['number']} x {near[0]}` or `{match['number']} x {near[1]}`?",
    )


def _inverse(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    signs = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "≤": ">", "≥": "<"}
    return f"`{short(match['said'])}` is no sign of this language", f"write `{signs[match['sign']]}`"


def _declared_end(words: str, vocabulary: Vocabulary) -> tuple[str, Concept] | None:
    """The longest declared name with which some words end."""
    parts = words.split()
    for first in range(len(parts)):
        name = " ".join(parts[first:])
        if name and not name[-1].isalnum():  # `temperature - 37 degC`: an operation stands between them
            return None
        if (concept := vocabulary.find(name)) is not None:
            return name, concept
    return None


def _value_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """The name of a class, and behind it one of its values, with nothing between them."""
    found = _declared_end(match["x"], vocabulary)
    if found is None or found[1].kind != "class" or key_of(match["said"]) not in found[1].value_ranks:
        return None
    name, sign = found[0], "`is` or `>=`" if found[1].ordered else "`is`"
    return (
        f"a comparison is missing between `{name}` and `{match['said']}`",
        f"write {sign}: `{name} is {match['said']}`",
    )


def _named_once(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """`age >= 18 and <= 75 years`: the second sign stands behind no name."""
    found = _declared_end(match["x"], vocabulary)
    if found is None:
        return None
    return (
        f"a value is missing before `{match['said']}`",
        f"name it again: `{match['how']} {found[0]} {match['said']} ...`, or write `between ... and ...`",
    )


def _bracket_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """A declared name, and behind it a bracket, with nothing between them."""
    found = _declared_end(match["x"], vocabulary)
    if found is None:
        return None
    return (
        f"nothing joins `{found[0]}` and the bracket behind it",
        "join the two with `and` or `or`; a remark goes behind `#`",
    )


def _number_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """The name of a quantity, and behind it a number, with nothing between them."""
    found = _declared_end(match["x"], vocabulary)
    if found is None or found[1].kind not in ("quantity", "age"):
        return None
    return (
        f"a comparison is missing between `{found[0]}` and `{match['said']}`",
        f"write `{found[0]} >= {match['said']}`, or another sign",
    )


_ITEMS = "write the head alone on its line, as `any of:`, and its items below it, each behind `- `"
_TIME = r"[0-9][0-9.]*\s*[a-z]+"
_WORDS = r"\b[^\W\d_][\w/'-]{0,60}(?:\s+[\w/'-]+){0,8}?"


def _idiom(pattern: str, tell: Telling, code: str = PHRASE, only: tuple[str, ...] = ()) -> Idiom:
    return Idiom(re.compile(pattern, re.IGNORECASE), tell, code, only)


IDIOMS: tuple[Idiom, ...] = (
    # blocks
    _idiom(r"^\s*-\s+(?P<said>note)\s*\"", _write("write the note below the criterion, not in its block", "`note` is no item of a block")),
    _idiom(r"^\s*(?P<said>[*•–—·▪◦‣]|[0-9]+[.)]|[a-z]\))\s+\S", _write("begin an item with `- `", "`{said}` begins no item"), only=(MISPLACED, "E128")),
    _idiom(r"^\s*(?P<said>-)(?=[^\W\d_])", _write("write a space behind it: `- `", "`-` begins an item only with a space behind it"), only=(MISPLACED, "E128")),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<head>(?:at least|at most|exactly) [0-9]+) of\s+[0-9]+\b[^:]*):?\s*$",
        _write("write `{head} of:`", "`{said}:` heads no block"), HEAD,
    ),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<how>at least|at most|exactly)\s+(?P<number>[-−+]\s*[0-9.]+|[0-9]*\.[0-9]+) of)\s*:",
        _write("a count is a whole number: `{how} 2 of:`", "`{number}` is no count of items"), HEAD,
    ),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<head>(?:at least|at most|exactly) [0-9]+)(?: items?)?)\s*:\s*$",
        _write("write `{head} of:`", "`{said}:` heads no block"), HEAD,
    ),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>(?:all|any|none|(?:at least|at most|exactly) [0-9]+) of)\s*$",
           _write("write `:` there", "a colon is missing at the end of `{said}`"), HEAD),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>(?P<number>[0-9]+)(?: or more)? of)\s*:\s*$",
           _write("write `at least {number} of:` or `exactly {number} of:`", "`{said}:` heads no block"), HEAD),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>(?P<head>all|any|none))\s*:\s*$", _write("write `{head} of:`", "`{said}:` heads no block"), HEAD),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?:all|any|none|one|either|both|at least [0-9]+|at most [0-9]+|exactly [0-9]+) of)\b(?:\s*:)?\s*[^\s:].*$",
        _write(_ITEMS, "`{said}` is followed by something on its line"), HEAD,
    ),
    _idiom(r"``", _write("write a name between them", "a name is missing between the backticks")),
    # numbers
    _idiom(r"(?<![\w.,])[0-9]+(?:[.,'’_][0-9]+){2,}(?![\w.,])|(?<![\w.,])[0-9]+[,'’_][0-9]+(?![\w.,])|(?<![\w.,])[0-9]{1,3}(?: [0-9]{3})+(?![\w.,])",
           _thousands, THOUSANDS),
    _idiom(r"(?P<said>[<>!]\s+=(?![<>=])|(?<![<>=!])=\s+[<>])", lambda match, _: (
        f"`{match[0]}` is no sign of this language", f"write `{(match[0][0] if match[0][0] != '=' else match[0][-1])}=` in one piece")),
    _idiom(r"[＞＜＝≧≦⩾⩽≯≮]", _unfold),
    _idiom(r"(?<=\s)\*\*|\*\*(?=\s)", _write("write a power as `x ^ 2`")),
    _idiom(r"(?P<said>(?P<word>ULN|LLN)\s*[x×*]\s*(?P<number>[0-9.]+))", _write("write `{number} x {word}`")),
    _idiom(r"(?P<number>[0-9.]+)\s*(?:x|×|times)\s*(?P<said>[A-Z]{2,4})\b", _limit),
    # windows and durations
    _idiom(
        r"(?P<name>[^<>=≤≥]{0,80})(?P<sign>[<>]=?|[≤≥])\s*(?P<value>[0-9.+-][^<>=()]*?)\s+"
        r"(?P<said>within\s+(?:the\s+next\s+)?[0-9][\w.]*\s*[a-z]+(?:\s+(?:before|after)\s+[\w/'-]+(?:\s+[\w/'-]+)*?)?(?=\s+(?:and|or|unless|then)\b|\s*[),]|\s*$)"
        r"|(?:before|after)\s+[^\W\d_][\w/'-]*|for\s+at\s+least\s+[0-9][\w.]*\s*[a-z]+)",
        _window_behind,
    ),
    _idiom(r"\bhistory\s+of\s+(?P<x>[^()<>]+?)\s+(?P<said>for\s+at\s+least)\b",
           _write("write `{x} for at least ...`", "`history of` goes with no duration")),
    _idiom(
        r"(?P<said>\bfor\s+(?P<how>(?:(?:more|longer|greater|less|fewer|no more|not more)\s+than|over|under|up\s+to|at\s+most|a\s+minimum\s+of|minimum|[<>]=?|≥|≤|the\s+(?:last|past))?)\s*(?P<length>[0-9][0-9.]*\s*[a-z]+))",
        _lasting,
    ),
    _idiom(
        r"(?P<said>\b(?:within|in|during|over|for|throughout)\s+the\s+(?:past|last|previous|preceding|prior)|\bwithin\s+(?:past|last|previous|prior)|\b(?:in|during))\s+(?P<length>[0-9][0-9.]*\s*[a-z]+)",
        _past,
    ),
    _idiom(r"(?P<said>(?:(?:less|more|fewer)\s+than\s+|within\s+)?(?P<length>[0-9][0-9.]*\s*[a-z]+)\s+(?:ago|before\s+now|earlier|prior)\b)", _past),
    _idiom(r"(?P<said>\b(?!within\s+the\s+next\s+[0-9])(?:within|in|during|over)\s+(?:the\s+)?(?:next|coming|following)\b)", _write("write `within the next 3 months`", "`{said}` needs a form and a duration of its own")),
    _idiom(
        r"\b(?:within|over|for\s+at\s+least)\s+(?P<said>[0-9][0-9.]*\s*(?:[a-z]+\s*)?(?:-|–|—|to)\s*(?P<end>[0-9][0-9.]*\s*[a-z]*))",
        _write("write one length, such as `within {end}`; from when to when: `time since onset of X between 3 and 6 months`", "`{said}` is no single length of time"),
    ),
    _idiom(r"\b(?:within|over|for\s+at\s+least)\s+(?P<said>[-−+<>≤≥=]+\s*(?P<length>[0-9][0-9.]*\s*[a-z]*))",
           _write("write a number and a unit of time alone, such as `{length}`", "`{said}` is no length of time")),
    _idiom(r"\bwithin\s+(?P<length>" + _TIME + r")\s+(?P<said>of|from|to|around|prior\s+to|preceding|following|since|until)\s+(?P<x>[^\W\d_][^<>()]*?)\s*(?=[)<>]|\b(?:and|or|unless|then)\b|$)",
           _write("write `within {length} before {x}` or `within {length} after {x}`", "`{said}` does not say on which side of it")),
    _idiom(r"(?P<said>\b(?:before|after|since|until)\s+(?:[0-9]{4}(?:-[0-9]{2}){0,2}\b|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}|(?:[0-9]{1,2}\.?\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+[0-9]{1,4}))",
           _write("name a milestone, such as `first dose`, or write `within 6 months`", "`{said}` names a date, and rules hold no dates")),
    _idiom(r"\btime\s+since\s+onset\s+of\s+(?P<x>[^<>=()]+?)\s+(?P<said>within)\s+(?P<length>" + _TIME + r")",
           _write("write `onset of {x} within {length}`, or `time since onset of {x} <= {length}`", "`time since onset of` is compared, and has no window")),
    _idiom(r"(?P<said>\b(?<![0-9] )(?:time|days|hours|weeks|months|years)\s+(?:since|from|after)\s+(?!onset\s+of\b)(?P<x>" + _WORDS + r"))\s*(?=[<>=≤≥]|$)",
           _if_declared("x", _write("write `time since onset of {x}`"))),
    _idiom(r"(?P<since>\bsince\s+)?(?P<said>\bonset\s+of\s+(?P<x>[^<>=()]+?))\s*[<>≤≥]",
           _unless("since", _write("compare `time since onset of {x}`", "`{said}` is no length of time"))),
    # names without their word before them
    _idiom(
        r"(?P<said>\b(?:time\s+since\s+onset\s+of|onset\s+of|history\s+of|rise\s+in|fall\s+in|highest|lowest|first|latest))\s+(?P<window>within\s+(?:the\s+next\s+)?"
        + _TIME + r"|over\s+" + _TIME + r")\s+(?P<x>[^\W\d_][^<>=()]*?)\s*(?=[<>=≤≥)]|$)",
        _if_declared("x", _write("write the name first: `{said} {x} {window}`", "the window stands before the name")),
    ),
    _idiom(
        r"(?P<said>\b(?:onset\s+of|history\s+of|rise\s+in|fall\s+in|highest|lowest|first|latest|before|after))(?:\s+(?:within|over|for\s+at\s+least)\s+" + _TIME + r")?\s*(?=[<>=≤≥)]|\b(?:and|or|unless|then)\b|$)",
        _write("write a name behind it", "a name is missing after `{said}`"),
    ),
    _idiom(r"(?P<said>\b(?:history|onset))\s*$", _write("write `{said} of` and a name", "a name is missing after `{said}`")),
    _idiom(r"(?:^|[:(]\s*|-\s|\b(?:and|or|not|no|if|then|unless)\s)\s*(?P<said>within\s+(?:the\s+next\s+)?" + _TIME + r")",
           _write("name before it what was there: `stroke {said}`", "a name is missing before `{said}`"), only=(UNDECLARED,)),
    _idiom(r"(?P<relation>\b(?:before|after)\s+" + _WORDS + r")\s+(?P<said>within\s+" + _TIME + r")",
           _write("write the window first: `{said} {relation}`", "`{said}` stands behind `{relation}`")),
    _idiom(r"(?P<said>\b(?:highest|lowest|first|latest|history\s+of|onset\s+of|rise\s+in|fall\s+in))\s*\(",
           _write("write it before each name", "`{said}` goes with one name, not with a group")),
    _idiom(r"(?P<said>\b(?P<word>history|onset)\s+(?!of\b)(?P<x>" + _WORDS + r"))(?=\s*[<>=()]|\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
           _if_declared("x", _write("write `{word} of {x}`"))),
    _idiom(r"(?P<said>\b(?:prior|previous|past|past\s+history\s+of|any\s+history\s+of|former)\s+(?P<x>" + _WORDS + r"))(?=\s*[<>=()]|\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
           _if_declared("x", _write("write `history of {x}`, or `{x} within 6 months`"), "condition", "event")),
    _idiom(
        r"(?P<said>\b(?:absence\s+of|lack\s+of|free\s+of|no\s+evidence\s+of|negative\s+for|without|never\s+had))\s+(?P<x>"
        + _WORDS + r")(?=\s*[<>=()]|\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
        _if_declared("x", _write("write `no {x}`, behind `and` where it goes on")),
    ),
    _idiom(
        r"(?P<said>\b(?:the\s+)?(?:patients?|subjects?)\s+(?:has|have|had|with|is|are)|\bpresence\s+of|\b(?:clinical\s+)?diagnos(?:is\s+of|ed\s+with)|\bevidence\s+of|\bdocumented|\bconfirmed|\bknown|\beither|\bactive)\s+(?P<x>"
        + _WORDS + r")(?=\s*[<>=()]|\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
        _if_declared("x", _write("write the name alone: `{x}`")),
    ),
    # changes and selections
    _idiom(r"(?P<said>\b(?:rise|fall)\s+in)\s+(?P<x>(?:(?!\bover\s+[0-9])[^<>=()])*?)\s*(?:\bwithin\s+(?P<length>" + _TIME + r")\s*)?[<>=≤≥]",
           _if_declared("x", lambda match, _: (
               f"`{' '.join(match['said'].split())}` needs `over` and a duration",
               f"write `{short(match['said'])} {short(match['x'])} over {match['length'] or '48 hours'}`"))),
    _idiom(r"(?P<said>\b(?:rise\s+of|(?:increases?|elevation|raise|gain)\s+(?:in|of)))\s+(?P<x>[^<>=()]*?)(?=\bover\s+[0-9]|\s*[<>])",
           _if_declared("x", _write("write `rise in {x} over 48 hours`"))),
    _idiom(r"(?P<said>\b(?:fall\s+of|(?:decreases?|drop|decline|reduction|loss)\s+(?:in|of)))\s+(?P<x>[^<>=()]*?)(?=\bover\s+[0-9]|\s*[<>])",
           _if_declared("x", _write("write `fall in {x} over 48 hours`"))),
    *(
        _idiom(r"(?P<said>\b(?:" + words + r"))\s+(?P<x>" + _WORDS + r")(?=\s*[<>=≤≥]|\s+within\s+[0-9]|\s+(?:before|after|is|in)\b|\s*$)",
               _if_declared("x", _write(f"write `{word} {{x}}`"), "quantity", "class"))
        for words, word in (
            ("maximum|maximal|max|peak|greatest|largest|worst", "highest"), ("minimum|minimal|min|nadir|smallest", "lowest"),
            ("most\\s+recent|last|newest|current|present", "latest"), ("earliest|initial|baseline|oldest", "first"),
        )
    ),
    _idiom(r"(?P<said>\b(?:mean|average|median|total)\s+(?P<x>" + _WORDS + r"))(?=\s*[<>=≤≥]|\s+within\s+[0-9])",
           _if_declared("x", _write("write `highest`, `lowest`, `first` or `latest`", "`{said}`: no average is computed"), "quantity")),
    # judgements
    _idiom(r"(?P<said>\bjudge?ment(?:\s*['‘’“”«»„].*$|(?=\s*$|\s+[^\W\d_])))",
           _write('write the question in straight quotation marks: `judgement "..."`', "a judgement holds its question in quotation marks")),
    _idiom(r"(?P<said>\b(?:(?:time\s+since\s+)?onset\s+of|history\s+of|highest|lowest|first|latest|rise\s+in|fall\s+in)\s+judge?ment)\s*\"",
           _write('write `judgement "..."` alone', "a judgement takes no word before it: `{said}`")),
    # comparisons
    _idiom(r"(?P<said>\b(?:or|and)\s+(?:older|younger|more|less|higher|lower|above|below|greater|over|under))\s*(?=$|\)|\b(?:and|or|unless|then)\b)",
           _write("take it out: `>=` and `<=` include their end", "`{said}` says the sign again in words")),
    _idiom(r"(?P<said>\b(?:(?:is|are|was|be)\s+)?(?:" + _COMPARED + r"))\s+(?P<number>[+-]?[0-9.]+)(?![0-9.])(?!\s+of\b)", _comparative, IN_WORDS),
    _idiom(r"(?P<said>\b(?:is|are|was|be|equals))\s+(?P<rest>between\s+[0-9.]\S*(?:\s+\S+)?\s+and\s+\S+(?:\s+\S+)?|[<>≤≥])",
           _write("take out `{said}`", "`{said}` does not stand before a comparison of numbers")),
    _idiom(r"(?P<name>\b[\w/'-]{1,60}(?:\s+[\w/'-]+){0,8}?)\s+(?P<said>not\s+between)\s+(?P<ends>[0-9.].*)$",
           _write("write `not ({name} between {ends})`")),
    _idiom(r"(?P<said>\bnot\s*(?P<sign>[<>]=?|[≤≥]))", _inverse),
    _idiom(r"\bbetween\s+(?P<low>[^\s<>]+(?:\s+[a-z%][^\s<>]*)?)\s*(?P<said>\bto\b|\bor\b|-|–|—|,)\s*(?P<high>[0-9][^<>]*)$",
           _write("write `between {low} and {high}`", "`between` joins its two ends by `and`, not `{said}`")),
    _idiom(r"(?P<said>\bbetween)\s+(?P<low>[0-9.][^<>]*)$(?<!and)",
           lambda match, _: None if re.search(r"\band\s+\S", match["low"], re.IGNORECASE) else (
               "`between` needs two ends", "write `between 35 and 70 years`")),
    _idiom(r"(?P<said>\bbetween)\s+(?=and\b|$)", _write("write `between 35 and 70 years`", "`between` needs two ends")),
    _idiom(r"(?P<said>\bfrom\s+(?P<low>[0-9.]+[^<>]*?)\s*(?:\bto\b|-|–|—)\s*(?P<high>[0-9][^<>]*))$", _write("write `between {low} and {high}`")),
    _idiom(r"(?P<said>(?<![\w.])(?P<low>[0-9.]+)\s*(?:\bto\b|–|—|-)\s*(?P<high>[0-9][^<>()]*))$", _write("write `between {low} and {high}`")),
    # classes
    _idiom(r"(?P<said>\b(?:is\s+)?not\s+in\b)\s*(?P<set>\([^()]*\))", _write("write `not (... in {set})`")),
    _idiom(r"\bin\s*\((?P<said>(?P<low>\w+)\s*(?:-|–|to)\s*(?P<high>\w+))\s*\)", _write("name each value: `in ({low}, {high})`", "`{said}` is no value")),
    _idiom(r"\bin\s*\([^()]*?\s(?P<said>or|and|/|;)\s[^()]*\)", _write("write `in (III, IV)`", "values are separated by a comma, not by `{said}`")),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>in)(?:\s+(?P<rest>[^\s(][^()]*))?$",
           _if_declared("x", _write("write `in (III, IV)`", "`in` is followed by values in brackets"), "class")),
    _idiom(r"\b(?P<said>is(?:\s+not)?)\s*(?P<set>\([^()]*,[^()]*\))", _write("write `in {set}`", "`{said}` takes one value")),
    _idiom(r"(?P<x>" + _WORDS + r")\s+is\s+(?P<a>[\w+-]+)\s+(?P<said>or)\s+(?P<b>[\w+-]+)\s*$",
           _if_declared("x", _write("write `{x} in ({a}, {b})`", "`{said}` joins statements, and `{b}` is none"), "class")),
    _idiom(r"(?P<said>\bis\s+not|\bis)\s*$", _write("write one of its values behind it", "a value is missing behind `{said}`")),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>[\w+-]+)(?=\s*$|\s*\)|\s+(?:and|or|unless|then)\b)", _value_behind, MISSING),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>[0-9]*\.?[0-9]+)(?![\w.])", _number_behind, MISSING),
    # connectives
    _idiom(r"(?P<said>\band\s*/\s*or)\b", _write("write `or`: it includes both")),
    _idiom(r"(?P<said>\bbut)\s+(?P<rest>not|no)\b", _write("write `and {rest}`")),
    _idiom(r"(?P<said>\b(?:but|as\s+well\s+as|plus|also))\b", _write("write `and`")),
    _idiom(r"(?P<said>\b(?:except(?:\s+(?:for|if|when))?|excluding|other\s+than))\b", _write("write `unless`")),
    _idiom(r"\bif\s+(?P<said>then)\b", _write("write `if A then B`", "a statement is missing between `if` and `then`")),
    _idiom(r"(?P<said>\bxor)\b", _write("write `exactly 1 of:` with the two as items")),
    _idiom(r"(?P<said>\bnor)\b", _write("write `and not`, or a block `none of:`")),
    _idiom(r"(?P<said>¬|~)", _write("write `not`"), LOGIC),
    _idiom(r"(?P<said>∧|&&?)", _write("write `and`"), LOGIC),
    _idiom(r"(?P<said>∨|\|\|?)", _write("write `or`"), LOGIC),
    _idiom(r"\bif\b(?:(?!\bthen\b)[^,])*(?P<said>,)(?!.*\bthen\b)", _write("write `if A then B`", "`then` is missing: `{said}` does not stand for it")),
    _idiom(r"^(?:(?!\bif\b).)*(?P<said>\bthen)\b", _write("write `if A then B`", "`then` without `if`")),
    _idiom(r"(?<=[\w)] )(?P<said>(?:if|when|provided(?:\s+that)?))\b(?!.*\bthen\b)", _write("write `if A then B`", "`{said}` begins a form: `if A then B`")),
    _idiom(r"(?P<x>" + _WORDS + r")\s*(?P<said>\()", _bracket_behind, only=("E139",)),
    _idiom(r"(?P<x>" + _WORDS + r")\s*(?:[<>]=?|[≤≥])\s*[^<>≤≥()]{1,40}?\s(?P<how>and|or)\s+(?P<said>[<>]=?|[≤≥])", _named_once, only=("E127",)),
    # what cannot stand where it stands
    _idiom(r"^\s*(?:include|exclude)\s*:\s*(?P<said>\S+)", _write("write each criterion on a line of its own below the section", "`{said}` stands behind the section"), only=(MISPLACED,)),
    _idiom(r"^\s+(?P<said>(?:include|exclude)\s*:)", _write("begin it at the margin", "the section `{said}` is indented"), only=(MISPLACED,)),
    _idiom(r"^(?P<said>[A-Za-z0-9.]+\s*\"_*\"\s*:)", _write("indent it by two spaces", "a criterion stands below its section, indented"), only=("E124",)),
    _idiom(r"^\s*(?P<said>note\s*\"_*\")", _write("write one note, indented, below the formula", "a criterion has one note, below its formula"), only=(MISPLACED, "E126")),
    _idiom(r"\bjudge?ment\s*\"_*\"\s+(?P<said>within|before|after|for)\b", _write("take it out", "a judgement has no time: `{said}`"), only=(MISPLACED,)),
    _idiom(r"^\s*(?P<said>note\b[^\"]*)$", _write('write `note "..."`', "a note stands in quotation marks"), only=(MISPLACED, UNDECLARED)),
    _idiom(r"^\s*(?P<said>and|or|unless|then)\b",
           _write("to go on with an item, indent the line further; to join it with the block, write both as items of `all of:` or `any of:`",
                  "`{said}` goes on with nothing here"), only=(MISPLACED,)),
    _idiom(r"\b(?:before|after)\s+[^<>]*?(?P<said>\b(?:before|after))\b", _write("take out one of them", "there is a second `{said}`"), only=(MISPLACED,)),
    _idiom(r"\bwithin\b[^<>]*?(?P<said>\bwithin)\b", _write("take out one of them", "there is a second window: `{said}`"), only=(MISPLACED,)),
    _idiom(r"(?P<said>\bnot)\b", _write("write `and not`, or `or not`", "nothing joins `{said}` to what stands before it"), only=(MISPLACED,)),
    _idiom(r"(?P<said>,)\s*$", _write("take it out", "`{said}` ends nothing"), only=(MISPLACED,)),
    _idiom(r"(?P<said>[,;])", _write("write `and` or `or`, or a block with items", "`{said}` joins nothing"), only=(MISPLACED,)),
    _idiom(r"(?P<said>[\[\]{}])", _write("write `(` and `)`", "`{said}` is no bracket of this language"), only=(MISPLACED, "E128")),
    _idiom(r"(?P<said>['‘](?P<x>[^'’]+)['’])", _write("write it without: {x}", "no quotation marks stand around `{x}`"), only=(MISPLACED, "E128")),
)  # fmt: skip
