"""The long table and the table of patients go in; canonical rows of each kind and the people come out. Rows that cannot be used,
or that contradict each other, are set aside with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw

from eligibility.cohort import measurements, people, plain_facts, reading, statements
from eligibility.cohort.calendar import Moment
from eligibility.cohort.engines import ROW, Engine, TimeKind
from eligibility.cohort.questions import Questions
from eligibility.cohort.reading import Clock, I, Rejects, reason
from eligibility.errors import UsageError
from eligibility.vocabulary import Vocabulary

col = nw.col


@dataclass
class Canonical:
    """The rows of each kind, canonical and free of contradictions, and the people."""

    people: nw.LazyFrame[Any]
    observations: nw.LazyFrame[Any]
    occurrences: nw.LazyFrame[Any]
    stated: nw.LazyFrame[Any]
    answers: nw.LazyFrame[Any]
    milestones: nw.LazyFrame[Any]
    classes_given: nw.LazyFrame[Any]
    clock: Clock
    codes: nw.LazyFrame[Any] | None


def canonical(
    engine: Engine, facts: Any, patients: Any, questions: Questions, clock: Clock, rejects: Rejects, shared: Clock
) -> Canonical:
    """Read both tables. `clock` is that of all patients; where the table of patients brings an `as_of` and no `at` was given,
    each patient has its own, or the `shared` one if its own is missing."""
    vocabulary = questions.vocabulary
    taken = engine.take(facts, reading.TIMES)
    rows = reading.prepared(taken.frame, ("patient", "concept"), taken.kinds)
    table, unusable = None, None
    if patients is not None:
        table, unusable = people.read_patients(engine, patients, not clock.is_shared, rejects)
        table = engine.settle(table)
        theirs, ours = (frame.collect_schema()["patient"] for frame in (table, rows))
        if theirs != ours:
            raise UsageError(
                f"the column `patient` holds {ours} in the facts and {theirs} in the table of patients; give both one type"
            )
    if unusable is not None:
        rows = rows.join(unusable, on="patient", how="anti")
    everyone = rows.filter(~col("patient").is_null()).select("patient").unique()
    if table is not None:
        everyone = nw.concat([everyone, table.select("patient")], how="vertical").unique()
    everyone = engine.settle(everyone)
    codes = engine.codes(everyone)
    if codes is not None:
        rejects.coded(codes)
        everyone = codes.select(patient="_code")
        rows = reading.coded(rows, codes)
        table = None if table is None else engine.settle(reading.coded(table, codes))
    if not clock.is_shared and table is not None:
        everyone = everyone.join(table.select("patient", "now", "offset"), on="patient", how="left").with_columns(
            now=col("now").fill_null(_whole(shared.now)), offset=col("offset").fill_null(_whole(shared.offset))
        )
        everyone = engine.settle(everyone)
        rows = rows.join(everyone, on="patient", how="left")
    rows = reading.named(engine, rows, vocabulary, questions.numbers)
    rows = engine.settle(rows)
    _reject_unnamed(engine, rows, vocabulary, rejects)
    kinds = reading.KINDS

    def of(*names: str) -> nw.LazyFrame[Any]:
        return rows.filter(col("kind").is_in([kinds[name] for name in names]))

    def timed(frame: nw.LazyFrame[Any], *columns: str) -> nw.LazyFrame[Any]:
        for name in columns:
            kind: TimeKind = taken.kinds[name]
            frame = reading.dated(engine, frame, name, kind, clock)
        return frame

    quantities = measurements.quantities(engine, timed(of("quantity"), "time"), vocabulary, clock, rejects)
    ranks = of("class")
    if table is not None and "sex" in questions.numbers:
        ranks = nw.concat([ranks, _sexes(table, everyone, rows, questions, clock)], how="vertical")
    classes = plain_facts.classes(engine, timed(ranks, "time"), vocabulary, clock, rejects)
    observed = engine.settle(nw.concat([quantities, classes], how="vertical"))
    observed = engine.settle(plain_facts.without_undated_twins(engine, observed, rejects))
    ages = plain_facts.ages(engine, timed(of("age"), "time"), rejects)
    persons = _people(engine, everyone, table, ages, observed, vocabulary, clock, rejects)

    occurred = engine.settle(
        statements.occurrences(timed(of("condition", "event"), "time", "end"), vocabulary, clock, engine)
    )
    rejects.add(occurred.filter(col("patient").is_null()), nw.lit("the row names no patient"))
    occurred = occurred.filter(~col("patient").is_null())
    together = engine.settle(statements.stated(engine, occurred))
    occurred, together = statements.consistent(engine, occurred, together, rejects)
    judgements = rows.filter((col("kind") == reading.JUDGEMENT) | (col("kind") == kinds["attestation"]))
    answers = engine.settle(statements.answers(engine, judgements, questions.addresses, questions.trials, rejects))
    screening = questions.numbers.get("screening", -1)
    milestones = statements.milestones(engine, timed(of("milestone"), "time"), questions.trials, screening, rejects)
    sound = _without_contradictions(engine, occurred, together, answers, observed, persons, questions, rejects)
    occurred, together, answers, observed = sound
    given = observed.filter(~col("low").is_null()).select("patient", "cid").unique()
    seen = observed.filter(col("first") <= clock.now) if clock.is_shared else _seen(observed, everyone)
    return Canonical(
        persons, engine.settle(seen), occurred, together, answers, engine.settle(milestones), given, clock, codes
    )


def _whole(moment: Moment) -> int:
    assert isinstance(moment, int)  # of a clock that all share
    return moment


def _seen(observed: nw.LazyFrame[Any], everyone: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    joined = observed.join(everyone, on="patient", how="left")
    return joined.filter(col("first") <= col("now")).drop("now", "offset")


def _reject_unnamed(engine: Engine, rows: nw.LazyFrame[Any], vocabulary: Vocabulary, rejects: Rejects) -> None:
    """Rows without a concept, or with one that the vocabulary does not know."""
    strange = rows.filter(col("kind").is_null())
    names = [name for (name,) in reading.distinct(engine, strange, ["concept"]) if name is not None]
    table = {
        "concept": (reading.S, names), "_said": (reading.S, [reading.unknown_name(vocabulary, name) for name in names]),
    }  # fmt: skip
    joined = reading.lookup(engine, strange, ["concept"], table)
    said = reason((col("concept").is_null(), "the row names no concept"), (True, col("_said")))
    rejects.add(joined, said)


def _sexes(
    table: nw.LazyFrame[Any], everyone: nw.LazyFrame[Any], rows: nw.LazyFrame[Any], questions: Questions, clock: Clock
) -> nw.LazyFrame[Any]:
    """The sex that the table of patients gives, as rows of facts."""
    given = table.filter(~col("sex").is_null()).select("patient", text=col("sex").cast(nw.String))
    if not clock.is_shared:
        given = given.join(everyone, on="patient", how="left")
    schema = rows.collect_schema()
    fixed: dict[str, nw.Expr] = {
        ROW: nw.lit(people.FROM_TABLE, dtype=nw.Int64), "concept": nw.lit("sex"),
        "cid": nw.lit(questions.numbers["sex"], dtype=nw.Int64), "kind": nw.lit(reading.KINDS["class"], dtype=nw.Int64),
    }  # fmt: skip
    have = given.collect_schema().names()
    nothing = {
        name: nw.lit(None, dtype=dtype) for name, dtype in schema.items() if name not in have and name not in fixed
    }
    return given.with_columns(**fixed, **nothing).select(
        *[col(name).cast(dtype) if name in fixed else col(name) for name, dtype in schema.items()]
    )


def _people(
    engine: Engine, everyone: nw.LazyFrame[Any], table: nw.LazyFrame[Any] | None, ages: nw.LazyFrame[Any],
    observed: nw.LazyFrame[Any], vocabulary: Vocabulary, clock: Clock, rejects: Rejects,
) -> nw.LazyFrame[Any]:  # fmt: skip
    if table is not None:
        persons = everyone.join(table.select("patient", *people.BIRTH), on="patient", how="left")
    else:
        persons = everyone.with_columns(*[nw.lit(None, dtype=nw.Int64).alias(name) for name in people.BIRTH])
    persons = persons.join(ages.rename({"concept": "age_concept"}), on="patient", how="left")
    persons = engine.settle(people.with_ages(engine, persons, clock, rejects))
    persons = people.with_applicability(persons, observed, vocabulary)
    columns = {f"years_{index}": (col(f"months_{index}") // 12).cast(nw.Float64) for index in (1, 2)}
    kept = [
        name for name in persons.collect_schema().names()
        if not name.startswith(("_", "today_")) and name not in ("age_row", "age_concept")
    ]  # fmt: skip
    return engine.settle(persons.select(*kept).with_columns(**columns))


# --- what contradicts each other -------------------------------------------------------------------------------------


def _without_contradictions(
    engine: Engine, occurred: nw.LazyFrame[Any], together: nw.LazyFrame[Any], answers: nw.LazyFrame[Any],
    observed: nw.LazyFrame[Any], persons: nw.LazyFrame[Any], questions: Questions, rejects: Rejects,
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any], nw.LazyFrame[Any], nw.LazyFrame[Any]]:  # fmt: skip
    vocabulary, numbers = questions.vocabulary, questions.numbers
    limited = people.limited(vocabulary)
    unfit = [
        persons.filter(col(f"cannot_{index}")).select("patient", cid=nw.lit(index, dtype=nw.Int64))
        for index, _ in limited
    ]
    wrong: list[nw.LazyFrame[Any]] = []
    if unfit:
        inapplicable = nw.concat(unfit, how="vertical")
        said = (col("npast") + col("nplanned")) > 0
        bad = together.filter(said).join(inapplicable, on=["patient", "cid"], how="inner").select("patient", "cid")
        wrong.append(bad.with_columns(_why=nw.lit("it cannot apply to a patient of this sex and age")))
        answered = answers.join(inapplicable.with_columns(_unfit=nw.lit(True)), on=["patient", "cid"], how="left")
        answered = answered.with_columns(
            reason=reason(
                ((col("_unfit") & col("answer")).fill_null(False), "it cannot apply to a patient of this sex and age")
            )
        ).drop("_unfit")
        answers = engine.settle(rejects.split(answered))
    pairs = [(numbers[name], numbers[part]) for name in vocabulary.concepts for part in vocabulary.parts(name)]
    parts = engine.table({"cid": (I, [whole for whole, _ in pairs]), "part": (I, [part for _, part in pairs])})
    denied = together.filter((col("nnever") > 0) | (col("nabsent") > 0)).select(
        "patient", "cid", never=col("nnever") > 0
    )
    only_said = (col("nundated") == col("npast")) & (col("nplanned") == 0) & (col("npast") > 0)
    theirs = together.select(
        "patient", part="cid", kept=col("nkept") > 0,
        there=(col("npresent") > 0) | ((col("kind") == reading.KINDS["event"]) & only_said),
    )  # fmt: skip
    torn = denied.join(parts, on="cid", how="inner").join(theirs, on=["patient", "part"], how="inner")
    torn = engine.settle(torn.filter(col("there") | (col("never") & col("kept"))))
    why = nw.lit("it is absent, and what it includes is or was present; neither is used")
    wrong.append(torn.select("patient", "cid", _why=why))
    wrong.append(
        torn.select(
            "patient", cid="part", _why=nw.lit("it is or was present, and what includes it is absent; neither is used")
        )
    )
    stages = [
        (numbers[concept.name], numbers[concept.none_when_absent]) for concept in vocabulary if concept.none_when_absent
    ]
    for stage, condition in stages:
        never = together.filter((col("cid") == condition) & (col("nnever") > 0)).select("patient")
        raised = observed.filter((col("cid") == stage) & (col("low") > 0)).select("patient").unique()
        both = engine.settle(raised.join(never, on="patient", how="inner"))
        if engine.is_empty(both):
            continue
        wrong.append(
            both.select(
                "patient",
                cid=nw.lit(condition, dtype=nw.Int64),
                _why=nw.lit("it never was, and its stage is given; neither is used"),
            )
        )
        staged = observed.join(both.with_columns(_torn=nw.lit(True)), on="patient", how="left").with_columns(
            reason=reason(
                (
                    col("_torn").fill_null(False) & (col("cid") == stage),
                    "it has a value, and its condition never was; neither is used",
                )
            )
        )
        observed = engine.settle(rejects.split(staged.drop("_torn")))
    found = engine.settle(nw.concat(wrong, how="vertical").group_by("patient", "cid").agg(col("_why").min()))
    if engine.is_empty(found):
        return occurred, together, answers, observed
    rejects.add(occurred.join(found, on=["patient", "cid"], how="inner"), "_why")
    keys = ["patient", "cid"]
    return (
        engine.settle(occurred.join(found, on=keys, how="anti")), engine.settle(together.join(found, on=keys, how="anti")), answers, observed,
    )  # fmt: skip
