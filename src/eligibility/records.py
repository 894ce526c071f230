"""JSON text from outside goes in, of one patient or of one a line; dicts come out, or one clear refusal each.

Work is bounded: size, depth and length of lines are limited, numbers must be finite, and no key may stand twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from eligibility.errors import PatientError, Problem, excerpt

LARGEST_RECORD = 10_000_000  # characters of one patient
DEEPEST_RECORD = 12
_LIMIT = f"larger than {LARGEST_RECORD // 1_000_000} MB"


class Readable(Protocol):
    """A text that is read line by line."""

    def readline(self, limit: int = -1, /) -> str:
        """The next line with its end, at most `limit` characters of it; empty at the end."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of JSON Lines: its number, and the record or what is wrong with it."""

    number: int
    record: dict[str, Any] | None
    error: PatientError | None = None


def _refuse(key: str, message: str) -> NoReturn:
    raise PatientError([Problem(key, message)])


def read_record(text: str) -> dict[str, Any]:
    """One patient from JSON text.

    Raises PatientError for text that is no JSON object, is too large or too deep, holds NaN, an infinity or a number
    beyond a double, or names one key twice.
    """
    if len(text) > LARGEST_RECORD:
        _refuse("patient", f"the JSON text is {_LIMIT}, which is no patient record")
    _refuse_depth(text)
    hooks = _Hooks()
    try:
        record = json.loads(
            text,
            object_pairs_hook=hooks.pairs,
            parse_constant=hooks.constant,
            parse_float=hooks.decimal,
            parse_int=hooks.whole,
        )
    except json.JSONDecodeError as error:
        _refuse("patient", f"no valid JSON at line {error.lineno}, column {error.colno}: {_reason(error.msg)}")
    except RecursionError:
        _refuse("patient", "the JSON text is nested too deeply")
    if not isinstance(record, dict):
        hooks.problems.append(Problem("patient", "a patient is a JSON object of facts by name: { ... }"))
    if hooks.problems:
        raise PatientError(list(dict.fromkeys(hooks.problems)))
    return dict(record)


class _Hooks:
    """What the JSON parser calls for numbers and objects; it gathers problems, so that all are told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; none of its keys may stand twice."""
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            message = "this key stands twice; which one is meant cannot be told"
            self.problems += [Problem(excerpt(key), message) for key, count in counts.items() if count > 1]
        return found

    def constant(self, text: str) -> None:
        """NaN or an infinity."""
        self.problems.append(Problem("patient", f"`{text}` is no finite number"))

    def decimal(self, text: str) -> float:
        """A number with a point or an exponent; it fits a double."""
        value = float(text)
        if abs(value) == float("inf"):
            self.problems.append(Problem("patient", f"`{excerpt(text, 20)}` is no finite number"))
        return value

    def whole(self, text: str) -> int:
        """A whole number of a length that a measurement can have."""
        if len(text) > 40:
            self.problems.append(Problem("patient", f"`{excerpt(text, 20)}` is too long for a number"))
            return 0
        return int(text)


def _reason(message: str) -> str:
    return message[:1].lower() + message[1:]


_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


def _refuse_depth(text: str) -> None:
    """Count brackets outside of strings, so that the parser never goes deeper than a patient record does."""
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST_RECORD:
            _refuse("patient", f"the JSON text is nested more than {DEEPEST_RECORD} deep, which no patient record is")


def read_lines(stream: Readable) -> Iterator[Line]:
    """The records of JSON Lines, one after the other; a bad line is reported with its number and the rest goes on."""
    number = 0
    while True:
        text = stream.readline(LARGEST_RECORD + 1)
        if not text:
            return
        number += 1
        if len(text) > LARGEST_RECORD and not text.endswith("\n"):
            while (rest := stream.readline(LARGEST_RECORD)) and not rest.endswith("\n"):
                pass
            yield Line(
                number, None, PatientError([Problem("patient", f"this line is {_LIMIT}, which is no patient record")])
            )
            continue
        if not text.strip():
            continue
        try:
            yield Line(number, read_record(text))
        except PatientError as error:
            yield Line(number, None, error)


def is_lines(text: str) -> bool:
    """Does a text hold one JSON object a line, rather than one object over several lines?"""
    lines = [line for line in text[:2_000_000].splitlines() if line.strip()]
    if len(lines) < 2:
        return False
    first = lines[0].strip()
    looks_so = first.startswith("{") and first.endswith("}") and lines[1].lstrip().startswith("{")
    return looks_so or _is_whole(first)


def _is_whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
