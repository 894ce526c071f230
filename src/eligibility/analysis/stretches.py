"""The windows of rules go in; stretches of time come out that can be compared: which lies inside of which, and which end now."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from eligibility import rules
from eligibility.instants import DAY, Duration, Instant, days_in_months, instant_of, shift
from eligibility.vocabulary import Concept

USUAL = datetime(2024, 3, 4, 8, tzinfo=UTC)  # the instant of witnesses where none is given


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a stretch is measured from, or what it lies before or after. `trial` where it is a milestone, which each
    trial has for itself."""

    concept: Concept
    after: bool
    trial: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window as a key: equal stretches cover the same instants for every patient."""

    months: int = 0
    exact: int = 0
    ahead: bool = False
    anchor: Mark | None = None
    relation: Mark | None = None

    @property
    def is_endless(self) -> bool:
        """Does it reach back without an end?"""
        return not (self.months or self.exact)

    @property
    def ends_now(self) -> bool:
        """Does it end at the instant of judgement, so that the newest observation in it is the newest of all?"""
        return not self.ahead and self.anchor is None and (self.relation is None or self.relation.after)

    @property
    def marks(self) -> tuple[Concept, ...]:
        """The conditions and events without which there is no such stretch."""
        found = [mark.concept for mark in (self.anchor, self.relation) if mark is not None]
        return tuple(concept for concept in found if concept.is_occurrence)

    @property
    def may_reach_ahead(self) -> bool:
        """May it cover instants after now?"""
        if self.anchor is None:
            return self.ahead
        return self.anchor.after or not self.anchor.concept.is_occurrence


def stretch_of(window: rules.Window | None, trial: str) -> Stretch:
    """The stretch of a window as one trial asks for it; screening is now."""
    if window is None:
        return Stretch()
    length, anchor, ahead = window.duration, window.anchor, window.ahead
    if anchor is not None and anchor.concept.name == "screening":
        ahead, anchor = anchor.after, None
    months, exact = (length.months, length.exact) if length else (0, 0)
    return Stretch(months, exact, ahead, _mark(anchor, trial), _mark(window.relation, trial))


def window_of(stretch: Stretch) -> rules.Window:
    """The window again."""
    length = None if stretch.is_endless else Duration("", stretch.months, stretch.exact)
    anchor, relation = (
        None if mark is None else rules.Anchor(mark.concept, mark.after) for mark in (stretch.anchor, stretch.relation)
    )
    return rules.Window(length, stretch.ahead, anchor, relation)


def _mark(anchor: rules.Anchor | None, trial: str) -> Mark | None:
    if anchor is None:
        return None
    own = anchor.concept.kind == "milestone" and anchor.concept.name != "screening"
    return Mark(anchor.concept, anchor.after, trial if own else "")


def current_stretch(concept: Concept, values: Duration | None) -> Stretch:
    """How far back the latest value counts where the rule does not say."""
    limit = concept.current_for
    if limit is not None and values is not None:
        limit = values
    return Stretch() if limit is None else Stretch(limit.months, limit.exact)


class Clock:
    """Durations at one instant: how far back they reach."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        self.zone = moment.tzinfo or UTC
        self.now: Instant = instant_of(moment, self.zone)

    def back(self, months: int, exact: int) -> int:
        """Microseconds from now to the far edge of a window."""
        return self.now - shift(self.now, Duration("", months, exact), self.zone, -1)

    def ahead(self, months: int, exact: int) -> int:
        """Microseconds from now to the far edge of a window ahead."""
        return shift(self.now, Duration("", months, exact), self.zone, 1) - self.now

    def inside(self, inner: Stretch, outer: Stretch) -> bool:
        """Does everything in one stretch surely lie in another?"""
        if (inner.ahead, inner.anchor) != (outer.ahead, outer.anchor):
            return False
        if outer.relation not in (None, inner.relation):
            return False
        return self.no_longer(inner, outer)

    def no_longer(self, inner: Stretch, outer: Stretch) -> bool:
        """Is one stretch surely not longer than another?"""
        if outer.is_endless or inner.is_endless:
            return outer.is_endless
        if inner.months == outer.months:
            return inner.exact <= outer.exact
        if not inner.exact and not outer.exact:
            return inner.months <= outer.months
        if inner.anchor is None:
            measure = self.ahead if inner.ahead else self.back
            return measure(inner.months, inner.exact) <= measure(outer.months, outer.exact)
        most = days_in_months(inner.months)[1] * DAY + inner.exact if inner.months else inner.exact
        least = days_in_months(outer.months)[0] * DAY + outer.exact if outer.months else outer.exact
        return most + DAY <= least  # a day for clocks that are changed


def moments(lengths: set[tuple[int, int]], at: datetime | None) -> list[datetime]:
    """The instants at which rules are to be judged so that what holds at all of them holds at every one.

    Only months differ from one instant to the next, and only their order among days matters: one instant for each order
    that these durations can have, in a zone whose clocks are not changed.
    """
    if at is not None:
        return [at if at.tzinfo else at.replace(tzinfo=UTC)]
    return list(_usual_moments(frozenset(lengths)))


@lru_cache(maxsize=256)
def _usual_moments(lengths: frozenset[tuple[int, int]]) -> tuple[datetime, ...]:
    unsteady = sorted(_unsteady(lengths))
    found = {_orders(USUAL.date(), unsteady): USUAL}
    if unsteady:
        spans = [(USUAL.date(), 1_461)]
        if any(months >= 48 for months, _ in unsteady):  # only these notice that 2100 is no leap year
            spans.append((date(2096, 1, 1), 3_000))
        for start, days in spans:
            for number in range(days):
                day = start + timedelta(days=number)
                found.setdefault(_orders(day, unsteady), datetime.combine(day, USUAL.time(), UTC))
    return tuple(found.values())


def _orders(day: date, lengths: list[tuple[int, int]]) -> tuple[int, ...]:
    """The order of durations by how far they reach back from a day, and by how far they reach ahead."""
    ranks: list[int] = []
    for sign in (-1, 1):
        reaches = [_days(day, sign * months) * DAY + exact for months, exact in lengths]
        order = {value: rank for rank, value in enumerate(sorted(set(reaches)))}
        ranks += [order[value] for value in reaches]
    return tuple(ranks)


def _days(day: date, months: int) -> int:
    """How many days so many months before or after a day are."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return 10_000_000
    other = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return abs(other.toordinal() - day.toordinal())


def _unsteady(lengths: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """The durations whose order depends on the calendar."""
    spans = []
    for months, exact in lengths:
        fewest, most = days_in_months(months) if months else (0, 0)
        spans.append((fewest * DAY + exact, most * DAY + exact, bool(months), (months, exact)))
    found: set[tuple[int, int]] = set()
    for index, (low, high, calendar, length) in enumerate(spans):
        for other_low, other_high, other_calendar, other in spans[index + 1 :]:
            if calendar != other_calendar and low <= other_high and other_low <= high:
                found |= {length, other}
    return found
