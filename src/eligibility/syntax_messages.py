"""An error of lark goes in; a diagnostic in the author's words comes out."""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from eligibility.errors import Diagnostic
from eligibility.expectations import expected_words
from eligibility.layout import FUSED, STUB
from eligibility.source import Source, Span

HEADLESS, NO_SECTION = "E123", "E124"
HEAD = "E140"
WITH_CONTENT = {HEAD, NO_SECTION, "E134"}  # what stands below a head that is none is not looked at


def explain(error: UnexpectedInput, source: Source, text: str) -> Diagnostic:
    """What the author wrote that the grammar cannot take, and what to try."""
    if isinstance(error, UnexpectedToken):
        offset = error.token.start_pos if error.token.start_pos is not None else len(text)
        words, kind = str(error.token), error.token.type
        if kind in ("_INDENT", "_DEDENT", "_NL", "$END"):
            return _at_line_end(error, source, text, offset, kind)
    elif isinstance(error, UnexpectedCharacters):
        offset = error.pos_in_stream or 0
        words, kind = _word_at(text, offset), "text"
    else:
        offset, words, kind = len(source.text), "", "$END" if isinstance(error, UnexpectedEOF) else "text"
    expected = expected_at(error)
    if expected == {"_INDENT"}:  # what stands above has nothing below it
        above = text[:offset].rstrip()
        begin = above.rfind("\n") + 1
        begin += len(above[begin:]) - len(above[begin:].lstrip())
        place = Span(begin, len(above))
        return Diagnostic(
            "E134",
            f"`{_short(source.words(place))}` has nothing below it",
            place,
            source,
            "write its content below it, indented",
        )
    start = min(offset, max(len(source.text) - 1, 0))
    span = Span(start, min(len(source.text), start + max(1, len(words.rstrip()))))
    before = text[max(0, offset - 400) : offset].rsplit("\n", 1)[-1]
    after = text[offset : offset + 400].split("\n", 1)[0]
    head = _wrong_head(before, after)
    if head:
        span = Span(offset - len(before) + head[1], max(offset, offset - len(before) + head[1] + 1))
    if kind == "THEN" and (inner := re.search(r"\b(?:and|or)\s+(if)\b[^\n]*$", before, re.IGNORECASE)):
        begin = offset - len(before) + inner.start(1)
        span = Span(begin, begin + 2)
    if kind in ("BEFORE", "AFTER"):
        span = Span(span.start, span.start + len(after.rstrip()))
    message, help_text, code = (
        head[0] if head else _say(words.strip().replace(FUSED, " "), kind, expected, before, after)
    )
    if help_text is None:
        help_text = _what_stands_here(error)
    if code == NO_SECTION and after[span.end - span.start :].startswith(":"):
        span = Span(span.start, span.end + 1)
    return Diagnostic(code, message, span, source, help_text)


def _wrong_head(before: str, after: str) -> tuple[tuple[str, str, str], int] | None:
    """A line that looks like the head of a block, and is none; and where in `before` it begins."""
    match = re.search(r"(?:^|-\s|:\s)\s*([^\W\d][^:\"]*?\bof)\s*$", before.replace(FUSED, " "), re.IGNORECASE)
    if match is None or not re.match(r"\s*:\s*$", after):
        return None
    said = " ".join(match[1].split())
    counted = re.match(r"(at least|at most|exactly)\s+(\w+) of$", said, re.IGNORECASE)
    if counted:
        told = f"`{counted[2]}` is no number here", f"write it in digits: `{counted[1].lower()} 2 of:`", HEAD
        return told, match.start(1)
    if re.fullmatch(r"all of|any of|none of", said, re.IGNORECASE):
        told = (
            f"`{_short(said)}:` stands behind something on its line",
            "begin the block on the line below, indented",
            HEAD,
        )
        return told, match.start(1)
    heads = "`all of:`, `any of:`, `none of:`, `at least 2 of:`, `at most 1 of:` and `exactly 1 of:`"
    return (f"`{_short(said)}:` heads no block", f"blocks are {heads}", HEAD), match.start(1)


def _say(words: str, kind: str, expected: set[str], before: str, after: str) -> tuple[str, str | None, str]:
    line = before.casefold()
    if words.startswith("!"):
        return "`!` is no word of this language", "write `not ...`, or `no ...` before a name", "E137"
    if kind == "COMMA" and (thousands := re.search(r"\d+$", before)) and (rest := re.match(r",\s?(\d+)", after)):
        return (
            f"`{thousands[0]},{rest[1]}` may be thousands or a decimal comma",
            f"write `{thousands[0]}{rest[1]}` or `{thousands[0]}.{rest[1]}`",
            "E138",
        )
    lead = re.search(r"(,|\b(?:and|or|not|no|unless|then))\s*$", before, re.IGNORECASE)
    if words.startswith(")") and lead:
        return f"something is missing between `{lead[1]}` and `)`", "write it, or take out what leads to it", "E127"
    if kind == "LPAR" and (name := re.search(r"([^\W\d]\w*)\s*$", before.replace(FUSED, " "))):
        return (
            f"`{_short(name[1])}` is no function",
            "functions are `min`, `max`, `ln` and `exp`; a root is `x ^ 0.5`; between a name and a bracket stands an operator",
            "E139",
        )
    if words.startswith(")") and before.rstrip().endswith("("):
        function = re.search(r"(\w+)\s*\($", before.rstrip())
        if function and function[1].casefold() in ("min", "max", "ln", "exp"):
            return (
                f"`{function[1]}` has nothing between its brackets",
                f"write `{function[1]}(a, b)`, or `ln(x)`",
                "E127",
            )
        return "a value is missing between `(` and `)`", "name at least one", "E127"
    if kind == "THEN" and (joined := re.search(r"\b(and|or)\s+if\b", line)):
        return "`if` inside another formula needs brackets", f"write `A {joined[1]} (if B then C)`", "E121"
    if kind == "THEN" and re.search(r"\b(?:unless|then)\b", line):
        return (
            "`if` inside `unless` or another `if` needs brackets",
            "write `A unless (if B then C)`",
            "E121",
        )
    if kind == "UNLESS" or words.casefold().startswith("unless"):
        return (
            "`unless` inside another `unless` or `if` needs brackets",
            "write `A unless (B unless C)`, or `(A unless B) unless C`",
            "E121",
        )
    if kind == "IF" or words.casefold().startswith("if "):
        return "`if` inside another formula needs brackets", "write `(if A then B) and C`", "E121"
    if words.startswith(")"):
        return "this bracket closes nothing", "take out `)`, or open it with `(`", "E122"
    if "TRIAL" in expected:
        return "a rule file begins with its trial", 'begin with `trial ID "title"`', HEADLESS
    if expected == {"NOTE"}:
        return (
            "this line is indented, and nothing above it asks for that",
            "only a `note` stands below a criterion",
            "E133",
        )
    if kind == "NOTE":
        return "a criterion has one note, below its formula", "put all of it into one `note`", "E131"
    if expected == {"NOTE", "_DEDENT"}:
        return (
            f"`{_short(words)}` begins a second formula",
            "join the two with `and` or `or`, or write both as items of a block",
            "E131",
        )
    if kind in ("BEFORE", "AFTER") and "within the next" in line:
        return (
            "`within the next` is measured from now, and stands alone",
            "take out `before` or `after` and what follows",
            "E463",
        )
    if "SECTION" in expected and words.casefold() == "trial":
        return "a second trial begins here", "put each trial into a file of its own", NO_SECTION
    if expected <= {"REGISTRY", "VALUES", "_DEDENT"}:
        return (
            f"`{_short(words)}` is no line of the head of a trial",
            'below the trial stand `registry "..."` and `values "30 days"`, and then, at the margin, `include:`',
            "E131",
        )
    if before.lstrip().casefold().startswith("trial"):
        return (
            f"`{_short(words)}` cannot stand here",
            'write `trial ID "title"`: an ID of letters, digits, `.`, `_` and `-`, and a title in quotation marks',
            "E131",
        )
    if "SECTION" in expected and "NUMBER" not in expected:
        if words.casefold() in ("include", "exclude"):
            return f"a colon is missing behind `{_short(words)}`", f"write `{words.lower()}:`", NO_SECTION
        said = words if not after[len(words) :].startswith(":") else f"{words}:"
        if meant := re.match(r"(in|ex)c?l", words, re.IGNORECASE):
            return f"`{_short(said)}` is no section", f"did you mean `{meant[1].lower()}clude:`?", NO_SECTION
        return f"`{_short(said)}` is no section", "a section is `include:` or `exclude:`", NO_SECTION
    if "CRITERION_ID" in expected:
        return f"`{_short(words)}` does not begin a criterion", 'a criterion is `ID "label": formula`', "E125"
    if expected <= {"COLON"}:
        return f"a colon is missing before `{_short(words)}`", "write `:` here", "E126"
    if "NUMBER" in expected and "NAME" in expected:
        if kind == "OPERATOR":
            return f"a value is missing before `{_short(words)}`", "name what is compared", "E127"
        if kind in ("AND", "OR", "THEN"):
            return f"something is missing before `{_short(words)}`", "name what it connects", "E127"
        return (
            f"`{_short(words)}` is no formula",
            "write a comparison such as `age >= 18 years`, or the name of a condition",
            "E128",
        )
    if "WITHIN" in expected and re.match(r"within\b", words, re.IGNORECASE):
        return "`within` needs a duration", "write `within 6 months`", "E129"
    if expected == {"UNIT"} or ("UNIT" in expected and "OPERATOR" not in expected):
        return f"a unit of time is missing before `{_short(words)}`", "write a duration such as `6 months`", "E129"
    if kind == "OPERATOR":
        return (
            f"a second comparison cannot follow here: `{_short(words)}`",
            "join comparisons with `and`, or write a chain such as `1 < x <= 2`",
            "E130",
        )
    if " of" in line or kind == "NAME":
        return (
            f"`{_short(words)}` cannot stand here",
            "an operator such as `and`, `or` or `>=` is missing before it",
            "E131",
        )
    return f"`{_short(words)}` cannot stand here", None, "E131"


def _at_line_end(error: UnexpectedToken, source: Source, text: str, offset: int, kind: str) -> Diagnostic:
    """The line ended too early, or the next one is indented where nothing is expected."""
    upto = text[:offset].rstrip()
    line_start = upto.rfind("\n") + 1
    end = min(len(upto), len(source.text))
    words = source.text[line_start:end].strip()
    start = line_start + (len(source.text[line_start:end]) - len(source.text[line_start:end].lstrip()))
    span = Span(min(start, max(len(source.text) - 1, 0)), max(end, start + 1))
    expected = expected_at(error)
    block = re.search(
        r"((?:all|any|none|at\s+least\s+\d+|at\s+most\s+\d+|exactly\s+\d+)\s+of)\s*:\s*$", words, re.IGNORECASE
    )
    if block:
        return Diagnostic(
            "E132",
            f"`{' '.join(block[1].split())}` has no items",
            span,
            source,
            "write its items below it, each behind `- `",
        )
    if kind == "_INDENT" and re.search(r"\bof$", words, re.IGNORECASE):
        return Diagnostic(HEAD, f"a colon is missing at the end of `{_short(words)}`", span, source, "write `:` here")
    if kind == "_INDENT":
        following = offset + len(re.match(r"\s*", text[offset:])[0])  # type: ignore[index]  # \s* always matches
        line = text[following:].split("\n", 1)[0].rstrip()
        place = Span(min(following, len(source.text) - 1), min(following + max(1, len(line)), len(source.text)))
        if line.startswith("- "):
            help_text = "line its `-` up with the items above, or head it with a block such as `any of:`"
        else:
            help_text = "line it up with its neighbours, or join it to the line above with `and` or `or`"
        return Diagnostic(
            "E133", f"`{_short(line)}` is indented, and nothing above it asks for that", place, source, help_text
        )
    if "TRIAL" in expected:
        return Diagnostic(HEADLESS, "a rule file begins with its trial", span, source, 'begin with `trial ID "title"`')
    if "_INDENT" in expected:
        return Diagnostic(
            "E134", f"`{_short(words)}` has nothing below it", span, source, "write its content below it, indented"
        )
    if "COLON" in expected and "OPERATOR" not in expected:
        return Diagnostic("E126", f"a colon is missing at the end of `{_short(words)}`", span, source, "write `:` here")
    if expected == {"UNIT"} or ("UNIT" in expected and re.search(r"\b(?:within|next|over|least)\s+[\d.]+$", words)):
        span = Span(span.end - len(words.split()[-1]), span.end)
        return Diagnostic(
            "E129",
            f"a unit of time is missing at the end of `{_short(words.removeprefix('- '))}`",
            span,
            source,
            "write a duration such as `6 months`",
        )
    if "THEN" in expected:
        return Diagnostic("E135", "`if` without `then`", span, source, "write `if A then B`")
    if "NUMBER" in expected:
        last = words.split()[-1] if words.split() else words
        span = Span(span.end - len(last), span.end)
        return Diagnostic(
            "E136", f"something is missing after `{_short(last)}`", span, source, _what_stands_here(error)
        )
    if words.casefold().startswith("trial"):
        return Diagnostic("E136", f"`{_short(words)}` ends too early", span, source, 'write `trial ID "title"`')
    return Diagnostic("E136", f"`{_short(words)}` ends too early", span, source, _what_stands_here(error))


def _what_stands_here(error: UnexpectedInput) -> str:
    """What the parser waits for in the state of an error: every state has its words."""
    state = getattr(error, "state", None)
    waiting = state.parse_conf.states[state.position] if state is not None else ()
    words = expected_words(name for name in waiting if name.isupper())
    return f"expected here: {words}" if words else "see the forms of formulas in the language reference"


def expected_at(error: UnexpectedInput | None) -> set[str]:
    """The names of what the grammar waits for at an error; none where there is no error of the grammar."""
    names = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
    return {str(name) for name in names}


def _word_at(text: str, offset: int) -> str:
    match = re.match(r"\S+", text[offset : offset + 60])
    return match[0] if match else text[offset : offset + 1]


def _short(words: str) -> str:
    first_line = words.split("\n", 1)[0].replace(FUSED, " ").replace(STUB, "?").strip(" `")
    return first_line if len(first_line) <= 40 else f"{first_line[:40]}..."
