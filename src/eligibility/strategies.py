"""Rules go in; Hypothesis strategies come out: patients at the edges of a trial's criteria, quantities, facts and rules.

Needs the extra `testing`. Drawn patients shrink towards an empty record, so that a failing one holds the guilty fact alone.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from eligibility.building import Solutions, choices, consistent, merged, solved
from eligibility.errors import UsageError
from eligibility.facts import read_instant
from eligibility.instants import local
from eligibility.library import Trial
from eligibility.patient import Patient
from eligibility.regions import Variable
from eligibility.results import Verdict
from eligibility.states import State, states
from eligibility.vocabulary import Concept, Vocabulary, bundled_vocabulary
from eligibility.writing import formulas

DEFAULT_AT = "2024-03-04T08:00:00+00:00"


def quantities(concept: Concept | str, vocabulary: Vocabulary | None = None) -> st.SearchStrategy[Any]:
    """Values of one quantity as a record may spell them: several units, censored, intervals, dated, series.

    Raises UsageError for a name that is no quantity of the vocabulary.
    """
    words = vocabulary or bundled_vocabulary()
    found = concept if isinstance(concept, Concept) else words.find(concept)
    if found is None or found.kind != "quantity":
        raise UsageError(f"`{concept if isinstance(concept, str) else concept.name}` is no quantity of the vocabulary")
    made = states(Variable(found), words, moment_of(None))
    return st.sampled_from([state[found.name] for state in made])


def facts(
    vocabulary: Vocabulary | None = None, *, at: str | datetime | None = None, most: int = 12
) -> st.SearchStrategy[dict[str, Any]]:
    """Records of up to `most` facts about any concepts of a vocabulary; what contradicts itself is left out."""
    words = vocabulary or bundled_vocabulary()
    moment = moment_of(at)
    names = [concept.name for concept in words if concept.name != "screening"]

    @st.composite
    def record(draw: st.DrawFn) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(names), max_size=most, unique=True))
        drawn = [draw(st.sampled_from(_states_of(words, name, moment))) for name in chosen]
        return consistent(merged(drawn), words)

    return record()


def rules(vocabulary: Vocabulary | None = None, *, deepest: int = 3) -> st.SearchStrategy[str]:
    """Formulas and blocks that compile: every construct of the language, names and units of the vocabulary."""
    words = vocabulary or bundled_vocabulary()
    return st.randoms(use_true_random=False).map(lambda chance: formulas(words, chance, deepest))


def patients(
    trial: Trial, *, verdict: Verdict | None = None, at: str | datetime | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Patient records at the edges of a trial's criteria, to be screened at `at` (a fixed instant if left out; it is
    the `as_of` of each record).

    With a `verdict`, records are built so that the trial gives it, not drawn until one does. Raises UsageError where no
    patient was found that reaches it, naming the criteria that stand in the way.
    """
    moment = moment_of(at)
    if verdict is not None:
        return _with_verdict(trial, verdict, moment)
    domain = _domain(trial, moment)

    @st.composite
    def record(draw: st.DrawFn) -> dict[str, Any]:
        drawn = []
        for options in domain:
            index = draw(st.integers(min_value=0, max_value=len(options)))
            if index:
                drawn.append(options[index - 1])
        return _with_time(consistent(merged(drawn), trial.vocabulary), moment)

    return record()


# --- records ---------------------------------------------------------------------------------------------------------


def moment_of(at: str | datetime | None) -> datetime:
    """The instant at which drawn patients are judged, on its own clock."""
    found = read_instant(at or DEFAULT_AT)
    assert found is not None
    return local(*found)


def _with_time(record: dict[str, Any], moment: datetime) -> dict[str, Any]:
    return {**record, "as_of": moment.isoformat()}


@lru_cache(maxsize=4096)
def _states_of(vocabulary: Vocabulary, name: str, moment: datetime) -> tuple[State, ...]:
    return states(Variable(vocabulary[name]), vocabulary, moment)


_DOMAINS: dict[tuple[int, str], tuple[Trial, tuple[tuple[State, ...], ...]]] = {}


def _domain(trial: Trial, moment: datetime) -> tuple[tuple[State, ...], ...]:
    """For each fact that a trial reads, what a record may say of it."""
    key = (id(trial), moment.isoformat())
    if key not in _DOMAINS:
        _DOMAINS[key] = (trial, tuple(choices(trial.criteria, trial, moment).values()))
    return _DOMAINS[key][1]


# --- patients of a verdict -------------------------------------------------------------------------------------------


def _with_verdict(trial: Trial, verdict: Verdict, moment: datetime) -> st.SearchStrategy[dict[str, Any]]:
    parts = solved(trial, moment)
    blocked = [
        part.blocked or f"{part.criteria[0].address} is always open"
        for part in parts
        if not _allowed(part, verdict, False)
    ]
    if blocked:
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

    options = [st.sampled_from(_simplest_first(_allowed(part, verdict, False))) for part in parts]
    leaders = {
        index: st.sampled_from(_simplest_first(_allowed(part, verdict, True)))
        for index, part in enumerate(parts) if any(part is one for one in leading)
    }  # fmt: skip
    chosen = st.sampled_from(list(leaders))

    @st.composite
    def record(draw: st.DrawFn) -> dict[str, Any]:
        leader = draw(chosen)
        drawn = [draw(leaders[index] if index == leader else option) for index, option in enumerate(options)]
        return _with_time(merged(drawn), moment)

    return record()


def _simplest_first(records: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """In the order in which a failing patient shrinks."""
    return sorted(records, key=lambda record: (len(record), len(repr(record)), repr(record)))


def _allowed(part: Solutions, verdict: Verdict, leads: bool) -> tuple[dict[str, Any], ...]:
    match verdict:
        case "eligible":
            return part.passing
        case "review":
            return part.asking if leads else (*part.passing, *part.asking)
        case "undetermined":
            return part.lacking if leads else (*part.passing, *part.lacking, *part.asking)
        case "ineligible":
            return part.failing if leads else (*part.lacking, *part.passing, *part.asking, *part.failing) or ({},)


def _any_patient() -> st.SearchStrategy[Patient]:
    return facts().map(Patient.parse)


st.register_type_strategy(Patient, lambda _: _any_patient())

__all__ = ["facts", "patients", "quantities", "rules"]
