"""A long table of facts and trials go in; a screened cohort comes out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import narwhals as nw

from eligibility import rules
from eligibility.cohort.answering import Answering
from eligibility.cohort.canonical import canonical
from eligibility.cohort.engines import ROW, engine_of
from eligibility.cohort.expressible import require_expressible
from eligibility.cohort.questions import Questions
from eligibility.cohort.reading import Clock, Rejects, clock_at, decoded
from eligibility.cohort.results import Cohort
from eligibility.cohort.verdicts import judged
from eligibility.errors import UsageError
from eligibility.library import Trial, bundled_trials, select
from eligibility.look import Absent
from eligibility.vocabulary import Vocabulary, bundled_vocabulary

col = nw.col
_FIRST_ADDRESS = 1_000_000


def screen(
    facts: Any,
    trials: Iterable[str | Trial] | str | Trial | None = None,
    *,
    patients: Any = None,
    at: str | datetime | None = None,
    absent: Absent = "unknown",
) -> Cohort:
    """Judge every patient of a long table of facts.

    `facts` is a frame of Polars, DuckDB, Spark, Arrow or pandas with one row for each measurement or occurrence: `patient`,
    `concept`, and as far as they are needed `value`, `value_high`, `unit`, `comparator`, `text`, `status`, `time`, `end`,
    `lower_limit`, `upper_limit`, `trial`. `patients` is a frame of the same engine with `patient`, `as_of`, `birth_date`, `sex`.
    Patients are judged at `at`, else each at its own `as_of`, else now.

    A row that cannot be used never stops the screening: it is in `.rejects`. Raises UsageError for a frame without the needed
    columns, or with a column of the wrong type, for an unknown trial and for a bad `at`.
    """
    return screened(facts, trials, patients, at, absent)


def screened(
    facts: Any, trials: Iterable[str | Trial] | str | Trial | None, patients: Any, at: str | datetime | None, absent: Absent, *,
    otherwise: str | None = None,
) -> Cohort:  # fmt: skip
    """The same; without `at`, `otherwise` is the instant of those who have none of their own (else now)."""
    chosen = select(trials)
    vocabulary = vocabulary_of(chosen)
    engine, native = engine_of(facts)
    if patients is not None:
        other, patients = engine_of(patients)
        if type(other) is not type(engine):
            raise UsageError(
                f"the facts are a frame of {engine.name}, the patients one of {other.name}; give both to one engine"
            )
    if absent not in ("unknown", "no"):
        raise UsageError('`absent` is "unknown" or "no"')
    shared = clock_at(otherwise if at is None else at)
    clock = shared
    if at is None and patients is not None and "as_of" in nw.from_native(patients).collect_schema():
        clock = Clock(col("now"), col("offset"))
    require_expressible(chosen, engine)
    known = known_trials(chosen)
    numbers = {trial.id.casefold(): index for index, trial in enumerate(known)}
    questions = Questions(vocabulary, clock, absent, numbers, addresses_of(known))
    judgement = judged(chosen, questions)
    rejects = Rejects()
    # nothing here holds the canonical rows beyond the answers
    answering = Answering(engine, canonical(engine, native, patients, questions, clock, rejects, shared), questions)
    codes = answering.codes
    judged_rows = decoded(judgement.applied(answering.wide(), engine), codes)
    del answering
    frame, rejects_found = engine.finished(judged_rows, rejected(rejects))
    return Cohort(engine, frame, judgement, chosen, rejects_found)


def rejected(rejects: Rejects) -> nw.LazyFrame[Any]:
    """The table of rejects: rows of the table of patients have no number."""
    pieces = rejects.whole()
    row = nw.when(col(ROW) >= 0).then(col(ROW))
    return pieces.select(row.alias(ROW), "patient", "concept", "reason")


def vocabulary_of(trials: tuple[Trial, ...]) -> Vocabulary:
    """The one vocabulary of some trials. Raises UsageError where there are several, or no trials."""
    if not trials:
        raise UsageError("there is no trial to screen for")
    if any(trial.vocabulary is not trials[0].vocabulary for trial in trials):
        raise UsageError("the trials were compiled with different vocabularies; screen them apart")
    return trials[0].vocabulary


def known_trials(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """The trials that rows may speak of: those that are screened, and the bundled ones beside them."""
    if trials[0].vocabulary is not bundled_vocabulary():
        return trials
    ids = {trial.id.casefold() for trial in trials}
    return (*trials, *(trial for trial in bundled_trials() if trial.id.casefold() not in ids))


def addresses_of(trials: tuple[Trial, ...]) -> dict[str, int]:
    """The number of each judgement that trials ask for, by its address."""
    found = [
        atom.address.casefold()
        for trial in trials
        for criterion in trial.criteria
        for atom in rules.atoms(criterion.rule)
        if isinstance(atom, rules.Judged)
    ]
    return {address: _FIRST_ADDRESS + index for index, address in enumerate(dict.fromkeys(found))}
