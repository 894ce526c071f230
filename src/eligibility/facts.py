"""A validated patient and an instant go in; the facts as they are known at that instant come out.

Dates get their zone, what is dated after the instant is set aside, occurrences meet through the hierarchy, and what
contradicts itself at that instant is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Literal, TypeVar

from eligibility.errors import PatientError, Problem, UsageError, excerpt
from eligibility.instants import (
    EARLIEST,
    Duration,
    Instant,
    PartialDate,
    Span,
    completed_months,
    instant_of,
    local,
    read_date,
)
from eligibility.intervals import Interval
from eligibility.patient import Occurrence, Patient
from eligibility.vocabulary import Concept, Vocabulary

Absent = Literal["unknown", "no"]


@dataclass(frozen=True, slots=True)
class Observation:
    """A number that was measured (or computed), when, and the limits of normal that came with it."""

    value: Interval
    when: Span
    text: str
    lower: float | None = None
    upper: float | None = None
    months: Interval | None = None
    dated: bool = True
    computed: bool = False
    lower_text: str | None = None
    upper_text: str | None = None


@dataclass(frozen=True, slots=True)
class ClassObservation:
    """A class that was observed, by its rank, and when."""

    rank: int
    when: Span
    text: str
    dated: bool = True


_Dated = TypeVar("_Dated", Observation, ClassObservation)


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that a condition was certainly there, or an event happened.

    `onset` is what is known of its beginning, `since` from when its presence is certain or possible (they differ where a
    part makes the whole present: the whole began then or earlier). `end` is None while it lasts; `presumed` says that it
    is taken to last for that long only.
    """

    onset: Span
    since: Span
    end: Span | None = None
    presumed: Duration | None = None
    concept: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is known of a condition or an event at the instant.

    `complete` says that there was nothing beside the episodes, and why; `absent_now` that it is not present.
    """

    episodes: tuple[Episode, ...] = ()
    complete: Literal["", "never", "assumed", "cannot apply", "listed"] = ""
    absent_now: bool = False
    own_plans: tuple[Span, ...] = ()
    plans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Ages:
    """What is known of an age: completed months from a birth date, or an age that was given."""

    birth: tuple[date, date] | None = None
    low: int = 0
    high: int = 0
    unit: str = ""
    text: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that is known of a patient at one instant. Immutable by convention; made by `prepare`."""

    vocabulary: Vocabulary
    at: Instant
    zone: tzinfo
    ages: Ages | None
    observations: Mapping[str, tuple[Observation, ...]]
    classes: Mapping[str, tuple[ClassObservation, ...]]
    timelines: Mapping[str, Timeline]
    attestations: Mapping[str, bool]
    milestones: Mapping[str, Span]
    judgements: Mapping[str, bool]
    overrides: Mapping[str, tuple[Mapping[str, bool | None], Mapping[str, Span | None]]]
    cannot_apply: frozenset[str]
    ignored: tuple[str, ...]
    warnings: tuple[str, ...]
    computed: dict[object, object] = field(default_factory=dict, compare=False, repr=False)


def read_instant(value: str | datetime | None) -> tuple[Instant, tzinfo] | None:
    """The instant and the zone of an `at`; UTC where it brings no offset. Raises UsageError; a day is not an instant."""
    if value is None:
        return None
    if isinstance(value, datetime):
        zone = value.tzinfo or UTC
        return instant_of(value, zone), zone
    if not isinstance(value, str):
        raise UsageError("`at` must be a text such as `2024-03-04T08:00Z`, or a datetime")
    found = read_date(value)
    if found is None:
        raise UsageError(f"`at`: `{excerpt(value)}` is not an instant; write `2024-03-04T08:00Z`")
    if found.precision != "instant":
        raise UsageError(f"`at`: `{found.text}` is a day or longer, not an instant; write `2024-03-04T08:00Z`")
    return instant_of(found.start, UTC), found.start.tzinfo or UTC


def prepare(patient: Patient, at: str | datetime | None = None, absent: Absent = "unknown") -> Facts:
    """The facts of a patient at `at`, else at the patient's `as_of`, else now. Raises PatientError and UsageError."""
    if absent not in ("unknown", "no"):
        raise UsageError('`absent` is "unknown" or "no"')
    instant = read_instant(at)
    if instant is None and patient.as_of is not None:
        zone = patient.as_of.start.tzinfo or UTC
        instant = instant_of(patient.as_of.start, zone), zone
    if instant is None:
        instant = instant_of(datetime.now(UTC), UTC), UTC
    return _Preparer(patient, *instant, absent).facts()


class _Preparer:
    def __init__(self, patient: Patient, at: Instant, zone: tzinfo, absent: Absent) -> None:
        self._patient = patient
        self._vocabulary = patient.vocabulary
        self._at = at
        self._zone = zone
        self._absent = absent
        self._problems: list[Problem] = []
        self._ignored: dict[str, int] = {}
        self._warnings: list[str] = list(patient.warnings)

    def facts(self) -> Facts:
        patient = self._patient
        ages = self._ages()
        cannot = frozenset(
            concept.name for concept in self._vocabulary.of_limited_applicability if self._cannot_apply(concept, ages)
        )
        self._refuse_inapplicable(cannot)
        observations = {
            name: tuple(self._seen(name, (
                (Observation(
                    r.value, when, r.text, r.lower, r.upper, r.months, r.when is not None, False, r.lower_text, r.upper_text
                ), when)
                for r in readings for when in [self._span(r.when)]
            )))
            for name, readings in patient.readings.items()
        }  # fmt: skip
        classes = {
            name: tuple(self._seen(name, (
                (ClassObservation(r.rank, when, r.text, r.when is not None), when)
                for r in readings for when in [self._span(r.when)]
            )))
            for name, readings in patient.classes.items()
        }  # fmt: skip
        self._warn_of_ties(observations)
        timelines = self._timelines(cannot)
        self._none_when_absent(classes, timelines)
        milestones = {name: given.span(self._zone) for name, given in patient.milestones.items()}
        overrides = {
            trial.casefold(): (
                given.attestations,
                {name: when.span(self._zone) if when else None for name, when in given.milestones.items()},
            )
            for trial, given in patient.overrides.items()
        }
        if self._problems:
            raise PatientError(self._problems)
        ignored = tuple(
            f"{name}: {count} dated after the instant of judgement" for name, count in sorted(self._ignored.items())
        )
        return Facts(
            self._vocabulary, self._at, self._zone, ages,
            {name: seen for name, seen in observations.items() if seen}, {name: seen for name, seen in classes.items() if seen},
            timelines, patient.attestations, milestones, patient.judgements, overrides, cannot, ignored, tuple(self._warnings),
        )  # fmt: skip

    # --- times -------------------------------------------------------------------------------------------------------

    def _span(self, when: PartialDate | None) -> Span:
        return Span(self._at, self._at) if when is None else when.span(self._zone)

    def _cut(self, span: Span) -> Span | None:
        """What of a date is not after the instant; None where all of it is."""
        if span.first > self._at:
            return None
        return span if span.last <= self._at else Span(span.first, self._at)

    def _seen(self, name: str, items: Iterable[tuple[_Dated, Span]]) -> list[_Dated]:
        seen: list[_Dated] = []
        for item, when in items:
            cut = self._cut(when)
            if cut is None:
                self._ignored[name] = self._ignored.get(name, 0) + 1
            else:
                seen.append(item if cut is when else replace(item, when=cut))
        return seen

    def _clash(self, name: str, message: str) -> None:
        """A problem under the key that the record has for a concept."""
        self._problems.append(Problem(self._patient.named.get(name, name), message, name))

    # --- age and applicability ---------------------------------------------------------------------------------------

    def _ages(self) -> Ages | None:
        patient = self._patient
        today = local(self._at, self._zone).date()
        birth = None
        if patient.birth is not None:
            birth = birth_days(patient.birth, today)
            if birth is None:
                self._problems.append(Problem("birth_date", "it lies after the instant of judgement"))
                return None
        given = patient.age
        if birth is None:
            return Ages(None, given.low, given.high, given.unit, given.text) if given else None
        if given is not None:
            fewest, most = completed_months(birth[1], today), completed_months(birth[0], today)
            step = 12 if given.unit == "years" else 1
            if most // step < given.low or fewest // step > given.high:
                self._clash("age", f"it disagrees with `birth_date` at the instant of judgement ({today.isoformat()})")
            return Ages(birth, given.low, given.high, given.unit, given.text)
        return Ages(birth, text=f"born {patient.birth.text if patient.birth else ''}")

    def _cannot_apply(self, concept: Concept, ages: Ages | None) -> bool:
        if concept.applies_to_sex:
            seen = self._patient.classes.get("sex", [])
            sexes = {self._vocabulary["sex"].values[reading.rank] for reading in seen}
            if sexes and concept.applies_to_sex not in sexes:
                return True
        if concept.applies_from_months and ages is not None:
            months = age_in_months(ages, self._at, self._zone)
            return months.high < concept.applies_from_months
        return False

    def _refuse_inapplicable(self, cannot: frozenset[str]) -> None:
        for name in sorted(cannot):
            stated = self._patient.occurrences.get(name)
            if (stated and stated.form not in ("never", "absent")) or self._patient.attestations.get(name):
                self._clash(name, "it cannot apply to a patient of this sex and age")

    # --- measurements ------------------------------------------------------------------------------------------------

    def _warn_of_ties(self, observations: Mapping[str, tuple[Observation, ...]]) -> None:
        for name, seen in observations.items():
            by_time: dict[Span, set[Interval]] = {}
            for observation in seen:
                by_time.setdefault(observation.when, set()).add(observation.value)
            newest = max((observation.when.last for observation in seen), default=0)
            if any(len(values) > 1 and span.last == newest for span, values in by_time.items()):
                self._warnings.append(
                    f"{name}: two newest values at one time disagree; everything between them is taken as possible"
                )

    # --- conditions and events ---------------------------------------------------------------------------------------

    def _timelines(self, cannot: frozenset[str]) -> dict[str, Timeline]:
        vocabulary = self._vocabulary
        own = {name: self._own(vocabulary[name], name in cannot) for name in self._patient.occurrences}
        for name, stated in self._patient.occurrences.items():
            if stated.past and not stated.plans and own[name] == Timeline():
                del own[name]  # all of it lies after the instant: it is not seen
        for name in cannot:
            if vocabulary[name].is_occurrence:
                own[name] = Timeline(complete="cannot apply")
        touched = set(own)
        for name in list(own):
            touched.update(vocabulary.wholes(name))
            touched.update(vocabulary.parts(name))
        if self._absent == "no":
            touched.update(concept.name for concept in vocabulary if concept.is_occurrence and concept.on_problem_list)
        timelines = {name: self._joined(name, own) for name in touched}
        for name, timeline in timelines.items():
            if timeline.complete or name in own or not self._may_be_assumed(name, own):
                continue
            timelines[name] = Timeline(
                timeline.episodes, "assumed", timeline.absent_now, timeline.own_plans, timeline.plans
            )
        return timelines

    def _may_be_assumed(self, name: str, own: Mapping[str, Timeline]) -> bool:
        """May silence about it be read as absence, under absent="no"?"""
        if self._absent != "no" or not self._vocabulary[name].on_problem_list or name in self._patient.nulls:
            return False
        for part in self._vocabulary.parts(name):
            if part in self._patient.nulls:
                return False
            theirs = own.get(part)
            if theirs is not None and any(may_last(episode, self._at) for episode in theirs.episodes):
                return False
        return True

    def _own(self, concept: Concept, cannot: bool) -> Timeline:
        """What the record says of one condition or event itself."""
        stated = self._patient.occurrences[concept.name]
        if cannot:
            return Timeline(complete="cannot apply")
        plans = tuple(
            Span(max(span.first, self._at), span.last)
            for plan in stated.plans
            if (span := plan.span(self._zone)).last >= self._at
        )
        if len(plans) < len(stated.plans):
            self._warnings.append(f"{concept.name}: a plan dated before the instant of judgement is not used")
        match stated.form:
            case "never":
                return Timeline(complete="never")
            case "absent":
                return Timeline(absent_now=True)
            case "present":
                return Timeline((self._episode(concept, Occurrence(present=True)) or _UNREACHABLE,))
            case "planned":
                return Timeline(own_plans=plans, plans=plans)
            case "listed":
                episodes = [self._episode(concept, item) for item in stated.past]
                kept = tuple(episode for episode in episodes if episode is not None)
                lost = len(kept) < len(episodes)
                undated = any(item.onset is None and item.end is None for item in stated.past)
                complete = not undated and not (lost and not kept)
                if not stated.items:
                    self._warnings.append(f"{concept.name}: an empty list was taken as never")
                return Timeline(kept, "listed" if complete else "", False, plans, plans)

    def _episode(self, concept: Concept, item: Occurrence) -> Episode | None:
        """One occurrence with its times; None where it lies after the instant. An end that does is not seen: it lasts."""
        name = concept.name
        onset = self._cut(item.onset.span(self._zone)) if item.onset else None
        end = self._cut(item.end.span(self._zone)) if item.end else None
        if (item.onset and onset is None) or (item.end and end is None):
            self._ignored[name] = self._ignored.get(name, 0) + 1
            if onset is None:
                return None
        if onset is None:
            onset = Span(EARLIEST, self._at if end is None else end.last)
        elif item.onset and item.end and end is not None and end.last < onset.first:
            self._clash(name, f"it resolved ({item.end.text}) before its onset ({item.onset.text})")
        if concept.kind == "event":
            return Episode(onset, onset, concept=name)
        if end is not None:
            onset = Span(onset.first, max(onset.first, min(onset.last, end.last)))  # it began before it ended
            return Episode(onset, onset, Span(max(end.first, onset.first), end.last), concept=name)
        if item.present is False:
            return Episode(onset, onset, Span(onset.first, self._at), concept=name)
        presumed = concept.acute_for if item.present is None else None
        return Episode(onset, onset, None, presumed, name)

    def _joined(self, name: str, own: Mapping[str, Timeline]) -> Timeline:
        """What is known of a concept from its own record and from those of its parts."""
        vocabulary = self._vocabulary
        mine = own.get(name, Timeline())
        listed, added = list(mine.episodes), list[Episode]()
        plans = list(mine.plans)
        is_event = vocabulary[name].kind == "event"
        for part in vocabulary.parts(name):
            theirs = own.get(part)
            if theirs is None or theirs.complete == "cannot apply":
                continue
            plans += theirs.own_plans
            for episode in theirs.episodes:
                if mine.absent_now and may_last(episode, self._at) and not is_event:
                    self._warn(f"{name}: it is absent now, which leaves out {part}, that it includes; both count")
                onset, since = episode.onset, episode.since
                holding = [index for index, known in enumerate(listed) if _may_hold(known, episode, is_event)]
                if mine.complete and holding:  # it is one of those that the record of the whole dates
                    together = [_began_together(listed[index].onset, onset, is_event) for index in holding]
                    onset = Span(min(span.first for span in together), max(span.last for span in together))
                    since = onset if is_event else Span(max(since.first, onset.first), since.last)
                    if len(holding) == 1:
                        listed[holding[0]] = replace(listed[holding[0]], onset=onset, since=onset)
                elif mine.complete:
                    self._disagree(name, part, mine)
                elif not is_event:
                    onset = Span(EARLIEST, onset.last)
                end, presumed = (None, None) if is_event else (episode.end, episode.presumed)
                if not is_event and vocabulary[part].kind == "event":
                    presumed = _A_MOMENT
                added.append(Episode(onset, since, end, presumed, part))
        return Timeline((*listed, *added), mine.complete, mine.absent_now, mine.own_plans, tuple(plans))

    def _disagree(self, name: str, part: str, mine: Timeline) -> None:
        if mine.complete == "never":
            shown = self._patient.named.get(part, part)
            self._clash(name, f"it never was, and `{shown}`, which it includes, is or was present")
        elif mine.complete == "listed":
            self._warn(f"{name}: its record leaves out {part}, which it includes; both count")

    def _warn(self, warning: str) -> None:
        if warning not in self._warnings:
            self._warnings.append(warning)

    def _none_when_absent(
        self, classes: dict[str, tuple[ClassObservation, ...]], timelines: Mapping[str, Timeline]
    ) -> None:
        """A class such as the stage of a disease is its lowest value while the disease is absent."""
        for concept in self._vocabulary:
            condition = concept.none_when_absent
            if condition is None:
                continue
            chain = [timelines.get(name, Timeline()) for name in (condition, *self._vocabulary.wholes(condition))]
            ended = bool(chain[0].complete) and all(
                episode.end is not None and episode.end.last <= self._at for episode in chain[0].episodes
            )
            if ended or any(timeline.absent_now or (timeline.complete and not timeline.episodes) for timeline in chain):
                if concept.name in classes:
                    if any(observation.rank > 0 for observation in classes[concept.name]):
                        self._warn(
                            f"{condition}: it is absent now, which leaves out the {concept.name} that is given; the given one counts"
                        )
                    continue
                silent = any(timeline.complete == "assumed" for timeline in chain)
                why = (
                    f"{condition} is read as absent: the record does not name it"
                    if silent
                    else f"{condition} is absent"
                )
                now = Span(self._at, self._at)
                classes[concept.name] = (ClassObservation(0, now, f"{concept.values[0]}, since {why}", dated=False),)


# an event makes a condition that includes it present then; how long it lasted is not told
_A_MOMENT = Duration("0 s")
_UNREACHABLE = Episode(Span(0, 0), Span(0, 0))


def _may_hold(known: Episode, episode: Episode, is_event: bool) -> bool:
    """May an occurrence of a whole hold that of a part?"""
    if known.onset.first > episode.onset.last:
        return False
    if is_event:
        return known.onset.last >= episode.onset.first
    return known.end is None or (episode.end is not None and known.end.last >= episode.end.first)


def _began_together(whole: Span, part: Span, is_event: bool) -> Span:
    """When a whole began that holds a part: then or earlier (an event: then)."""
    return Span(max(whole.first, part.first) if is_event else whole.first, min(whole.last, part.last))


def may_last(episode: Episode, at: Instant) -> bool:
    """May an episode be present at an instant after its beginning?"""
    return episode.end is None or episode.end.last > at


def birth_days(birth: PartialDate, today: date) -> tuple[date, date] | None:
    """The first and the last day that a date of birth may mean, up to today; None where it lies ahead."""
    first, last = birth.start.date(), local(birth.span(UTC).last, UTC).date()
    return None if first > today else (first, min(last, today))


def age_in_months(ages: Ages, now: Instant, zone: tzinfo) -> Interval:
    """Completed months at an instant, as an interval of whole numbers."""
    today = local(now, zone).date()
    found: Interval | None = None
    if ages.birth is not None:
        found = Interval(max(0, completed_months(ages.birth[1], today)), max(0, completed_months(ages.birth[0], today)))
    if ages.unit:
        given = Interval(ages.low * 12, ages.high * 12 + 11) if ages.unit == "years" else Interval(ages.low, ages.high)
        found = given if found is None else found.meets(given)
    return found if found is not None else Interval(0, 1_800)


def age_in(unit: str, ages: Ages | None, now: Instant, zone: tzinfo) -> Interval:
    """Completed years or months at an instant."""
    months = Interval(0, 1_800) if ages is None else age_in_months(ages, now, zone)
    if unit == "months":
        return months
    return Interval(float(months.low // 12), float(months.high // 12))
