"""A number in words goes in; its digits come out."""

from __future__ import annotations

_IN_DIGITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12,
}  # fmt: skip


def in_digits(word: str) -> int | None:
    """The number that a word says, up to twelve; None for any other word."""
    return _IN_DIGITS.get(word.casefold())
