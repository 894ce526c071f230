"""The columns of a wide table go in; the conditions, events and windows of each patient come out, as expressions. Nothing is joined."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

from eligibility import rules
from eligibility.cohort.calendar import Moment, least_of, most_of, moved, pick_moment
from eligibility.cohort.columns import Born, Happening, PlainNumber, ReadNumber, Said, Spelled, filled_moment
from eligibility.cohort.folding import (
    Flag,
    Quad,
    Statement,
    both,
    either,
    filled,
    is_false,
    is_open,
    is_true,
    no,
)
from eligibility.cohort.named_columns import NamedColumns
from eligibility.cohort.onsets import OnsetQuestion
from eligibility.cohort.reading import Clock
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import Line, Onset, Plans, Probe, Reach, Source
from eligibility.cohort.windows import reach_of
from eligibility.instants import EARLIEST, LATEST
from eligibility.look import Absent
from eligibility.vocabulary import Concept, Vocabulary

Number = PlainNumber | ReadNumber


@dataclass
class WideEpisodes(Source):
    """What the columns of a wide table say of each patient. Values have no time: they were observed at the instant."""

    vocabulary: Vocabulary
    clock: Clock
    absent: Absent
    columns: NamedColumns
    values: dict[str, Number] = field(default_factory=dict)
    limits: dict[tuple[str, bool], Number] = field(default_factory=dict)
    classes: dict[str, Spelled] = field(default_factory=dict)
    occurrences: dict[str, Said] = field(default_factory=dict)
    answers: dict[str, Statement] = field(default_factory=dict)
    moments: dict[str, str] = field(default_factory=dict)
    judgements: dict[str, Statement] = field(default_factory=dict)
    months: tuple[Moment, Moment] | None = None
    born: Born | None = None
    asks_months: bool = False
    age_column: str | None = None
    null_columns: dict[str, str] = field(default_factory=dict)
    sheet: Sheet = field(default_factory=Sheet)
    _joined: dict[str, list[Happening]] = field(default_factory=dict)
    _quads: dict[str, tuple[Quad, Flag]] = field(default_factory=dict)
    _reaches: dict[tuple[rules.Window, str], Reach] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keep = self.sheet.keep

    # --- conditions and events ---------------------------------------------------------------------------------------

    def cannot(self, name: str) -> Flag:
        concept = self.vocabulary[name]
        found: Flag = False
        sex = self.classes.get("sex")
        if concept.applies_to_sex and sex is not None:
            rank = self.vocabulary["sex"].values.index(concept.applies_to_sex)
            found = is_false(sex.among(frozenset({rank})))
        if concept.applies_from_months and self.born is not None:
            found = either(found, is_false(self.born.at_least(concept.applies_from_months)))
        elif concept.applies_from_months and (self.months is not None or self.age_column is not None):
            young = self.age("months")[1] < concept.applies_from_months
            found = either(found, filled(young, False))
        return found

    def _happenings(self, name: str) -> list[Happening]:
        """Own occurrences and those of parts, which a complete record of the whole dates. Follows `facts._joined`."""
        if name in self._joined:
            return self._joined[name]
        event = self.vocabulary[name].kind == "event"
        own = self.occurrences.get(name)
        full = self._full(name)
        mine = self._applicable(name, own.happening) if own is not None else None
        found: list[Happening] = []
        for part in self.vocabulary.parts(name):
            said = self.occurrences.get(part)
            if said is None:
                continue
            there = self._applicable(part, said.happening)
            first, last, since_1, since_2 = there.onset_1, there.onset_2, there.since_1, there.since_2
            holds: Flag = False
            if mine is not None:
                holds = both(
                    full, mine.exists, there.exists, mine.onset_1 <= last, mine.onset_2 >= first if event else True
                )
                start = most_of(mine.onset_1, first) if event else mine.onset_1
                end = least_of(mine.onset_2, last)
                mine = Happening(
                    mine.exists, self._kept(holds, start, mine.onset_1), self._kept(holds, end, mine.onset_2), mine.acute,
                    self._kept(holds, start, mine.since_1), self._kept(holds, end, mine.since_2),
                )  # fmt: skip
                since_1 = self._kept(holds, start if event else most_of(since_1, start), since_1)
                since_2 = self._kept(holds, end, since_2) if event else since_2
                first, last = self._kept(holds, start, first), self._kept(holds, end, last)
            if not event:
                first = self._kept(either(full, holds), first, EARLIEST)
            found.append(Happening(there.exists, first, last, None if event else there.acute, since_1, since_2))
        self._joined[name] = [*([mine] if mine is not None else []), *found]
        return self._joined[name]

    def _kept(self, condition: Flag, then: Moment, otherwise: Moment) -> Moment:
        return self.keep(pick_moment(condition, then, otherwise)) if then is not otherwise else then

    def _applicable(self, name: str, there: Happening) -> Happening:
        if not self.vocabulary[name].has_limited_applicability:
            return there
        return Happening(
            both(there.exists, no(self.cannot(name))),
            there.onset_1,
            there.onset_2,
            there.acute,
            there.since_1,
            there.since_2,
        )

    def _full(self, name: str) -> Flag:
        """Is its own record complete?"""
        own = self.occurrences.get(name)
        return either(own.complete if own else False, self.cannot(name))

    def held(self, name: str, question: OnsetQuestion) -> tuple[Flag, Flag, Flag]:
        own = self.occurrences.get(name)
        if own is None or own.complete is False or own.happening.onset_1 is EARLIEST:
            return False, False, False
        listed = both(own.happening.exists, no(self.cannot(name)))
        event = self.vocabulary[name].kind == "event"
        none: Flag = True
        every: Flag = True
        for there in self._happenings(name):
            said = question.holds(there.onset_1, there.onset_2 if event else self.clock.now, self)
            none = both(none, either(no(there.exists), is_false(said)))
            every = both(every, either(no(there.exists), is_true(said)))
        return listed, none, every

    def line(self, name: str) -> Line:
        concept = self.vocabulary[name]
        own = self.occurrences.get(name)
        complete = self._full(name)
        times = self._happenings(name)
        known = either(*(there.exists for there in times))
        flags = [self._overlap(there, self.clock.now, self.clock.now) for there in times]
        maybe = either(*(both(there.exists, seen[1]) for there, seen in zip(times, flags, strict=True)))
        assumed: Flag = False
        if self.absent == "no" and concept.on_problem_list:
            stated = own.stated if own else False
            nulls = [no(given) for given in self._given(name)]
            assumed = no(either(stated, self.cannot(name), known, *nulls))
        here = either(*(both(there.exists, seen[0]) for there, seen in zip(times, flags, strict=True)))
        return Line(complete, assumed, False, known, here, maybe)

    def _given(self, name: str) -> list[Flag]:
        """Where the columns of a concept and its parts are not null: null in one of them is an explicit null."""
        named = [self.null_columns[part] for part in (name, *self.vocabulary.parts(name)) if part in self.null_columns]
        return [self.columns.given(column) for column in named]

    def _overlap(self, there: Happening, first: Moment, last: Moment) -> tuple[Flag, Flag]:
        """Is an episode there at some instant from `first` to `last`: surely, and perhaps?"""
        if there.since_1 is EARLIEST and there.since_2 is self.clock.now:
            return (True if last is there.since_2 else last >= there.since_2), True
        apart = there.since_1 > last
        begun = there.since_2 <= last
        lasting: Flag = True
        if there.acute is not None:
            presumed = there.since_1 >= moved(first, there.acute, self.clock.offset, -1, self.keep)
            lasting = either(there.since_1 >= first, presumed)
        return both(no(apart), begun, lasting), no(apart)

    def episodes(self, concept: Concept) -> tuple[Moment, Moment]:
        times = self._happenings(concept.name)
        return _newest(
            [(there.exists, there.onset_1, there.onset_2, self._sure_end(there)) for there in times],
            concept.kind == "event",
        )

    def _sure_end(self, there: Happening) -> Moment:
        if there.acute is None:
            return LATEST
        return moved(there.since_1, there.acute, self.clock.offset, 1, self.keep)

    def probe(self, name: str, window: rules.Window, trial: str) -> Probe:
        where = self.reach(window, trial)
        may_2, sure_2 = least_of(where.may_2, self.clock.now), least_of(where.sure_2, self.clock.now)
        parts: list[list[Flag]] = [[], [], [], [], []]
        for there in self._happenings(name):
            possible = self._overlap(there, where.may_1, may_2)
            surely = self._overlap(there, where.sure_1, sure_2)
            happened = both(where.sure_1 <= there.onset_1, there.onset_2 <= sure_2)
            perhaps = no(either(there.onset_2 < where.may_1, there.onset_1 > may_2))
            for listed, flag in zip(parts, (*possible, surely[0], happened, perhaps), strict=True):
                listed.append(both(there.exists, flag))
        return Probe(*(either(*flags) for flags in parts))

    def plans(self, concept: Concept, window: rules.Window, trial: str) -> Plans:
        return Plans(False, False, True, True)

    def milestone(self, concept: Concept, trial: str) -> Onset:
        name = self.moments.get(concept.name)
        if name is None:
            return Onset(LATEST, LATEST, False, True)
        first, last = self.columns.moments(name)
        return Onset(filled_moment(first, LATEST), filled_moment(last, LATEST), False, is_open(first))

    def reach(self, window: rules.Window, trial: str) -> Reach:
        key = (window, trial)
        if key not in self._reaches:
            self._reaches[key] = reach_of(self, window, trial)
        return self._reaches[key]

    @abstractmethod
    def age(self, unit: str) -> Quad:
        """Completed years or months."""


def _newest(spans: list[tuple[Flag, Moment, Moment, Moment]], event: bool) -> tuple[Moment, Moment]:
    """The onset of the newest of some episodes that last, each with whether there is one: pair by pair what `timelines.onsets`
    finds by running maxima. (exists, first, last, surely there until)"""
    if not spans:
        return EARLIEST, EARLIEST
    if event:
        first: Moment = EARLIEST
        last: Moment = EARLIEST
        for exists, begin, end, _ in spans:
            first = pick_moment(exists, most_of(first, begin), first)
            last = pick_moment(exists, most_of(last, end), last)
        return first, last
    # all of them last, so that each reaches every later beginning perhaps: the earliest beginning is the lowest
    low: Moment = LATEST
    high: Moment = EARLIEST
    for exists, begin, _, _ in spans:
        low = pick_moment(both(exists, begin < low), begin, low)
    for index, (exists, begin, end, _) in enumerate(spans):
        blocked: Flag = False
        for other, (there, first_of, last_of, until) in enumerate(spans):
            if other == index:
                continue
            older = either(
                last_of < end, both(last_of == end, either(first_of < begin, both(first_of == begin, other < index)))
            )
            blocked = either(blocked, both(there, older, until >= end))
        high = pick_moment(both(exists, no(blocked)), most_of(high, end), high)
    return low, high
