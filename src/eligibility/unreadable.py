"""A value of a record goes in as it came (numpy scalars, dates, texts); plain Python or what is wrong with it comes out.

Messages repeat an offending unit, name or date, shortened, and never another value of a patient.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NoReturn, TypeVar

from eligibility.errors import excerpt
from eligibility.instants import PartialDate, read_date

MOST_MESSAGES = 20  # of one fact
DATES = "write `2024`, `2024-03`, `2024-03-01` or `2024-03-01T08:30Z`"

T = TypeVar("T")


class UnreadableValue(ValueError):
    """A value that cannot be read, with every reason; each is fit for the user. The patient reader gathers them into a
    PatientError."""

    def __init__(self, *messages: str) -> None:
        self.messages = messages if len(messages) <= MOST_MESSAGES else (
            *messages[:MOST_MESSAGES], f"and {len(messages) - MOST_MESSAGES:,} more problems"
        )  # fmt: skip
        super().__init__("; ".join(self.messages))


def wrong(message: str) -> NoReturn:
    """Refuse a value."""
    raise UnreadableValue(message)


class Gathered:
    """Reads the parts of a value one after the other, so that all that is wrong with them is told at once."""

    def __init__(self) -> None:
        self._messages: list[str] = []

    def tell(self, message: str) -> None:
        """Something is wrong, and the rest is still looked at."""
        self._messages.append(message)

    def read(self, reader: Callable[..., T], *arguments: object, prefix: str = "") -> T | None:
        """What the reader makes of it; None where it refuses."""
        try:
            return reader(*arguments)
        except UnreadableValue as error:
            self._messages += [prefix + message for message in error.messages]
            return None

    def settle(self) -> None:
        """Refuse the value if anything was wrong."""
        if self._messages:
            raise UnreadableValue(*self._messages)


def key_text(key: object) -> str:
    """A key as a message shows it."""
    return excerpt(key) if isinstance(key, str) else f"<{type(key).__name__}>"


def plain(value: object) -> object:
    """A scalar of numpy as the Python object that it stands for; anything else as it is."""
    if (
        type(value).__module__ != "numpy"
    ):  # others are asked for nothing: a quantity of pint raises where numpy is missing
        return value
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        found: object = item()
        return found
    return value


def read_when(value: object, what: str = "time") -> PartialDate | None:
    """A date or an instant, as text or as an object of the standard library; None stays None."""
    if value is None:
        return None
    value = plain(value)
    if isinstance(value, datetime):
        if value != value:  # the NaT of pandas
            wrong(f"the {what} is none; leave it out, or write null")
        return PartialDate(value.isoformat(), value, "instant")
    if isinstance(value, date):
        return PartialDate(value.isoformat(), datetime(value.year, value.month, value.day), "day")
    if not isinstance(value, str):
        wrong(f"the {what} must be a text such as `2024-03-01` or `2024-03-01T08:30Z`")
    found = read_date(value)
    if found is None:
        wrong(f"the {what} `{excerpt(value)}` is not a date of the calendar; {DATES}" if value.strip()
              else f"the {what} is empty; {DATES}")  # fmt: skip
    return found
