"""A turn of phrase that was found in a line goes in; what is wrong with it, and what the language has for it, comes out.

Nothing here decides what is a mistake: it gives words to what the patterns of `phrases` find.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import normalize

from eligibility.concepts import key_of
from eligibility.instants import time_unit
from eligibility.vocabulary import Concept, Vocabulary

Said = tuple[str, str]  # what is wrong, and what to write
Telling = Callable[[re.Match[str], Vocabulary], Said | None]


def short(words: str) -> str:
    """Words with single spaces, cut where they would fill a message."""
    words = " ".join(words.split())
    return words if len(words) <= 60 else f"{words[:60]}..."


def written(form: str, wrong: str = "`{said}` is no form of this language") -> Telling:
    """Tell with the groups of the match in two patterns."""

    def tell(match: re.Match[str], vocabulary: Vocabulary) -> Said:
        groups = {name: short(value or "") for name, value in match.groupdict().items()}
        groups.setdefault("said", short(match[0]))
        return wrong.format(**groups), form.format(**groups)

    return tell


def if_declared(group: str, tell: Telling, *kinds: str) -> Telling:
    """Tell only where a group is a declared name (of one of some kinds)."""

    def guarded(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
        if vocabulary.find(" ".join(match[0].split())) is not None:
            return None
        words = re.sub(r"^(?:history|onset)\s+of\s+", "", match[group].strip(' `"'), flags=re.IGNORECASE)
        concept = vocabulary.find(" ".join(words.split()))
        return tell(match, vocabulary) if concept and (not kinds or concept.kind in kinds) else None

    return guarded


def unless_given(group: str, tell: Telling) -> Telling:
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
COMPARED = "|".join(f"(?:{words})" for words, _ in _SIGNS)


def comparative(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    words = re.sub(r"^(?:is|are|was|be)\s+", "", " ".join(match["said"].casefold().split()))
    before = match.string[: match.start()].casefold()
    if before.rstrip().endswith("for") or (words == "over" and re.search(r"\b(?:rise|fall)\s+in\b|[<>≤≥]", before)):
        return None
    sign = next(sign for pattern, sign in _SIGNS if re.fullmatch(pattern, words))
    written = f"write `{sign}`"
    if _BEGINS_FORMULA.search(before):
        return f"`{short(match['said'])}` is no comparison of this language", _named(match, words, sign, vocabulary)
    if sign == "=":
        written = "write `>=` or `<=`, as the protocol says"
    elif words == "over":
        written = "write `>`, or `>=` where the number itself counts"
    return f"`{short(match['said'])}` is no comparison of this language", written


_BEGINS_FORMULA = re.compile(r"(?:^|[:(]|-\s|\b(?:and|or|not|no|if|then|unless))\s*$", re.IGNORECASE)


def _named(match: re.Match[str], words: str, sign: str, vocabulary: Vocabulary) -> str:
    """What to write for `older than 18 years` and `more than 3 failing organs`, where no name stands in front."""
    rest = match.string[match.end() :]
    if re.search(r"older|younger", words) or re.match(
        r"\s*(?:months?|years?)\s+(?:old|of\s+age)\b", rest, re.IGNORECASE
    ):
        unit = re.match(r"\s*(months?|years?)\b", rest, re.IGNORECASE)
        written = f"age {sign} {match['number']} {unit[1].lower() if unit else 'years'}"
        if sign == ">":
            return f"write `{written}`, or `{written.replace('>', '>=')}` where the number itself counts: ages are completed years"
        return f"write `{written}`: ages are completed years or months"
    counted = re.match(r"\s*([^\W\d_][\w/'-]*(?:\s+[\w/'-]+){0,4})", rest)
    parts = counted[1].split() if counted else []
    for count in range(len(parts), 0, -1):
        if vocabulary.find(" ".join(parts[:count])) is not None:
            return f"write the name first: `{' '.join(parts[:count])} {sign} {match['number']}`"
    return f"name before it what is compared: `x {sign} {match['number']}`"


def window_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
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


def lasting(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    if not _duration_only(match["length"]):
        return None
    how = " ".join(match["how"].casefold().split())
    if re.match(r"less|fewer|under|up to|at most|no more|not more|<", how):
        return (
            f"`{short(match['said'])}` is no form of this language",
            f"write `X and not X for at least {short(match['length'])}`",
        )
    absent = re.search(r"\b(?:no|not)\s+([^\W\d_][\w/' -]*?)\s*$", match.string[: match.start()], re.IGNORECASE)
    if absent and vocabulary.find(absent[1]) is not None:  # none in the time, not: present for less than the time
        return (
            f"`{short(match['said'])}` is no form of this language",
            f"write `no {absent[1]} within {short(match['length'])}`",
        )
    return f"`{short(match['said'])}` is no form of this language", f"write `for at least {short(match['length'])}`"


def in_the_past(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    if not _duration_only(match["length"]):
        return None
    return f"`{short(match['said'])}` is no form of a window", f"write `within {short(match['length'])}`"


def further_back(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """`stroke more than 6 months ago` is the opposite of a window."""
    if not _duration_only(match["length"]):
        return None
    found = _declared_end(match["x"], vocabulary)
    name = found[0] if found is not None else "X"
    sign = ">=" if re.search(r"=|≥|least|minimum", match["said"], re.IGNORECASE) else ">"
    return (
        f"`{short(match['said'])}` is no form of a window",
        f"write `time since onset of {name} {sign} {short(match['length'])}`, which asks for the newest",
    )


def thousands(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    said = short(match[0])
    if re.fullmatch(r"[0-9.]+", said):
        return f"`{said}` is no number", "write one decimal point at most"
    digits = re.sub(r"[\s,'’_.]", "", said)
    last = re.split(r"[\s,'’_.]", said)[-1]
    decimal = f"{digits[: -len(last)]}.{last}"
    if re.search(r"[\s'’_]", said) or len(set(re.findall(r"[,.]", said))) < len(re.findall(r"[,.]", said)):
        readings = f"`{digits}`"
    elif digits.startswith("0") or len(last) != 3:
        return f"`{said}` is no number here", f"write a number without separators: `{decimal}`"
    else:
        readings = f"`{digits}` or `{decimal}`"
    return f"`{said}` may be thousands or a decimal", f"write a number without separators: {readings}"


def unfold(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    plain = {"＞": ">", "＜": "<", "＝": ">=", "≧": ">=", "≦": "<=", "⩾": ">=", "⩽": "<=", "≯": "<=", "≮": ">="}
    return f"`{match[0]}` is no sign of this language", f"write `{plain[match[0]]}`"


def limit_of_normal(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    letters = match["said"].upper()
    if letters in ("ULN", "LLN") or not set(letters) <= set("ULNM") or "N" not in letters:
        return None
    near = ["LLN", "ULN"] if letters.startswith("L") and "U" not in letters else ["ULN", "LLN"]
    return (
        f"`{match['said']}` is no limit of normal",
        f"did you mean `{match['number']} x {near[0]}` or `{match['number']} x {near[1]}`?",
    )


def change_in(word: str) -> Telling:
    """Tell `rise in` or `fall in`, with the length of time that the author wrote."""

    def tell(match: re.Match[str], vocabulary: Vocabulary) -> Said:
        return f"`{short(match['said'])}` is no form of this language", _written_change(f"{word} in", match)

    return tell


def _written_change(words: str, match: re.Match[str]) -> str:
    length = re.search(
        r"\b(?:over|within|in)\s+(?:any\s+)?([0-9][0-9.]*\s*[a-z]+)", match.string[match.start() :], re.IGNORECASE
    )
    over = short(length[1]) if length and _duration_only(length[1]) else "48 hours"
    return f"write `{short(words)} {short(match['x'])} over {over}`, then the sign"


def without_over(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    return f"`{' '.join(match['said'].split())}` needs `over` and a duration", _written_change(match["said"], match)


def inverse_sign(match: re.Match[str], vocabulary: Vocabulary) -> Said:
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


def value_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """The name of a class, and behind it one of its values, with nothing between them."""
    found = _declared_end(match["x"], vocabulary)
    if found is None or found[1].kind != "class":
        return None
    ends = re.fullmatch(r"(\w+)[-–](\w+)", match["said"])
    ranks = [found[1].value_ranks.get(key_of(end)) for end in ends.groups()] if ends else []
    if found[1].ordered and len(ranks) == 2 and ranks[0] is not None and ranks[1] is not None and ranks[0] < ranks[1]:
        return (
            f"a comparison is missing between `{found[0]}` and `{match['said']}`",
            f"write `{found[0]} in ({', '.join(found[1].values[ranks[0] : ranks[1] + 1])})`",
        )
    if key_of(match["said"]) not in found[1].value_ranks:
        return None
    name, sign = found[0], "`is` or `>=`" if found[1].ordered else "`is`"
    more = re.split(r"\s*(?:,|/|\bor\b)\s*", match["more"] or "", flags=re.IGNORECASE)[1:]
    if more and all(key_of(value) in found[1].value_ranks for value in more):
        return (
            f"a comparison is missing between `{name}` and `{match['said']}`",
            f"write `{name} in ({', '.join([match['said'], *more])})`",
        )
    return (
        f"a comparison is missing between `{name}` and `{match['said']}`",
        f"write {sign}: `{name} is {match['said']}`",
    )


def sign_again(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    """`age >= 18 or older`, and `NYHA class is III or higher`, where the words are the sign."""
    value = re.search(r"\b(?:is|=)\s+([\w+-]+)\s*$", match.string[: match.start()], re.IGNORECASE)
    if value is None:
        return f"`{short(match['said'])}` says the sign again in words", "take it out: `>=` and `<=` include their end"
    sign = "<=" if re.search(r"younger|less|lower|below|under", match["said"], re.IGNORECASE) else ">="
    return f"`{short(match['said'])}` is no form of this language", f"write `{sign} {value[1]}` instead of `is`"


def past_unit(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """`within the past week`: one of them."""
    if not time_unit(match["unit"]):
        return None
    return f"`{short(match['said'])}` is no form of a window", f"write `within 1 {match['unit'].lower()}`"


def further_before(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """`stroke more than 6 months before first dose`: ever, and not in those months."""
    found, after = _declared_end(match["x"], vocabulary), match["milestone"].split()
    name = next((n for i in range(len(after), 0, -1) if vocabulary.find(n := " ".join(after[:i])) is not None), None)
    if found is None or not found[1].is_occurrence or not _duration_only(match["length"]):
        return None
    window = f"within {short(match['length'])} before {name or match['milestone']}"
    return (
        f"`{short(match['said'])}` is no form of a window",
        f"write `history of {found[0]} and no {found[0]} {window}`",
    )


def lasts(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """`invasive ventilation > 48 hours`."""
    found = _declared_end(match["x"], vocabulary)
    if found is None or found[1].kind != "condition" or not _duration_only(match["length"]):
        return None
    return (
        f"`{found[0]}` is a condition, not a number",
        f"write `{found[0]} for at least {short(match['length'])}`, or compare `time since onset of {found[0]}`",
    )


def ratio(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """`PaO2:FiO2`."""
    name = f"{match['a']}/{match['b']}"
    return (f"`{match['said']}` is no name", f"write `{name}`") if vocabulary.find(name) else None


def aged(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    sign = "<=" if match["how"].casefold() in ("younger", "under", "below", "less") else ">="
    return (
        f"`{short(match['said'])}` is no form of this language",
        f"write `age {sign} {match['low']} {(match['unit'] or 'years').lower()}`",
    )


def pressures(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    sign = match["sign"] or "<"
    return (
        f"`{match['said']}` is two numbers",
        f"compare each by its name, such as `systolic blood pressure {sign} {match['high']} mmHg` and `diastolic blood pressure {sign} {match['low']} mmHg`; the protocol says whether `and` or `or` joins them",
    )


def values_apart(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    values = [
        short(value) for value in re.split(r"\s*(?:,|/|;|\bor\b|\band\b)\s*", match["values"], flags=re.IGNORECASE)
    ]
    return (
        f"values are separated by a comma, not by `{match['said']}`",
        f"write `in ({', '.join(value for value in values if value)})`",
    )


def named_once(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """`age >= 18 and <= 75 years`: the second sign stands behind no name."""
    found = _declared_end(match["x"], vocabulary)
    if found is None:
        return None
    return (
        f"a value is missing before `{match['said']}`",
        f"name it again: `{match['how']} {found[0]} {match['said']} ...`, or write `between ... and ...`",
    )


def bracket_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """A declared name, and behind it a bracket, with nothing between them."""
    found = _declared_end(match["x"], vocabulary)
    if found is None:
        return None
    return (
        f"nothing joins `{found[0]}` and the bracket behind it",
        "join the two with `and` or `or`; a remark goes behind `#`",
    )


def number_behind(match: re.Match[str], vocabulary: Vocabulary) -> Said | None:
    """The name of a quantity, and behind it a number, with nothing between them."""
    found = _declared_end(match["x"], vocabulary)
    if found is None or found[1].kind not in ("quantity", "age"):
        return None
    return (
        f"a comparison is missing between `{found[0]}` and `{match['said']}`",
        f"write `{found[0]} >= {match['said']}`, or another sign",
    )


def wide(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    """Characters of double width, as East Asian keyboards write them."""
    said = short(match["said"])
    return f"`{said}` is written in wide characters", f"write `{normalize('NFKC', said)}`"
