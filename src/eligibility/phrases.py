"""Turns of phrase that protocols hold go in as patterns; what the language has for each comes out.

None of them is read as if it were right: they serve the messages alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eligibility.numerals import in_digits
from eligibility.tellings import (
    COMPARED,
    Telling,
    aged,
    bracket_behind,
    change_in,
    comparative,
    further_back,
    further_before,
    if_declared,
    in_the_past,
    inverse_sign,
    lasting,
    lasts,
    limit_of_normal,
    named_once,
    number_behind,
    past_unit,
    pressures,
    ratio,
    short,
    sign_again,
    thousands,
    unfold,
    unless_given,
    value_behind,
    values_apart,
    wide,
    window_behind,
    without_over,
    written,
)

IN_WORDS, PHRASE = "E142", "E143"
LOGIC, HEAD, UNDECLARED, THOUSANDS = "E137", "E140", "E400", "E138"
MISPLACED, MISSING, NO_CRITERION = "E131", "E141", "E125"


@dataclass(frozen=True, slots=True)
class Idiom:
    """A pattern of a line, and what to say of it: the group `said` is underlined, else all that matches."""

    pattern: re.Pattern[str]
    tell: Telling
    code: str = PHRASE
    only: tuple[str, ...] = ()  # the codes of the errors that it betters, and keeps; all where there are none


_ITEMS = "write `{head}:` alone on its line, and its items below it, each behind `- `"
_TIME = r"[0-9][0-9.]*\s*[a-z]+"
_WORDS = r"\b[^\W\d_][\w/'-]{0,60}(?:\s+[\w/'-]+){0,8}?"


def _idiom(pattern: str, tell: Telling, code: str = PHRASE, only: tuple[str, ...] = ()) -> Idiom:
    return Idiom(re.compile(pattern, re.IGNORECASE), tell, code, only)


IDIOMS: tuple[Idiom, ...] = (
    # blocks
    _idiom(r"^\s*-\s+(?P<said>note)\s*\"", written("write the note below the criterion, not in its block", "`note` is no item of a block")),
    _idiom(r"^\s*(?P<said>[*•–—·▪◦‣]|[0-9]+[.)]|[a-z]\))\s+\S", written("begin an item with `- `", "`{said}` begins no item"), only=(MISPLACED, "E128")),
    _idiom(r"^\s*(?P<said>-)(?=[^\W\d_])", written("write a space behind it: `- `", "`-` begins an item only with a space behind it"), only=(MISPLACED, "E128")),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<head>(?:at least|at most|exactly) [0-9]+) of\s+[0-9]+\b[^:]*):?\s*$",
        written("write `{head} of:`", "`{said}:` heads no block"), HEAD,
    ),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<how>at least|at most|exactly)\s+(?P<number>[-−+]\s*[0-9.]+|[0-9]*\.[0-9]+) of)\s*:",
        written("a count is a whole number: `{how} 2 of:`", "`{number}` is no count of items"), HEAD,
    ),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<head>(?:at least|at most|exactly) [0-9]+)(?: items?)?)\s*:\s*$",
        written("write `{head} of:`", "`{said}:` heads no block"), HEAD,
    ),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>(?:all|any|none|(?:at least|at most|exactly) [0-9]+) of)\s*$",
           written("write `:` there", "a colon is missing at the end of `{said}`"), HEAD),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>(?P<number>[0-9]+)(?: or more)? of)\s*:\s*$",
           written("write `at least {number} of:` or `exactly {number} of:`", "`{said}:` heads no block"), HEAD),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>(?P<head>all|any|none))\s*:\s*$", written("write `{head} of:`", "`{said}:` heads no block"), HEAD),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<head>(?:all|any|none|at least [0-9]+|at most [0-9]+|exactly [0-9]+) of))\b(?:\s*:)?\s*[^\s:].*$",
        written(_ITEMS, "`{said}` is followed by something on its line"), HEAD,
    ),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>(?:one|either) of)\b", written("write `any of:` for one or more of them, `exactly 1 of:` for one alone", "`{said}` heads no block"), HEAD),
    _idiom(r"(?:^|[-:]\s)\s*(?P<said>both of)\b", written("write `all of:`", "`{said}` heads no block"), HEAD),
    _idiom(
        r"(?:^|[-:]\s)\s*(?P<said>(?P<number>two|three|four|five|six|seven|eight|nine|ten) or more of)\b",
        lambda match, _: (f"`{short(match['said'])}` heads no block", f"write `at least {in_digits(match['number'])} of:`"), HEAD,
    ),
    _idiom(r"``", written("write a name between them", "a name is missing between the backticks")),
    # ages, and pressures
    _idiom(r"(?P<said>\b(?:aged?|adults?)\s+(?P<low>[0-9]+)\s*(?P<unit>years?|months?)?(?:\s+of\s+age)?\s*(?:(?:and|or)\s+(?P<how>older|over|above|more|younger|under|below|less)))\b", aged),
    _idiom(r"(?P<said>\b(?:adults?|adolescents?|child(?:ren)?|minors?|infants?|elderly))\b(?![-/])",
           written("compare the age, such as `age >= 18 years`", "`{said}` has no age of its own"), only=(UNDECLARED,)),
    _idiom(r"(?P<x>\b(?:blood\s+pressure|BP))?\s*(?P<sign>[<>]=?|[≤≥])?\s*(?P<said>(?P<high>[0-9]{2,3})\s?/\s?(?P<low>[0-9]{2,3}))(?![\w/])", pressures, UNDECLARED),
    # numbers
    _idiom(r"(?<![\w.,])[0-9]+(?:[.,'’_][0-9]+){2,}(?![\w.,])|(?<![\w.,])[0-9]+[,'’_][0-9]+(?![\w.,])|(?<![\w.,])[0-9]{1,3}(?: [0-9]{3})+(?![\w.,])",
           thousands, THOUSANDS),
    _idiom(r"(?P<said>[<>!]\s+=(?![<>=])|(?<![<>=!])=\s+[<>])", lambda match, _: (
        f"`{match[0]}` is no sign of this language", f"write `{(match[0][0] if match[0][0] != '=' else match[0][-1])}=` in one piece")),
    _idiom(r"[＞＜＝≧≦⩾⩽≯≮]", unfold),
    _idiom(r"(?P<said>[\uff01-\uff5e]+)", wide),
    _idiom(r"(?<=\s)\*\*|\*\*(?=\s)", written("write a power as `x ^ 2`")),
    _idiom(r"(?P<said>(?P<word>ULN|LLN)\s*[x×*]\s*(?P<number>[0-9.]+))", written("write `{number} x {word}`")),
    _idiom(r"(?P<number>[0-9.]+)\s*(?:x|×|times)\s*(?P<said>[A-Z]{2,4})\b", limit_of_normal),
    # windows and durations
    _idiom(
        r"(?P<name>[^<>=≤≥]{0,80})(?P<sign>[<>]=?|[≤≥])\s*(?P<value>[0-9.+-][^<>=()]*?)\s+"
        r"(?P<said>within\s+(?:the\s+next\s+)?[0-9][\w.]*\s*[a-z]+(?:\s+(?:before|after)\s+[\w/'-]+(?:\s+[\w/'-]+)*?)?(?=\s+(?:and|or|unless|then)\b|\s*[),]|\s*$)"
        r"|(?:before|after)\s+[^\W\d_][\w/'-]*|for\s+at\s+least\s+[0-9][\w.]*\s*[a-z]+)",
        window_behind,
    ),
    _idiom(r"\bhistory\s+of\s+(?P<x>[^()<>]+?)\s+(?P<said>for\s+at\s+least)\b",
           written("write `{x} for at least ...`", "`history of` goes with no duration")),
    _idiom(
        r"(?P<said>\bfor\s+(?P<how>(?:(?:more|longer|greater|less|fewer|no more|not more)\s+than|over|under|up\s+to|at\s+most|a\s+minimum\s+of|minimum|[<>]=?|≥|≤|the\s+(?:last|past))?)\s*(?P<length>[0-9][0-9.]*\s*[a-z]+))",
        lasting,
    ),
    _idiom(
        r"(?P<said>\b(?:within|in|during|over|for|throughout)\s+the\s+(?:past|last|previous|preceding|prior)|\bwithin\s+(?:past|last|previous|prior)|\b(?:in|during))\s+(?P<length>[0-9][0-9.]*\s*[a-z]+)",
        in_the_past,
    ),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>(?:(?:more|longer|greater)\s+than|over|at\s+least|a\s+minimum\s+of|>=?|≥)\s*(?P<length>[0-9][0-9.]*\s*[a-z]+)\s+(?:ago|before\s+now|earlier|prior)\b(?!\s+(?:to|than)\b))", further_back),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>(?:(?:more|longer|greater)\s+than|over|at\s+least|>=?|≥)\s*(?P<length>[0-9][0-9.]*\s*[a-z]+)\s+(?:before|prior\s+to)\s+(?P<milestone>[^\W\d_][\w/'-]*(?:\s+[^\W\d_][\w/'-]*){0,4}))", further_before),
    _idiom(r"(?P<said>(?:(?:less|fewer)\s+than\s+|within\s+|under\s+|<=?\s*|≤\s*)?(?P<length>[0-9][0-9.]*\s*[a-z]+)\s+(?:ago|before\s+now|earlier|prior)\b(?!\s+(?:to|than)\b))", in_the_past),
    _idiom(r"(?P<said>\b(?:within|in|during|over)\s+the\s+(?:past|last|previous|preceding|prior)\s+(?P<unit>minute|hour|day|week|month|year))\b", past_unit),
    _idiom(r"(?P<said>\b(?!within\s+the\s+next\s+[0-9])(?:within|in|during|over)\s+(?:the\s+)?(?:next|coming|following)\b)", written("write `within the next 3 months`", "`{said}` needs a form and a duration of its own")),
    _idiom(
        r"\b(?:within|over|for\s+at\s+least)\s+(?P<said>[0-9][0-9.]*\s*(?:[a-z]+\s*)?(?:-|–|—|to)\s*(?P<end>[0-9][0-9.]*\s*[a-z]*))",
        written("write one length, such as `within {end}`; from when to when: `time since onset of X between 3 and 6 months`", "`{said}` is no single length of time"),
    ),
    _idiom(r"\b(?:within|over|for\s+at\s+least)\s+(?P<said>[-−+<>≤≥=]+\s*(?P<length>[0-9][0-9.]*\s*[a-z]*))",
           written("write a number and a unit of time alone, such as `{length}`", "`{said}` is no length of time")),
    *(
        _idiom(r"\bwithin\s+(?P<length>" + _TIME + r")\s+(?P<said>" + words + r")\s+(?P<x>[^\W\d_][^<>()]*?)\s*(?=[)<>]|\b(?:and|or|unless|then)\b|$)",
               written(f"write `{word}`: `within {{length}} {word} {{x}}`"))
        for words, word in (("prior\\s+to|preceding|ahead\\s+of", "before"), ("following|subsequent\\s+to", "after"))
    ),
    _idiom(r"\bwithin\s+(?P<length>" + _TIME + r")\s+(?P<said>of|from|to|around|since|until)\s+(?P<x>[^\W\d_][^<>()]*?)\s*(?=[)<>]|\b(?:and|or|unless|then)\b|$)",
           written("write `within {length} before {x}` or `within {length} after {x}`", "`{said}` does not say on which side of it")),
    _idiom(r"(?P<said>\b(?:before|after|since|until)\s+(?:[0-9]{4}(?:-[0-9]{2}){0,2}\b|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}|(?:[0-9]{1,2}\.?\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+[0-9]{1,4}))",
           written("name a milestone, such as `first dose`, or write `within 6 months`", "`{said}` names a date, and rules hold no dates")),
    _idiom(r"\btime\s+since\s+onset\s+of\s+(?P<x>[^<>=()]+?)\s+(?P<said>within)\s+(?P<length>" + _TIME + r")",
           written("write `onset of {x} within {length}`, or `time since onset of {x} <= {length}`", "`time since onset of` is compared, and has no window")),
    _idiom(r"(?P<said>\b(?<![0-9] )(?:time|days|hours|weeks|months|years)\s+(?:since|from|after)\s+(?!onset\s+of\b)(?P<x>" + _WORDS + r"))\s*(?=[<>=≤≥]|$)",
           if_declared("x", written("write `time since onset of {x}`"))),
    _idiom(r"(?P<since>\bsince\s+)?(?P<said>\bonset\s+of\s+(?P<x>[^<>=()]+?))\s*[<>≤≥]",
           unless_given("since", written("compare `time since onset of {x}`", "`{said}` is no length of time"))),
    # names without their word before them
    _idiom(
        r"(?P<said>\b(?:time\s+since\s+onset\s+of|onset\s+of|history\s+of|rise\s+in|fall\s+in|highest|lowest|first|latest))\s+(?P<window>within\s+(?:the\s+next\s+)?"
        + _TIME + r"|over\s+" + _TIME + r")\s+(?P<x>[^\W\d_][^<>=()]*?)\s*(?=[<>=≤≥)]|$)",
        if_declared("x", written("write the name first: `{said} {x} {window}`", "the window stands before the name")),
    ),
    _idiom(
        r"(?P<said>\b(?:onset\s+of|history\s+of|rise\s+in|fall\s+in|highest|lowest|first|latest|before|after))(?:\s+(?:within|over|for\s+at\s+least)\s+" + _TIME + r")?\s*(?=[<>=≤≥)]|\b(?:and|or|unless|then)\b|$)",
        written("write a name behind it", "a name is missing after `{said}`"),
    ),
    _idiom(r"(?P<said>\b(?:history|onset))\s*$", written("write `{said} of` and a name", "a name is missing after `{said}`")),
    _idiom(r"(?:^|[:(]\s*|-\s|\b(?:and|or|not|no|if|then|unless)\s)\s*(?P<said>within\s+(?:the\s+next\s+)?" + _TIME + r")",
           written("name before it what was there: `stroke {said}`", "a name is missing before `{said}`"), only=(UNDECLARED,)),
    _idiom(r"(?P<relation>\b(?:before|after)\s+" + _WORDS + r")\s+(?P<said>within\s+" + _TIME + r")",
           written("write the window first: `{said} {relation}`", "`{said}` stands behind `{relation}`")),
    _idiom(r"(?P<said>\b(?:highest|lowest|first|latest|history\s+of|onset\s+of|rise\s+in|fall\s+in))\s*\(",
           written("write it before each name", "`{said}` goes with one name, not with a group")),
    _idiom(r"(?P<said>\b(?P<word>history|onset)\s+(?!of\b)(?P<x>" + _WORDS + r"))(?=\s*[<>=()]|\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
           if_declared("x", written("write `{word} of {x}`"))),
    _idiom(r"(?P<said>\b(?:prior|previous|past|past\s+history\s+of|any\s+history\s+of|former)\s+(?P<x>" + _WORDS + r"))(?=\s*[<>=()]|\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
           if_declared("x", written("write `history of {x}`, or `{x} within 6 months`"), "condition", "event")),
    _idiom(
        r"(?P<said>\b(?:without|free\s+of|absence\s+of|no\s+evidence\s+of)\s+(?P<x>" + _WORDS + r")\s+for\s+(?:at\s+least\s+|more\s+than\s+|over\s+|the\s+(?:last|past)\s+)?(?P<length>" + _TIME + r"))",
        if_declared("x", written("write `no {x} within {length}`")),
    ),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>not\s+within)\s+(?P<length>" + _TIME + r")", if_declared("x", written("write `no {x} within {length}`"))),
    _idiom(r"(?P<said>\b(?:planned|scheduled|upcoming)\s+(?P<x>" + _WORDS + r"))(?=\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
           if_declared("x", written("write `{x} within the next 3 months`"), "condition", "event")),
    _idiom(r"(?P<said>(?P<x>" + _WORDS + r")\s+(?:planned|scheduled))\b", if_declared("x", written("write `{x} within the next 3 months`"), "condition", "event")),
    _idiom(
        r"(?P<said>\b(?:absence\s+of|lack\s+of|free\s+of|no\s+evidence\s+of|negative\s+for|without|never\s+had|denies))\s+(?P<x>"
        + _WORDS + r")(?=\s*[<>=()]|\s+(?:within|for)\s+|\s+(?:and|or|unless|then)\b|\s*$)",
        if_declared("x", written("write `no {x}`; behind another statement, `and no {x}`")),
    ),
    _idiom(
        r"(?P<said>\b(?:the\s+)?(?:patients?|subjects?)\s+(?:has|have|had|with|is|are)|\bpresence\s+of|\b(?:clinical\s+)?diagnos(?:is\s+of|ed\s+with)|\bevidence\s+of|\bdocumented|\bconfirmed|\bknown|\bactive)\s+(?P<x>"
        + _WORDS + r")(?=\s*[<>=()]|\s+within\s+[0-9]|\s+(?:and|or|unless|then)\b|\s*$)",
        if_declared("x", written("write the name alone: `{x}`")),
    ),
    # changes and selections
    _idiom(r"(?P<said>\b(?:rise|fall)\s+in)\s+(?P<x>(?:(?!\bover\s+[0-9])[^<>=()])*?)\s*(?:\bwithin\s+(?P<length>" + _TIME + r")\s*)?[<>=≤≥]",
           if_declared("x", without_over)),
    _idiom(r"(?P<said>\b(?:rise\s+of|(?:increases?|elevation|raise|gain)\s+(?:in|of)))\s+(?P<x>[^<>=()]*?)(?=\bover\s+[0-9]|\s*[<>])",
           if_declared("x", change_in("rise"))),
    _idiom(r"(?P<said>\b(?:fall\s+of|(?:decreases?|drop|decline|reduction|loss)\s+(?:in|of)))\s+(?P<x>[^<>=()]*?)(?=\bover\s+[0-9]|\s*[<>])",
           if_declared("x", change_in("fall"))),
    *(
        _idiom(r"(?P<said>(?P<x>" + _WORDS + r")\s+(?:" + words + r"))(?=\s*(?:[<>=≤≥0-9]|of\b|by\b|over\b|within\b|in\b)).*$",
               if_declared("x", change_in(word), "quantity"))
        for words, word in (("rise|rises|increases?|increased|elevation", "rise"), ("fall|falls|decreases?|drop|decline|reduction", "fall"))
    ),
    *(
        _idiom(r"(?P<said>\b(?:" + words + r"))\s+(?P<x>" + _WORDS + r")(?=\s*[<>=≤≥]|\s+within\s+[0-9]|\s+(?:before|after|is|in)\b|\s*$)",
               if_declared("x", written(f"write `{word} {{x}}`"), "quantity", "class"))
        for words, word in (
            ("maximum|maximal|max|peak|greatest|largest", "highest"), ("minimum|minimal|min|nadir|smallest", "lowest"),
            ("most\\s+recent|last|newest|current|present", "latest"), ("earliest|initial|baseline|oldest", "first"),
        )
    ),
    _idiom(r"(?P<said>\b(?:mean|average|median|total)\s+(?P<x>" + _WORDS + r"))(?=\s*[<>=≤≥]|\s+within\s+[0-9])",
           if_declared("x", written("write `highest`, `lowest`, `first` or `latest`", "`{said}`: no average is computed"), "quantity")),
    _idiom(r"(?P<said>\b(?:worst|best|abnormal))\s+(?P<x>" + _WORDS + r")(?=\s*[<>=≤≥]|\s+within\s+[0-9]|\s+(?:before|after|is|in)\b|\s*$)",
           if_declared("x", written("write `highest {x}` or `lowest {x}`, as the protocol means it"), "quantity", "class")),
    # judgements
    _idiom(r"(?P<said>\bjudge?ment(?:\s*['‘’“”«»„].*$|(?=\s*$|\s+[^\W\d_])))",
           written('write the question in straight quotation marks: `judgement "..."`', "a judgement holds its question in quotation marks")),
    _idiom(r"(?P<said>\b(?:(?:time\s+since\s+)?onset\s+of|history\s+of|highest|lowest|first|latest|rise\s+in|fall\s+in)\s+judge?ment)\s*\"",
           written('write `judgement "..."` alone', "a judgement takes no word before it: `{said}`")),
    # comparisons
    _idiom(r"(?P<said>\b(?:or|and)\s+(?:older|younger|more|less|higher|lower|above|below|greater|over|under))\s*(?=$|\)|\b(?:and|or|unless|then)\b)",
           sign_again),
    _idiom(r"(?P<said>\b(?:(?:is|are|was|be)\s+)?(?:" + COMPARED + r"))\s+(?P<number>[+-]?[0-9.]+)(?![0-9.])(?!\s+of\b)", comparative, IN_WORDS),
    _idiom(r"(?P<said>\b(?:is|are|was|be|equals))\s+(?P<rest>between\s+[0-9.]\S*(?:\s+\S+)?\s+and\s+\S+(?:\s+\S+)?|[<>≤≥])",
           written("take out `{said}`", "`{said}` does not stand before a comparison of numbers")),
    _idiom(r"(?P<name>\b[\w/'-]{1,60}(?:\s+[\w/'-]+){0,8}?)\s+(?P<said>not\s+between)\s+(?P<ends>[0-9.].*)$",
           written("write `not ({name} between {ends})`")),
    _idiom(r"(?P<said>\bnot\s*(?P<sign>[<>]=?|[≤≥]))", inverse_sign),
    _idiom(r"\bbetween\s+(?P<low>[^\s<>]+(?:\s+[a-z%][^\s<>]*)?)\s*(?P<said>\bto\b|\bor\b|-|–|—|,)\s*(?P<high>[0-9][^<>]*)$",
           written("write `between {low} and {high}`", "`between` joins its two ends by `and`, not `{said}`")),
    _idiom(r"(?P<said>\bbetween)\s+(?P<low>[0-9.][^<>]*)$(?<!and)",
           lambda match, _: None if re.search(r"\band\s+\S", match["low"], re.IGNORECASE) else (
               "`between` needs two ends", "write `between 35 and 70 years`")),
    _idiom(r"(?P<said>\bbetween)\s+(?=and\b|$)", written("write `between 35 and 70 years`", "`between` needs two ends")),
    _idiom(r"(?P<said>\bfrom\s+(?P<low>[0-9.]+[^<>]*?)\s*(?:\bto\b|-|–|—)\s*(?P<high>[0-9][^<>]*))$", written("write `between {low} and {high}`")),
    _idiom(r"(?P<said>(?<![\w.])(?P<low>[0-9.]+)\s*(?:\bto\b|–|—|-)\s*(?P<high>[0-9][^<>()\"]*))$", written("write `between {low} and {high}`")),
    _idiom(r"(?P<x>" + _WORDS + r")\s*(?P<said>>=?|≥)\s*(?P<length>[0-9][0-9.]*\s*[a-z]+)\s*(?=$|\)|\b(?:and|or|unless|then)\b)", lasts, only=("E475",)),
    _idiom(r"\b(?P<said>since\s+(?P<length>" + _TIME + r"))\b", written("write `for at least {length}`")),
    _idiom(r"(?P<said>\b(?P<a>[^\W_]+):(?P<b>[^\W_]+))", ratio),
    # classes
    _idiom(r"(?P<said>\b(?:is\s+)?not\s+in\b)\s*(?P<set>\([^()]*\))", written("write `not (... in {set})`")),
    _idiom(r"\bin\s*\((?P<said>(?P<low>\w+)\s*(?:-|–|to)\s*(?P<high>\w+))\s*\)", written("name each value: `in ({low}, {high})`", "`{said}` is no value")),
    _idiom(r"\bin\s*\((?P<values>[^()]*?(?P<said>\bor\b|\band\b|/|;)[^()]*)\)", values_apart),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>in)(?:\s+(?P<rest>[^\s(][^()]*))?$",
           if_declared("x", written("write `in (III, IV)`", "`in` is followed by values in brackets"), "class")),
    _idiom(r"\b(?P<said>is(?:\s+not)?)\s*(?P<set>\([^()]*,[^()]*\))", written("write `in {set}`", "`{said}` takes one value")),
    _idiom(r"(?P<x>" + _WORDS + r")\s+is\s+(?P<a>[\w+-]+)\s+(?P<said>or)\s+(?P<b>[\w+-]+)\s*$",
           if_declared("x", written("write `{x} in ({a}, {b})`", "`{said}` joins statements, and `{b}` is none"), "class")),
    _idiom(r"(?P<said>\bis\s+not|\bis)\s*$", written("write one of its values behind it", "a value is missing behind `{said}`")),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>[\w+-]+?)(?P<more>(?:\s*(?:,|/|\bor\b)\s*[\w+-]+)*)(?=\s*$|\s*\)|\s+(?:and|or|unless|then)\b)", value_behind, MISSING),
    _idiom(r"(?P<x>" + _WORDS + r")\s+(?P<said>[0-9]*\.?[0-9]+)(?![\w.])", number_behind, MISSING),
    # connectives
    _idiom(r"(?P<said>\band\s*/\s*or)\b", written("write `or`: it includes both")),
    _idiom(r"(?P<said>\bbut)\s+(?P<rest>not|no)\b", written("write `and {rest}`")),
    _idiom(r"(?P<said>\b(?:but|as\s+well\s+as|plus|also))\b", written("write `and`")),
    _idiom(r"(?P<said>\b(?:except(?:\s+(?:for|if|when))?|excluding|other\s+than))\b", written("write `unless`")),
    _idiom(r"\bif\s+(?P<said>then)\b", written("write `if A then B`", "a statement is missing between `if` and `then`")),
    _idiom(r"(?P<said>\bxor)\b", written("write `exactly 1 of:` with the two as items")),
    _idiom(r"(?P<said>\bneither)\b(?=.*\bnor\b)|(?P<nor>\bnor)\b", lambda match, _: (
        f"`{match['said'] or 'nor'}` is no form of this language", "write `no A and no B`, or a block `none of:`")),
    _idiom(r"(?P<said>\beither)\b\s+(?P<x>.*?)\s+or\b", written("take it out: `{x} or ...`")),
    _idiom(r"(?P<said>\bboth)\b\s+(?P<x>.*?)\s+and\b", written("take it out: `{x} and ...`")),
    _idiom(r"(?P<said>\bnor)\b", written("write `and not`, or a block `none of:`")),
    _idiom(r"(?P<said>(?P<low>[0-9.]+)\s*(?:±|\+/-|\+-)\s*[0-9.]+)", written("write both ends: `between ... and ...`", "`{said}` is no number here")),
    _idiom(r"(?P<said>[~≈≃]|\b(?:approximately|approx\.?|about|around|circa|ca\.))\s*(?=[0-9])",
           written("write a sign such as `>=`, or both ends: `between ... and ...`", "`{said}` is no exact number, and a threshold is one")),
    _idiom(r"(?P<said>¬|~)", written("write `not`"), LOGIC),
    _idiom(r"(?P<said>∧|&&?)", written("write `and`"), LOGIC),
    _idiom(r"(?P<said>∨|\|\|?)", written("write `or`"), LOGIC),
    _idiom(r"\bif\b(?:(?!\bthen\b)[^,])*(?P<said>,)(?!.*\bthen\b)", written("write `if A then B`", "`then` is missing: `{said}` does not stand for it")),
    _idiom(r"^(?:(?!\bif\b).)*(?P<said>\bthen)\b", written("write `if A then B`", "`then` without `if`")),
    _idiom(r"(?<=[\w)] )(?P<said>(?:if|when|provided(?:\s+that)?))\b(?!.*\bthen\b)", written("write `if A then B`", "`{said}` begins a form: `if A then B`")),
    _idiom(r"(?P<x>" + _WORDS + r")\s*(?P<said>\()", bracket_behind, only=("E139",)),
    _idiom(r"(?P<x>" + _WORDS + r")\s*(?:[<>]=?|[≤≥])\s*[^<>≤≥()]{1,40}?\s(?P<how>and|or)\s+(?P<said>[<>]=?|[≤≥])", named_once, only=("E127",)),
    # the head of the trial, and of a criterion
    _idiom(r"^\s*trial\s+\S+\s+(?P<said>[“”„«»‘’'].*?)\s*$", written('write `trial ID "title"`', "the title stands in straight quotation marks"), only=(MISPLACED,)),
    _idiom(r"^\s*[A-Za-z0-9.]+\s*(?P<said>[“”„«»‘’'][^:“”„«»‘’']*[“”„«»‘’']?)", written('write `1 "label": formula`', "a label stands in straight quotation marks"), only=(NO_CRITERION,)),
    _idiom(r"^\s*(?P<said>\(?(?P<id>[A-Za-z0-9.]*[A-Za-z0-9])\s*[.):,]+)\s*\"", written("write `{id}` alone before the label", "`{said}` is no ID of a criterion"), only=(NO_CRITERION,)),
    _idiom(r"^\s*(?P<said>[-*•–—])\s", written('a criterion is `ID "label": formula`', "a criterion begins with its ID, not with `{said}`"), only=(NO_CRITERION,)),
    _idiom(r"^\s*(?P<said>\"_*\")", written('a criterion is `ID "label": formula`', "a criterion begins with its ID"), only=(NO_CRITERION,)),
    _idiom(r"^\s*\(?(?P<said>[A-Za-z]?[0-9][A-Za-z0-9.]*?)[.):]*\s+[^\s\"]", written('write `{said} "label": formula`', "criterion `{said}` has no label"), only=(NO_CRITERION,)),
    _idiom(r"^\s*(?P<said>note\s*:)", written('write `note "..."`', "no colon stands behind `note`"), only=("E133", MISPLACED, UNDECLARED)),
    _idiom(r"^\s*(?P<said>[^\s\"]+)\s*\"_*\"\s*:", written('IDs hold letters, digits and dots: `1.2 "label": formula`', "`{said}` is no ID of a criterion"), only=(NO_CRITERION,)),
    _idiom(r"\S\s+(?P<said>note)\s*\"", written("write it on a line of its own, indented, below the formula", "`{said}` stands on the line of the formula"), only=(MISPLACED,)),
    # what cannot stand where it stands
    _idiom(r"\s(?P<said>//|/\*|--)", written("write a remark behind `#`", "`{said}` begins no remark"), only=(MISPLACED, "E128")),
    _idiom(r"^\s*(?:include|exclude)\s*:\s*(?P<said>\S+)", written("write each criterion on a line of its own below the section", "`{said}` stands behind the section"), only=(MISPLACED,)),
    _idiom(r"^\s+(?P<said>(?:include|exclude)\s*:)", written("begin it at the margin", "the section `{said}` is indented"), only=(MISPLACED,)),
    _idiom(r"^(?P<said>[A-Za-z0-9.]+\s*\"_*\"\s*:)", written("indent it by two spaces", "a criterion stands below its section, indented"), only=("E124",)),
    _idiom(r"^\s*(?P<said>note\s*\"_*\")", written("write one note, indented, below the formula", "a criterion has one note, below its formula"), only=(MISPLACED, "E126")),
    _idiom(r"\bjudge?ment\s*\"_*\"\s+(?P<said>within|before|after|for)\b", written("take it out", "a judgement has no time: `{said}`"), only=(MISPLACED,)),
    _idiom(r"^\s*(?P<said>note\b[^\"]*)$", written('write `note "..."`', "a note stands in quotation marks"), only=(MISPLACED, UNDECLARED)),
    _idiom(r"^\s*(?P<said>and|or|unless|then)\b",
           written("to go on with an item, indent the line further; to join it with the block, write both as items of `all of:` or `any of:`",
                  "`{said}` goes on with nothing here"), only=(MISPLACED,)),
    _idiom(r"\b(?:before|after)\s+[^<>]*?(?P<said>\b(?:before|after))\b", written("take out one of them", "there is a second `{said}`"), only=(MISPLACED,)),
    _idiom(r"\bwithin\b[^<>]*?(?P<said>\bwithin)\b", written("take out one of them", "there is a second window: `{said}`"), only=(MISPLACED,)),
    _idiom(r"(?P<said>\bnot)\b", written("write `and not`, or `or not`", "nothing joins `{said}` to what stands before it"), only=(MISPLACED,)),
    _idiom(r"(?P<said>[,.;:])\s*$", written("take it out", "`{said}` ends nothing"), only=(MISPLACED,)),
    _idiom(r"(?P<said>[,;])", written("write `and` or `or`, or a block with items", "`{said}` joins nothing"), only=(MISPLACED,)),
    _idiom(r"(?P<said>[\[\]{}])", written("write `(` and `)`", "`{said}` is no bracket of this language"), only=(MISPLACED, "E128")),
    _idiom(r"(?P<said>['‘](?P<x>[^'’]+)['’])", written("write it without: {x}", "no quotation marks stand around `{x}`"), only=(MISPLACED, "E128")),
)  # fmt: skip
