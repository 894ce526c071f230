"""JSON text from outside goes in, of one patient or of one a line; dicts come out, or one clear refusal each.

Work is bounded: size, depth and length of lines are limited, numbers must be finite, and no key may stand twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, Protocol

from eligibility.errors import PatientError, Problem, excerpt

LARGEST_RECORD = 10_000_000  # characters of one patient
DEEPEST_RECORD = 12
MOST_PROBLEMS = 100
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
    beyond a double, or names one key twice; each with the key where it stands.
    """
    if len(text) > LARGEST_RECORD:
        _refuse("patient", f"the JSON text is {_LIMIT}, which is no patient record")
    if not text.strip().removeprefix("\ufeff"):
        _refuse("patient", "there is no patient: the JSON text is empty")
    _refuse_depth(text)
    try:
        record = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_pairs,
            parse_constant=_constant,
            parse_float=_decimal,
            parse_int=_whole,
        )
    except json.JSONDecodeError as error:
        _refuse("patient", f"no valid JSON at line {error.lineno}, column {error.colno}: {_reason(error.msg)}")
    except RecursionError:
        _refuse("patient", "the JSON text is nested too deeply")
    problems = list(dict.fromkeys(_problems(record, "patient")))
    if not isinstance(record, dict):
        problems.append(Problem("patient", "a patient is a JSON object of facts by name: { ... }"))
    if len(problems) > MOST_PROBLEMS:
        problems[MOST_PROBLEMS:] = [Problem("patient", f"and {len(problems) - MOST_PROBLEMS:,} more of the kind")]
    if problems:
        raise PatientError(problems)
    return dict(record)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where a number cannot be used, until its key is known."""

    message: str


class _Twice(dict[str, Any]):
    """An object with keys that stand twice."""

    twice: tuple[str, ...]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    counts = Counter(key for key, _ in pairs)
    marked = _Twice(found)
    marked.twice = tuple(key for key, count in counts.items() if count > 1)
    return marked


@cache
def _constant(text: str) -> _Refused:
    return _Refused(f"`{text}` is no finite number")


def _decimal(text: str) -> float | _Refused:
    value = float(text)
    return (
        value if abs(value) != float("inf") else _Refused("the number is not finite: it is beyond what a double holds")
    )


def _whole(text: str) -> int | _Refused:
    return int(text) if len(text) <= 40 else _Refused("the number is too long to be a measurement")


def _problems(value: object, place: str) -> Iterator[Problem]:
    """What was marked while the text was read, with the key where it stands. The depth was bounded before."""
    if isinstance(value, _Refused):
        yield Problem(place, value.message)
    elif isinstance(value, dict):
        above = "" if place == "patient" else f"{place}."
        for key in value.twice if isinstance(value, _Twice) else ():
            yield Problem(f"{above}{excerpt(key)}", "this key stands twice; which one is meant cannot be told")
        for key, item in value.items():
            if isinstance(item, _Refused | dict | list):
                yield from _problems(item, f"{above}{excerpt(key)}")
    elif isinstance(value, list):
        refused = next((item for item in value if isinstance(item, _Refused)), None)
        if refused is not None:
            yield from _problems(refused, place)
        for item in value:
            if isinstance(item, dict | list):
                yield from _problems(item, place)


def _reason(message: str) -> str:
    return message[:1].lower() + message[1:]


_STRINGS = re.compile(r'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)  # the last one may be open
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_PAIRS = re.compile(r"\[\]|\{\}")


def _refuse_depth(text: str) -> None:
    """Take innermost pairs of brackets away, one level after the other, so that the parser never goes deeper than a patient
    record does. What does not close is left to the parser, unless it opens too much."""
    brackets = _NO_BRACKETS.sub("", _STRINGS.sub("", text))
    for _ in range(DEEPEST_RECORD):
        brackets = _PAIRS.sub("", brackets)
    opened = re.match(r"[\[{]*", brackets)
    if _PAIRS.search(brackets) or (opened and opened.end() > DEEPEST_RECORD):
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
            if not is_utf8(text):
                _refuse("patient", "this line is not UTF-8 text")
            yield Line(number, read_record(text))
        except PatientError as error:
            yield Line(number, None, error)


def is_utf8(text: str) -> bool:
    """Was all of it UTF-8? A stream opened with `surrogateescape` keeps the bytes that were not as lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_lines(text: str) -> bool:
    """Does a text hold one JSON object a line, rather than one object over several lines?"""
    lines = [line.strip() for line in text[:2_000_000].removeprefix("\ufeff").split("\n") if line.strip()][:2]
    if len(lines) < 2:
        return False
    first, second = lines
    looks_so = first.startswith("{") and first.endswith("}") and second.startswith("{")
    begins_badly = not first.startswith(("{", "[")) and _is_whole(second)
    return looks_so or begins_badly or _is_whole(first)


def _is_whole(line: str) -> bool:
    try:
        _refuse_depth(line)
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError, PatientError):
        return False
