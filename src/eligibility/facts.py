"""A validated patient and an instant go in; the facts as they are known at that instant come out.

Dates get their zone, what is dated after the instant is set aside, and what contradicts itself at that instant is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from eligibility.ages import Ages, age_in_months, birth_days
from eligibility.errors import PatientError, Problem, UsageError, excerpt
from eligibility.instants import Instant, Span, completed_months, instant_of, local, read_date
from eligibility.intervals import Interval
from eligibility.look import Absent, Look
from eligibility.patient import Patient
from eligibility.timelines import Timeline, timelines_of
from eligibility.vocabulary import Concept, Vocabulary


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
        self._look = Look(patient, at, zone, absent, warnings=list(patient.warnings))
        self._patient = patient
        self._vocabulary = patient.vocabulary
        self._at = at
        self._zone = zone

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
                for r in readings for when in [self._look.span(r.when)]
            )))
            for name, readings in patient.readings.items()
        }  # fmt: skip
        classes = {
            name: tuple(self._seen(name, (
                (ClassObservation(r.rank, when, r.text, r.when is not None), when)
                for r in readings for when in [self._look.span(r.when)]
            )))
            for name, readings in patient.classes.items()
        }  # fmt: skip
        self._warn_of_ties(observations)
        timelines = timelines_of(self._look, cannot)
        self._none_when_absent(classes, timelines)
        milestones = {name: given.span(self._zone) for name, given in patient.milestones.items()}
        overrides = {
            trial.casefold(): (
                given.attestations,
                {name: when.span(self._zone) if when else None for name, when in given.milestones.items()},
            )
            for trial, given in patient.overrides.items()
        }
        if self._look.problems:
            raise PatientError(self._look.problems)
        ignored = tuple(
            f"{name}: {count} dated after the instant of judgement"
            for name, count in sorted(self._look.ignored.items())
        )
        return Facts(
            self._vocabulary, self._at, self._zone, ages,
            {name: seen for name, seen in observations.items() if seen}, {name: seen for name, seen in classes.items() if seen},
            timelines, patient.attestations, milestones, patient.judgements, overrides, cannot, ignored, tuple(self._look.warnings),
        )  # fmt: skip

    def _seen(self, name: str, items: Iterable[tuple[_Dated, Span]]) -> list[_Dated]:
        seen: list[_Dated] = []
        for item, when in items:
            cut = self._look.cut(when)
            if cut is None:
                self._look.unseen(name)
            else:
                seen.append(item if cut is when else replace(item, when=cut))
        return seen

    # --- age and applicability ---------------------------------------------------------------------------------------

    def _ages(self) -> Ages | None:
        patient = self._patient
        today = local(self._at, self._zone).date()
        birth = None
        if patient.birth is not None:
            birth = birth_days(patient.birth, today)
            if birth is None:
                self._look.problems.append(Problem("birth_date", "it lies after the instant of judgement"))
                return None
        given = patient.age
        if birth is None:
            return Ages(None, given.low, given.high, given.unit, given.text) if given else None
        if given is not None:
            fewest, most = completed_months(birth[1], today), completed_months(birth[0], today)
            step = 12 if given.unit == "years" else 1
            if most // step < given.low or fewest // step > given.high:
                self._look.clash(
                    "age", f"it disagrees with `birth_date` at the instant of judgement ({today.isoformat()})"
                )
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
                self._look.clash(name, "it cannot apply to a patient of this sex and age")

    # --- measurements ------------------------------------------------------------------------------------------------

    def _warn_of_ties(self, observations: Mapping[str, tuple[Observation, ...]]) -> None:
        for name, seen in observations.items():
            by_time: dict[Span, set[Interval]] = {}
            for observation in seen:
                by_time.setdefault(observation.when, set()).add(observation.value)
            newest = max((observation.when.last for observation in seen), default=0)
            if any(len(values) > 1 and span.last == newest for span, values in by_time.items()):
                self._look.warnings.append(
                    f"{name}: two newest values at one time disagree; everything between them is taken as possible"
                )

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
                        self._look.warn(
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
