"""A trial goes in; ready properties of its rules are tested with Hypothesis, in one line of an author's own tests.

    from eligibility import load_trials
    from eligibility.testing import check_trial

    def test_my_trial():
        check_trial(load_trials("my-trial.elig")[0])

Each property fails with an AssertionError that speaks of criteria and facts. Needs the extra `testing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eligibility.building import solved
from eligibility.errors import PatientError, UsageError
from eligibility.examples import read_examples, run_example
from eligibility.formulas import check_formula
from eligibility.library import Trial
from eligibility.results import Screening, Verdict
from eligibility.screening import screen
from eligibility.states import spell, units_of
from eligibility.strategies import DEFAULT_AT, moment_of, patients

_OPPOSITE = {"met": "not met", "not met": "met"}


def check_trial(trial: Trial, *, examples: int = 100, at: str = DEFAULT_AT) -> None:
    """All properties below, on `examples` drawn patients each."""
    check_reachable(trial, at=at)
    check_knowing_more(trial, examples=examples, at=at)
    check_units(trial, examples=examples, at=at)


def check_reachable(trial: Trial, *, at: str = DEFAULT_AT) -> None:
    """Each criterion can be met, not met and unknown for some patient; one that cannot says nothing."""
    outcomes: dict[str, set[str]] = {criterion.address: set() for criterion in trial.criteria}
    for part in solved(trial, moment_of(at)):
        for record in (*part.passing, *part.failing, *part.lacking, *part.asking, {}):
            for criterion in screen(record, [trial], at=at)[trial.id].criteria:
                outcomes[criterion.id].add(criterion.outcome)
    lost = [
        f"{trial.id}/{address} was never {outcome}"
        for address, seen in outcomes.items() for outcome in ("met", "not met", "unknown") if outcome not in seen
    ]  # fmt: skip
    assert not lost, "\n".join(lost)


def check_knowing_more(trial: Trial, *, examples: int = 100, at: str = DEFAULT_AT) -> None:
    """A fact more never turns a criterion from met to not met, or back."""

    @_drawn(examples)
    @given(patients(trial, at=at), st.randoms(use_true_random=False))
    def holds(record: dict[str, Any], chance: Any) -> None:
        facts = [key for key in record if key not in ("as_of", "judgements") and not _replaces(trial, key, record)]
        if not facts:
            return
        key = chance.choice(facts)
        full = _screened(trial, record)
        less = _screened(trial, {name: value for name, value in record.items() if name != key})
        if full is None or less is None or any("leaves out" in warning for warning in full.warnings):
            return
        for before, after in zip(less[trial.id].criteria, full[trial.id].criteria, strict=True):
            assert _OPPOSITE.get(before.outcome) != after.outcome, (
                f"{trial.id}/{after.id} is {before.outcome} without `{key}` and {after.outcome} with it: {after.reason}"
            )

    holds()


def check_units(trial: Trial, *, examples: int = 100, at: str = DEFAULT_AT) -> None:
    """The same values in other units give the same outcomes."""

    @_drawn(examples)
    @given(patients(trial, at=at), st.randoms(use_true_random=False))
    def holds(record: dict[str, Any], chance: Any) -> None:
        other = {key: _respelled(trial, key, value, chance) for key, value in record.items()}
        first, second = _screened(trial, record), _screened(trial, other)
        if first is None or second is None:
            assert first is second, f"one of the two records is refused: {other}"  # both are, or neither
            return
        for before, after in zip(first[trial.id].criteria, second[trial.id].criteria, strict=True):
            assert before.outcome == after.outcome, (
                f"{trial.id}/{after.id} is {before.outcome}, and {after.outcome} in other units: {before.reason} / {after.reason}"
            )

    holds()


def check_verdict(trial: Trial, verdict: str, *, examples: int = 50, at: str = DEFAULT_AT) -> None:
    """Patients can be built for whom the trial gives a verdict, and it gives it to all of them. Raises UsageError, with
    the reason, where none can be built."""
    known: tuple[Verdict, ...] = get_args(Verdict)
    wanted = next((name for name in known if name == verdict), None)
    if wanted is None:
        raise UsageError(f"a verdict is one of {', '.join(known)}")

    @_drawn(examples)
    @given(patients(trial, verdict=wanted, at=at))
    def holds(record: dict[str, Any]) -> None:
        found = screen(record, [trial])[trial.id].verdict
        assert found == verdict, f"{trial.id} is {found}, not {verdict}"

    holds()


def check_examples(trial: Trial, path: str | Path) -> None:
    """Every example of a file holds. Raises UsageError for a file that cannot be read."""
    for example in read_examples(Path(path)):
        ran = run_example(trial, example)
        assert not ran.differences, f"{example.title}: " + "\n".join(str(item) for item in ran.differences)


def _drawn(examples: int) -> settings:
    """So many examples, however long each takes."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


def _screened(trial: Trial, record: Mapping[str, Any]) -> Screening | None:
    try:
        return screen(record, [trial])
    except PatientError:
        return None


def _replaces(trial: Trial, key: str, record: Mapping[str, Any]) -> bool:
    """Does a fact stand for a computed or an assumed value, or compute another one beside a value that was brought?
    Then it is another knowledge, not more."""
    words = trial.vocabulary
    concept = words.find(key)
    if concept is None or concept.formula is not None or concept.assumed is not None:
        return concept is not None
    waiting = [found for name in record if (found := words.find(name)) is not None and found.formula is not None]
    while waiting:
        sources = check_formula(words, waiting.pop()).inputs
        if concept in sources:
            return True
        waiting += [source for source in sources if source.formula is not None]
    return False


def _respelled(trial: Trial, key: str, value: Any, chance: Any) -> Any:
    concept = trial.vocabulary.find(key)
    if concept is None or concept.kind != "quantity" or not isinstance(value, str):
        return value
    number, _, unit = value.partition(" ")
    others = list(units_of(concept, trial.vocabulary))
    if (unit or "1") != concept.unit or not others:
        return value
    try:
        amount = float(number)
    except ValueError:  # a censored value or an interval stays as it is
        return value
    text, other = chance.choice(others)
    return spell(concept, amount, other, text)


__all__ = ["check_examples", "check_knowing_more", "check_reachable", "check_trial", "check_units", "check_verdict"]
