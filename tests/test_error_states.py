"""Every state in which the parser can stop has words of its own, and none of them speaks the language of the grammar.

The states are walked from the parse table itself: a new rule of the grammar makes new ones, and fails here until they are told.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

import pytest
from lark import Token
from lark.exceptions import UnexpectedToken

from eligibility.expectations import EXPECTATIONS, expected_words, state_of
from eligibility.library import diagnose
from eligibility.parser import _lark

STARTS = ("trial_file", "formula_file")

SPELLED = {
    "TRIAL": "trial", "TRIAL_ID": "T", "STRING": '"x"', "REGISTRY": "registry", "VALUES": "values", "SECTION": "include",
    "COLON": ":", "CRITERION_ID": "1", "NOTE": "note", "ALL_OF": "all of", "ANY_OF": "any of", "NONE_OF": "none of",
    "AT_LEAST": "at least", "AT_MOST": "at most", "EXACTLY": "exactly", "COUNT": "2", "OF": "of", "DASH": "-", "IF": "if",
    "THEN": "then", "ELSE": "else", "UNLESS": "unless", "OR": "or", "AND": "and", "NOT": "not", "NO": "no", "IS": "is",
    "IS_NOT": "is not", "IN": "in", "BETWEEN": "between", "WITHIN": "within", "WITHIN_THE_NEXT": "within the next",
    "BEFORE": "before", "AFTER": "after", "FOR_AT_LEAST": "for at least", "OVER": "over", "SELECTION": "highest",
    "HISTORY_OF": "history of", "TIME_SINCE_ONSET_OF": "time since onset of", "ONSET_OF": "onset of", "RISE_IN": "rise in",
    "FALL_IN": "fall in", "JUDGEMENT": "judgement", "FUNCTION": "min", "LIMIT": "ULN", "OPERATOR": ">=", "PLUS": "+",
    "MINUS": "-", "TIMES": "*", "OVER_BY": "/", "CARET": "^", "LPAR": "(", "RPAR": ")", "COMMA": ",", "NUMBER": "5",
    "QUOTED": "`creatinine`", "NAME_FROM_DIGITS": "25-hydroxyvitamin D", "NAME": "creatinine", "UNIT": "months",
}  # fmt: skip
LAYOUT = {"_NL", "_INDENT", "_DEDENT", "$END"}


def table(start: str) -> Any:
    return _lark(start).parser.parser._parse_table.states


def walked(start: str, depth: int) -> dict[tuple[int, ...], tuple[list[str], Any]]:
    """The upper `depth` states of the stack when the next word is looked at, with the shortest words that lead there."""
    first = _lark(start).parse_interactive("")
    found: dict[tuple[int, ...], tuple[list[str], Any]] = {upper(first, depth): ([], first)}
    waiting = deque(found.values())
    while waiting:
        path, parser = waiting.popleft()
        for word in sorted(parser.accepts()):
            if word == "$END":
                continue
            after = parser.copy(deepcopy_values=False)
            after.feed_token(Token(word, SPELLED.get(word, "\n")))
            key = upper(after, depth)
            if key not in found:
                found[key] = ([*path, word], after)
                waiting.append(found[key])
    return found


def upper(parser: Any, depth: int) -> tuple[int, ...]:
    return tuple(parser.parser_state.state_stack[-depth:])


def test_the_words_of_the_grammar_can_all_be_spelled() -> None:
    words = {word for start in STARTS for actions in table(start).values() for word in actions if word.isupper()}
    assert words - LAYOUT == set(SPELLED)


@pytest.mark.parametrize("start", STARTS)
def test_every_state_of_the_table_has_words_of_its_own(start: str) -> None:
    untold = [
        sorted(state_of(waited))
        for actions in table(start).values()
        if (waited := [word for word in actions if word.isupper() or word == "$END"]) and expected_words(waited) is None
    ]
    assert untold == []


def test_no_words_are_left_of_states_that_are_gone() -> None:
    known = {
        state_of(word for word in actions if word.isupper() or word == "$END")
        for start in STARTS
        for actions in table(start).values()
    }
    assert set(EXPECTATIONS) - known == set()


@pytest.mark.parametrize("start", STARTS)
def test_every_state_in_which_the_parser_stops_is_among_them(start: str) -> None:
    """Any word in any state: where it is refused, the state has words."""
    stopped = set()
    for _, parser in walked(start, 2).values():
        for word in [*SPELLED, *sorted(LAYOUT)]:
            try:
                parser.copy(deepcopy_values=False).feed_token(Token(word, SPELLED.get(word, "")))
            except UnexpectedToken as error:
                waited = [name for name in table(start)[error.state.position] if name.isupper() or name == "$END"]
                stopped.add(error.state.position)
                assert expected_words(waited), (word, waited)
    assert len(stopped) > 0.7 * len(table(start))


def spelled(path: list[str]) -> str:
    """Words of the grammar as the text of a file."""
    lines, depth = [""], 0
    for word in path:
        match word:
            case "_NL":
                lines.append("")
            case "_INDENT":
                depth += 1
            case "_DEDENT":
                depth -= 1
            case _:
                lines[-1] = f"{lines[-1] or '  ' * depth}{' ' if lines[-1] else ''}{SPELLED[word]}"
    return "\n".join(lines)


OFFENDING = [
    "",
    " [",
    " )",
    " and",
    " 5",
    " :",
    " >=",
    " malignancy",
    ' "x"',
    " within",
    " -",
    "\n        deeper",
    "\nback",
]
NOT_SAID = re.compile(r"\b(?:_NL|_INDENT|_DEDENT|None|Token|[A-Z]{2,}_[A-Z_]+|LPAR|RPAR|OPERATOR|QUOTED|CARET)\b")


@pytest.mark.parametrize("offending", OFFENDING)
def test_every_state_gets_a_message_that_helps(offending: str) -> None:
    """Each state of a trial file, and each kind of word that does not belong there."""
    for path, _ in walked("trial_file", 1).values():
        text = spelled(path) + offending + "\n"
        trial, diagnostics = diagnose(text)
        assert trial is not None or diagnostics, text
        for told in diagnostics:
            assert told.help, (text, told.code)
            assert not NOT_SAID.search(f"{told.message} {told.help}"), (text, told.message, told.help)
            assert "see the forms" not in told.help, text
            assert 0 <= told.span.start <= len(text), text
