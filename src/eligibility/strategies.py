"""Rules go in; Hypothesis strategies come out: patients at the edges of a trial's criteria, quantities, facts and rules.

Needs the extra `testing`. Drawn patients shrink towards an empty record, so that a failing one holds the guilty fact alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from eligibility import rules as checked
from eligibility.errors import EligibilityError, UsageError
from eligibility.evaluator import Situation, evaluate_atom
from eligibility.explanation import kleene
from eligibility.facts import prepare, read_instant
from eligibility.instants import local
from eligibility.library import Trial
from eligibility.logic import Truth
from eligibility.patient import Patient
from eligibility.regions import Variable, clusters, judgements, touched, variables
from eligibility.results import Verdict
from eligibility.screening import judge
from eligibility.states import State, states, units_of
from eligibility.vocabulary import Concept, Vocabulary, bundled_vocabulary
from eligibility.writing import formulas

DEFAULT_AT = "2024-03-04T08:00:00+00:00"
_SOLUTIONS = 8
_ATTEMPTS = 60


def quantities(concept: Concept | str, vocabulary: Vocabulary | None = None) -> st.SearchStrategy[Any]:
    """Values of one quantity as a record may spell them: several units, censored, intervals, dated, series.

    Raises UsageError for a name that is no quantity of the vocabulary.
    """
    words = vocabulary or bundled_vocabulary()
    found = concept if isinstance(concept, Concept) else words.find(concept)
    if found is None or found.kind != "quantity":
        raise UsageError(f"`{concept if isinstance(concept, str) else concept.name}` is no quantity of the vocabulary")
    made = states(Variable(found), words, _moment(None))
    return st.sampled_from([state[found.name] for state in made])


def facts(
    vocabulary: Vocabulary | None = None, *, at: str | datetime | None = None, most: int = 12
) -> st.SearchStrategy[dict[str, Any]]:
    """Records of up to `most` facts about any concepts of a vocabulary; what contradicts itself is left out."""
    words = vocabulary or bundled_vocabulary()
    moment = _moment(at)
    names = [concept.name for concept in words if concept.name != "screening"]

    @st.composite
    def record(draw: st.DrawFn) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(names), max_size=most, unique=True))
        drawn = [draw(st.sampled_from(_states_of(words, name, moment))) for name in chosen]
        return consistent(_merged(drawn), words)

    return record()


def rules(vocabulary: Vocabulary | None = None, *, deepest: int = 3) -> st.SearchStrategy[str]:
    """Formulas and blocks that compile: every construct of the language, names and units of the vocabulary."""
    words = vocabulary or bundled_vocabulary()
    return st.integers(min_value=0, max_value=2**48).map(lambda seed: formulas(words, random.Random(seed), deepest))


def patients(
    trial: Trial, *, verdict: Verdict | None = None, at: str | datetime | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Patient records at the edges of a trial's criteria, to be screened at `at` (a fixed instant if left out; it is
    the `as_of` of each record).

    With a `verdict`, records are built so that the trial gives it, not drawn until one does. Raises UsageError where no
    patient was found that reaches it, naming the criteria that stand in the way.
    """
    moment = _moment(at)
    if verdict is not None:
        return _with_verdict(trial, verdict, moment)
    domain = _domain(trial, moment)

    @st.composite
    def record(draw: st.DrawFn) -> dict[str, Any]:
        drawn = []
        for choices in domain:
            index = draw(st.integers(min_value=0, max_value=len(choices)))
            if index:
                drawn.append(choices[index - 1])
        return _with_time(consistent(_merged(drawn), trial.vocabulary), moment)

    return record()


# --- records ---------------------------------------------------------------------------------------------------------


def _moment(at: str | datetime | None) -> datetime:
    found = read_instant(at or DEFAULT_AT)
    assert found is not None
    return local(*found)


def _with_time(record: dict[str, Any], moment: datetime) -> dict[str, Any]:
    return {**record, "as_of": moment.isoformat()}


def _merged(pieces: Iterable[State]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for piece in pieces:
        for key, value in piece.items():
            record[key] = {**record[key], **value} if key == "judgements" and key in record else value
    return record


def consistent(record: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """A record without the facts that contradict others of it: parts of what never was, what cannot apply, two ages."""
    kept = dict(record)
    if "age" in kept and "birth_date" in kept:
        del kept["age"]
    for name in list(kept):
        concept = vocabulary.concepts.get(name)
        if concept is None:
            continue
        if any(_denies(kept.get(whole)) for whole in vocabulary.wholes(name)) and not _denies(kept[name]):
            del kept[name]
        elif concept.has_limited_applicability and not _denies(kept[name]) and kept[name] is not None:
            young = not (
                isinstance(kept.get("age"), str) and kept["age"].endswith("years") and int(kept["age"].split()[0]) >= 8
            )
            if kept.get("sex") not in (None, "female") or isinstance(kept.get("sex"), list | dict) or young:
                del kept[name]
        elif concept.none_when_absent and _denies(kept.get(concept.none_when_absent)):
            del kept[name]
    return kept


def _denies(value: object) -> bool:
    return value is False or value == {"present": False} or value == []


@lru_cache(maxsize=4096)
def _states_of(vocabulary: Vocabulary, name: str, moment: datetime) -> tuple[State, ...]:
    return states(Variable(vocabulary[name]), vocabulary, moment)


_DOMAINS: dict[tuple[int, str], tuple[tuple[State, ...], ...]] = {}


def _domain(trial: Trial, moment: datetime) -> tuple[tuple[State, ...], ...]:
    """For each fact that a trial reads, what a record may say of it."""
    key = (id(trial), moment.isoformat())
    if key not in _DOMAINS:
        _DOMAINS[key] = tuple(_choices(trial.criteria, trial, moment).values())
    return _DOMAINS[key]


def _choices(criteria: Sequence[checked.Criterion], trial: Trial, moment: datetime) -> dict[str, tuple[State, ...]]:
    statements = [criterion.rule for criterion in criteria]
    cut = variables(statements, trial.vocabulary)
    needed = set().union(*(touched(statement, trial.vocabulary) for statement in statements))
    for name in sorted(needed & {"sex", "age"}):
        cut.setdefault(name, Variable(trial.vocabulary[name]))
    found = {name: states(variable, trial.vocabulary, moment) for name, variable in cut.items()}
    for address in judgements(statements):
        found[address] = tuple({"judgements": {address: answer}} for answer in (True, False))
    return found


# --- patients of a verdict -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Solutions:
    """Records about one cluster of criteria, by what they make of it."""

    passing: tuple[dict[str, Any], ...]
    failing: tuple[dict[str, Any], ...]
    lacking: tuple[dict[str, Any], ...]
    asking: tuple[dict[str, Any], ...]
    criteria: tuple[checked.Criterion, ...]
    blocked: str | None


_SOLVED: dict[tuple[int, str], tuple[_Solutions, ...]] = {}


def _with_verdict(trial: Trial, verdict: Verdict, moment: datetime) -> st.SearchStrategy[dict[str, Any]]:
    key = (id(trial), moment.isoformat())
    if key not in _SOLVED:
        _SOLVED[key] = tuple(_solve(trial, group, moment) for group in clusters(trial.criteria, trial.vocabulary))
    parts = _SOLVED[key]
    blocked = [part.blocked for part in parts if part.blocked]
    if verdict != "ineligible" and blocked:
        raise UsageError(f"no patient was found for whom {trial.id} is {verdict}: {'; '.join(blocked)}")
    leading = {
        "eligible": [part for part in parts if part.passing], "ineligible": [part for part in parts if part.failing],
        "review": [part for part in parts if part.asking], "undetermined": [part for part in parts if part.lacking],
    }[verdict]  # fmt: skip
    if not leading:
        why = {
            "eligible": "it has no criteria", "ineligible": "no criterion can fail",
            "review": "it asks for no attestation and no judgement that could stay open", "undetermined": "no criterion hangs on data",
        }[verdict]  # fmt: skip
        raise UsageError(f"no patient was found for whom {trial.id} is {verdict}: {why}")

    @st.composite
    def record(draw: st.DrawFn) -> dict[str, Any]:
        first = draw(st.sampled_from(leading))
        drawn = []
        for part in parts:
            drawn.append(draw(st.sampled_from(_allowed(part, verdict, part is first))))
        return _with_time(_merged(drawn), moment)

    return record()


def _allowed(part: _Solutions, verdict: Verdict, leads: bool) -> tuple[dict[str, Any], ...]:
    match verdict:
        case "eligible":
            return part.passing
        case "review":
            return part.asking if leads else (*part.passing, *part.asking)
        case "undetermined":
            return part.lacking if leads else (*part.passing, *part.lacking, *part.asking)
        case "ineligible":
            return part.failing if leads else (*part.lacking, *part.passing, *part.asking, *part.failing) or ({},)


def _solve(trial: Trial, group: tuple[checked.Criterion, ...], moment: datetime) -> _Solutions:
    """Look for records that make a cluster pass, fail, or stay open; Kleene logic cuts off what cannot succeed."""
    solver = _Solver(trial, group, moment)
    passing = solver.search(want_pass=True)
    failing = solver.search(want_pass=False)
    lacking: list[dict[str, Any]] = []
    asking: list[dict[str, Any]] = []
    if solver.status({}) == "data":
        lacking.append({})
    elif solver.status({}) == "answers":
        asking.append({})
    for record in passing:
        for left_out in list(record):
            thinner = {key: value for key, value in record.items() if key != left_out}
            status = solver.status(thinner)
            if status == "data":
                lacking.append(thinner)
            elif status == "answers":
                asking.append(thinner)
    blocked = None
    if not passing:
        named = ", ".join(criterion.address for criterion in solver.stubborn())
        blocked = f"{named} cannot pass" if named else f"{', '.join(c.address for c in group)} cannot pass together"
    return _Solutions(
        tuple(passing), tuple(failing), _distinct(lacking), _distinct(asking), group, blocked
    )  # fmt: skip


def _distinct(records: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple({repr(record): record for record in records}.values())[: 3 * _SOLUTIONS]


class _Solver:
    def __init__(self, trial: Trial, group: tuple[checked.Criterion, ...], moment: datetime) -> None:
        self._trial = Trial(
            trial.id, trial.title, group, trial.registry, trial.values, (), trial.source, trial.vocabulary
        )  # fmt: skip
        self._moment = moment
        self._choices = _choices(group, trial, moment)
        self._random = random.Random(20240304)

    def _outcomes(
        self, record: dict[str, Any], criteria: Sequence[checked.Criterion]
    ) -> tuple[list[bool | None], int] | None:
        """Whether each criterion passes, and how many comparisons are open; None for a record that contradicts itself."""
        try:
            patient = Patient.parse(record, vocabulary=self._trial.vocabulary)
            known = prepare(patient, self._moment)
        except EligibilityError:
            return None
        situation = Situation(known, known.at, self._trial.id, self._trial.values)
        passes: list[bool | None] = []
        count = 0
        for criterion in criteria:
            truths = {atom: evaluate_atom(atom, situation) for atom in checked.atoms(criterion.rule)}
            outcome = kleene(criterion.rule, truths)
            count += sum(truth is Truth.UNKNOWN for truth in truths.values())
            wanted = Truth.TRUE if criterion.section == "include" else Truth.FALSE
            passes.append(None if outcome is Truth.UNKNOWN else outcome is wanted)
        return passes, count

    def status(self, record: dict[str, Any]) -> str:
        """`pass`, `fail`, `data` or `answers`; `wrong` for a record that contradicts itself."""
        try:
            patient = Patient.parse(record, vocabulary=self._trial.vocabulary)
            verdict = judge(self._trial, prepare(patient, self._moment)).verdict
        except EligibilityError:
            return "wrong"
        return {"eligible": "pass", "ineligible": "fail", "undetermined": "data", "review": "answers"}[verdict]

    def search(self, *, want_pass: bool) -> list[dict[str, Any]]:
        """Up to a handful of different records that make every criterion pass, or one of them fail."""
        found: dict[str, dict[str, Any]] = {}
        for attempt in range(_ATTEMPTS):
            if len(found) >= _SOLUTIONS:
                break
            aim = self._trial.criteria if want_pass else (self._random.choice(self._trial.criteria),)
            record = self._walk(aim, want_pass, plain=attempt < 4)
            if record is not None:
                found.setdefault(repr(sorted(record.items(), key=lambda item: item[0])), record)
        return sorted(found.values(), key=lambda record: len(repr(record)))

    def _walk(self, aim: Sequence[checked.Criterion], want_pass: bool, plain: bool) -> dict[str, Any] | None:
        names = list(self._choices)
        self._random.shuffle(names)
        record: dict[str, Any] = {}
        found = self._outcomes(record, aim)
        for name in names:
            options = list(self._choices[name])
            head = options[: max(4, len(options) // 2)] if plain else options
            self._random.shuffle(head)
            fallback = None
            for option in [*head, *options][:40]:
                tried = _merged([record, option])
                outcome = self._outcomes(tried, aim)
                if outcome is None or (not want_pass) in outcome[0]:
                    continue
                if found is None or outcome[1] < found[1]:  # it decides something
                    record, found, fallback = tried, outcome, None
                    break
                fallback = fallback or (tried, outcome)
            if fallback is not None and self._random.random() < 0.3:
                record, found = fallback
            if found and found[0] and all(value is want_pass for value in found[0]):
                return record
        return None

    def stubborn(self) -> list[checked.Criterion]:
        """The criteria that cannot pass even alone."""
        return [
            criterion for criterion in self._trial.criteria
            if not any(self._walk((criterion,), True, plain=attempt % 2 == 0) for attempt in range(20))
        ]  # fmt: skip


__all__ = ["consistent", "facts", "patients", "quantities", "rules", "units_of"]
