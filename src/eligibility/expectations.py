"""The words of the grammar that a state of its parser waits for go in; what may stand there, in the author's words, comes out.

Two states that wait for the same words are told alike. Every state of the parser has its entry, and no entry is without
its state: `tests/test_error_states.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable

# What begins a number or the name of something.
_BEGINS = (
    "FALL_IN FUNCTION HISTORY_OF JUDGEMENT LIMIT LPAR NAME NAME_FROM_DIGITS NUMBER ONSET_OF QUOTED RISE_IN SELECTION"
    " TIME_SINCE_ONSET_OF"
)
_BLOCK = "ALL_OF ANY_OF AT_LEAST AT_MOST EXACTLY NONE_OF"
_CLOSES = "COMMA ELSE RPAR _NL"
_JOINS = f"{_CLOSES} OR THEN UNLESS"
_COMPARES = f"{_JOINS} AND MINUS PLUS"
_SUM = f"{_COMPARES} BETWEEN IN IS IS_NOT OPERATOR"
_PRODUCT = f"{_SUM} OVER_BY TIMES"
_POWER = f"{_PRODUCT} CARET"

_TABLE: tuple[tuple[str, str], ...] = (
    # the file
    ("TRIAL _NL", 'the head of the trial, `trial ID "title"`'),
    ("TRIAL", 'the head of the trial, `trial ID "title"`'),
    ("TRIAL_ID", "the ID of the trial, such as `NCT03608592`"),
    ("STRING", 'a text in quotation marks, such as `"Adult"`'),
    ("_NL", "the end of the line"),
    ("_INDENT", "the content of what stands above, indented"),
    ("_DEDENT", "the end of the indented lines"),
    ("REGISTRY VALUES", "`registry` or `values` with a text in quotation marks"),
    ("REGISTRY VALUES _DEDENT", "`registry` or `values` with a text in quotation marks, or a section"),
    ("SECTION _NL", "a section, `include:` or `exclude:`, or the end of the file"),
    ("SECTION _INDENT _NL", "the criteria of the section, indented; or the next section"),
    ("CRITERION_ID", 'a criterion, `ID "label": formula`'),
    ("CRITERION_ID _DEDENT", 'a criterion, `ID "label": formula`, or the next section'),
    ("CRITERION_ID _DEDENT _INDENT", 'a criterion, `ID "label": formula`, or a `note` that is indented below the last one'),
    ("NOTE", 'a note, `note "text"`'),
    ("NOTE _DEDENT", 'a note, `note "text"`, or the next criterion'),
    ("COLON", "a colon"),
    # blocks
    ("COUNT", "a number, as in `at least 2 of:`"),
    ("OF", "`of:`, as in `at least 2 of:`"),
    ("DASH", "an item of the block, behind `- `"),
    ("DASH _DEDENT", "an item of the block, behind `- `, or the end of the block"),
    ("DASH NOTE _DEDENT", "an item of the block, behind `- `, a `note`, or the next criterion"),
    (f"{_BEGINS} {_BLOCK} IF NO NOT", "a formula, or the head of a block such as `any of:`"),
    # where something begins
    (f"{_BEGINS} IF NO NOT", "a formula, such as `age >= 18 years` or `malignancy`"),
    (f"{_BEGINS} IF NO NOT _NL", "a formula, such as `age >= 18 years` or `malignancy`"),
    (f"{_BEGINS} NO NOT", "a comparison, such as `age >= 18 years`, or a name, such as `malignancy`"),
    (_BEGINS, "a number with its unit, such as `5 mg/dL`, or the name of what is measured"),
    ("NAME NAME_FROM_DIGITS QUOTED", "a name of the vocabulary, such as `creatinine`"),
    ("NAME NAME_FROM_DIGITS ONSET_OF QUOTED", "the name of a milestone, a condition or an event, such as `first dose`"),
    ("NUMBER", "a number with a unit of time, such as `6 months`"),
    ("UNIT", "a unit of time, such as `months`"),
    ("LPAR", "an opening bracket"),
    ("OVER", "`over` with a duration, such as `over 1 day`"),
    # inside of brackets and of `if`
    ("RPAR", "a closing bracket"),
    ("COMMA RPAR", "a comma or a closing bracket"),
    ("THEN", "`then`, as in `if A then B`"),
    ("AND MINUS PLUS", "`and` with the upper end, as in `between 1 and 2`"),
    ("COMMA MINUS PLUS RPAR", "a comma or a closing bracket"),
    # where something has ended
    ("COMMA RPAR _NL", "the end of the formula"),
    (_CLOSES, "the end of the formula"),
    ("COMMA RPAR UNLESS _NL", "`or`, `unless`, or the end of the formula"),
    (_JOINS, "`or`, `unless`, or the end of the formula"),
    (f"{_JOINS} AND", "`and`, `or`, `unless`, or the end of the formula"),
    (_COMPARES, "`and`, `or`, or the end of the formula"),
    (f"{_COMPARES} OPERATOR", "`and`, `or`, a second end as in `1 < x <= 2`, or the end of the formula"),
    (_SUM, "a comparison such as `>= 5`, `and`, `or`, or the end of the formula"),
    (_PRODUCT, "a comparison such as `>= 5`, arithmetic, `and`, `or`, or the end of the formula"),
    (_POWER, "a comparison such as `>= 5`, arithmetic, `and`, `or`, or the end of the formula"),
    (f"{_POWER} LIMIT UNIT", "a unit, `x ULN`, a comparison, arithmetic, or the end of the formula"),
    (f"{_POWER} AFTER BEFORE", "`before` or `after` something, a comparison such as `>= 5`, `and`, `or`, or the end of the formula"),
    (f"{_POWER} AFTER BEFORE WITHIN WITHIN_THE_NEXT", "a window such as `within 6 months`, a comparison such as `>= 5`, `and`, `or`, or the end of the formula"),
    (f"{_POWER} AFTER BEFORE FOR_AT_LEAST WITHIN WITHIN_THE_NEXT", "a window such as `within 6 months`, a comparison such as `>= 5`, `and`, `or`, or the end of the formula"),
    (f"{_POWER} AFTER BEFORE FOR_AT_LEAST OVER WITHIN WITHIN_THE_NEXT", "a window such as `within 6 months`, a comparison such as `>= 5`, `and`, `or`, or the end of the formula"),
)  # fmt: skip

EXPECTATIONS: dict[frozenset[str], str] = {frozenset(words.split()): said for words, said in _TABLE}


def state_of(words: Iterable[str]) -> frozenset[str]:
    """The key of a state: the words it waits for. A formula of a vocabulary ends where a trial has the end of a line."""
    return frozenset("_NL" if word == "$END" else word for word in words)


def expected_words(words: Iterable[str]) -> str | None:
    """What may stand where the parser waits for these words of the grammar, or None in the state that waits for nothing."""
    return EXPECTATIONS.get(state_of(words))
