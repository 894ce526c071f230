"""The long table, the questions of some trials, and the people go in; one row for each patient comes out, with every column that
the criteria are made of. Rows that cannot be used, or that contradict each other, are set aside with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from eligibility import rules
from eligibility.cohort import choosing, deriving, measurements, people, reading, statements, timelines
from eligibility.cohort.calendar import least_of
from eligibility.cohort.atoms import Windowed, in_reach
from eligibility.cohort.folding import both, either, expression, no
from eligibility.cohort.engines import ROW, Engine, TimeKind
from eligibility.cohort.questions import Questions
from eligibility.cohort.reading import Clock, I, Rejects, reason
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import Reach
from eligibility.formulas import check_formula
from eligibility.instants import Duration
from eligibility.vocabulary import Concept, Vocabulary

col = nw.col
OBSERVED = choosing.OBSERVATION


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


def canonical(
    engine: Engine, facts: Any, patients: Any, questions: Questions, clock: Clock, rejects: Rejects, at_given: bool
) -> Canonical:
    """Read both tables. `clock` is that of all patients; where the table of patients brings an `as_of` and no `at` was given,
    each patient has its own."""
    vocabulary = questions.vocabulary
    taken = engine.take(facts, reading.TIMES)
    rows = reading.prepared(taken.frame, ("patient", "concept"))
    table, unusable = None, None
    if patients is not None:
        table, unusable = people.read_patients(engine, patients, not at_given, rejects)
        table = engine.settle(table)
    if unusable is not None:
        rows = rows.join(unusable, on="patient", how="anti")
    everyone = rows.filter(~col("patient").is_null()).select("patient").unique()
    if table is not None:
        everyone = nw.concat([everyone, table.select("patient")], how="vertical").unique()
    everyone = engine.settle(everyone)
    if not clock.is_shared and table is not None:
        fallback = reading.clock_at(None)
        everyone = everyone.join(table.select("patient", "now", "offset"), on="patient", how="left").with_columns(
            now=col("now").fill_null(fallback.now), offset=col("offset").fill_null(0)
        )
        everyone = engine.settle(everyone)
        rows = rows.join(everyone, on="patient", how="left")
    rows = reading.named(engine, rows, vocabulary, questions.numbers)
    rows = engine.settle(rows)
    _reject_unnamed(engine, rows, vocabulary, rejects)
    kinds = reading.KINDS

    def of(*names: str) -> nw.LazyFrame[Any]:
        return rows.filter(col("kind").is_in([kinds[name] for name in names])) if len(names) > 1 else rows.filter(col("kind") == kinds[names[0]])

    def timed(frame: nw.LazyFrame[Any], *columns: str) -> nw.LazyFrame[Any]:
        for name in columns:
            kind: TimeKind = taken.kinds[name]
            frame = reading.dated(engine, frame, name, kind, clock)
        return frame

    quantities = measurements.quantities(engine, timed(of("quantity"), "time"), vocabulary, clock, rejects)
    ranks = of("class")
    if table is not None and "sex" in questions.numbers:
        ranks = nw.concat([ranks, _sexes(table, everyone, rows, questions, clock)], how="vertical")
    classes = measurements.classes(engine, timed(ranks, "time"), vocabulary, clock, rejects)
    observed = engine.settle(nw.concat([quantities, classes], how="vertical"))
    observed = engine.settle(measurements.without_undated_twins(engine, observed, rejects))
    ages = measurements.ages(engine, timed(of("age"), "time"), rejects)
    persons = _people(engine, everyone, table, ages, observed, vocabulary, clock, rejects)

    occurred = engine.settle(statements.occurrences(timed(of("condition", "event"), "time", "end"), vocabulary, clock, engine))
    rejects.add(occurred.filter(col("patient").is_null()), nw.lit("the row names no patient"))
    occurred = occurred.filter(~col("patient").is_null())
    together = engine.settle(statements.stated(occurred))
    occurred, together = statements.consistent(engine, occurred, together, rejects)
    judgements = rows.filter((col("kind") == reading.JUDGEMENT) | (col("kind") == kinds["attestation"]))
    answers = engine.settle(statements.answers(engine, judgements, questions.addresses, questions.trials, rejects))
    screening = questions.numbers.get("screening", -1)
    milestones = statements.milestones(engine, timed(of("milestone"), "time"), questions.trials, screening, rejects)
    sound = _without_contradictions(engine, occurred, together, answers, observed, persons, questions, rejects)
    occurred, together, answers, observed = sound
    given = observed.filter(~col("low").is_null()).select("patient", "cid").unique()
    seen = observed.filter(col("first") <= clock.now) if clock.is_shared else _seen(observed, everyone)
    return Canonical(persons, engine.settle(seen), occurred, together, answers, engine.settle(milestones), given, clock)


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
    nothing = {name: nw.lit(None, dtype=dtype) for name, dtype in schema.items() if name not in have and name not in fixed}
    return given.with_columns(**fixed, **nothing).select(*[col(name).cast(dtype) if name in fixed else col(name) for name, dtype in schema.items()])


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
    persons = people.with_applicability(engine, persons, observed, vocabulary)
    columns = {
        f"{unit}_{index}": (col(f"months_{index}") // (12 if unit == "years" else 1)).cast(nw.Float64)
        for unit in ("years",)
        for index in (1, 2)
    }
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
        persons.filter(col(f"cannot_{index}")).select("patient", cid=nw.lit(index, dtype=nw.Int64)) for index, _ in limited
    ]
    wrong: list[nw.LazyFrame[Any]] = []
    if unfit:
        inapplicable = nw.concat(unfit, how="vertical")
        said = (col("npast") + col("nplanned")) > 0
        bad = together.filter(said).join(inapplicable, on=["patient", "cid"], how="inner").select("patient", "cid")
        wrong.append(bad.with_columns(_why=nw.lit("it cannot apply to a patient of this sex and age")))
        answered = answers.join(inapplicable.with_columns(_unfit=nw.lit(True)), on=["patient", "cid"], how="left")
        answered = answered.with_columns(
            reason=reason(((col("_unfit") & col("answer")).fill_null(False), "it cannot apply to a patient of this sex and age"))
        ).drop("_unfit")
        answers = engine.settle(rejects.split(answered))
    pairs = [(numbers[name], numbers[part]) for name in vocabulary.concepts for part in vocabulary.parts(name)]
    parts = engine.table({"cid": (I, [whole for whole, _ in pairs]), "part": (I, [part for _, part in pairs])})
    denied = together.filter((col("nnever") > 0) | (col("nabsent") > 0)).select("patient", "cid", never=col("nnever") > 0)
    only_said = (col("nundated") == col("npast")) & (col("nplanned") == 0) & (col("npast") > 0)
    theirs = together.select(
        "patient", part="cid", kept=col("nkept") > 0,
        there=(col("npresent") > 0) | ((col("kind") == reading.KINDS["event"]) & only_said),
    )  # fmt: skip
    torn = denied.join(parts, on="cid", how="inner").join(theirs, on=["patient", "part"], how="inner")
    torn = engine.settle(torn.filter(col("there") | (col("never") & col("kept"))))
    why = nw.lit("it is absent, and what it includes is or was present; neither is used")
    wrong.append(torn.select("patient", "cid", _why=why))
    wrong.append(torn.select("patient", cid="part", _why=nw.lit("it is or was present, and what includes it is absent; neither is used")))
    stages = [(numbers[concept.name], numbers[concept.none_when_absent]) for concept in vocabulary if concept.none_when_absent]
    for stage, condition in stages:
        never = together.filter((col("cid") == condition) & (col("nnever") > 0)).select("patient")
        raised = observed.filter((col("cid") == stage) & (col("low") > 0)).select("patient").unique()
        both = engine.settle(raised.join(never, on="patient", how="inner"))
        if engine.is_empty(both):
            continue
        wrong.append(both.select("patient", cid=nw.lit(condition, dtype=nw.Int64), _why=nw.lit("it never was, and its stage is given; neither is used")))
        staged = observed.join(both.with_columns(_torn=nw.lit(True)), on="patient", how="left").with_columns(
            reason=reason((col("_torn").fill_null(False) & (col("cid") == stage), "it has a value, and its condition never was; neither is used"))
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


# --- answers to the questions ----------------------------------------------------------------------------------------


class Answering:
    """Makes the columns that the questions name."""

    def __init__(self, engine: Engine, facts: Canonical, questions: Questions) -> None:
        self._engine = engine
        self._facts = facts
        self._questions = questions
        self._clock = facts.clock
        self._series: dict[int, nw.LazyFrame[Any]] = {}
        self._wide = facts.people
        self._bounds: nw.LazyFrame[Any] | None = None
        self._fixed: dict[int, tuple[int, int, int, int]] = {}

    def wide(self) -> nw.LazyFrame[Any]:
        """One row for each patient."""
        questions = self._questions
        occurrences = self._occurrences()
        self._answers()
        self._wide = self._engine.settle(self._wide)
        self._windows()
        self._probes(occurrences)
        self._numbers()
        self._changes()
        for series in questions.given:
            given = self._rows_of(series).select("patient").unique().with_columns(nw.lit(True).alias(f"g{series}_given"))
            self._join(given, [f"g{series}_given"])
        return self._engine.settle(self._wide)

    def _join(self, frame: nw.LazyFrame[Any], flags: Sequence[str]) -> None:
        """Columns of patients beside those that there are; flags are false where there is nothing."""
        self._wide = self._wide.join(frame, on="patient", how="left")
        if flags:
            self._wide = self._wide.with_columns(*[col(name).fill_null(False) for name in flags])
        self._wide = self._engine.steady(self._wide)

    def _spread(
        self, frame: nw.LazyFrame[Any], key: str, numbers: Sequence[int], parts: Sequence[str], name: str, flags: Sequence[str]
    ) -> None:
        """Join one column for each number and part, `<name><number>_<part>`."""
        if not numbers:
            return
        wanted = {number: [(part, f"{name}{number}_{part}") for part in parts] for number in numbers}
        spread = self._engine.spread(self._engine.settle(frame), key, wanted)
        self._join(spread, [f"{name}{number}_{part}" for number in numbers for part in flags])

    # --- conditions and events

    def _needed(self) -> list[int]:
        questions = self._questions
        for concept in questions.vocabulary:  # a stage is its lowest value while its condition is absent
            if concept.none_when_absent and any(key[1] == concept.name for key in questions.series):
                condition = concept.none_when_absent
                for name in (condition, *questions.vocabulary.wholes(condition)):
                    questions.line(name)
        return [questions.numbers[name] for name in questions.lines]

    def _occurrences(self) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]:
        questions, facts, clock, engine = self._questions, self._facts, self._clock, self._engine
        for series in list(questions.series):
            if series[0] == "derived":
                self._ask_inputs(questions.vocabulary[series[1]], series[2])
        needed = self._needed()
        vocabulary = questions.vocabulary
        whole = engine.table(timelines.wholes_table(vocabulary, questions.numbers, needed))
        own = engine.settle(timelines.own_records(facts.stated))
        full = [own.filter(col("complete")).select("patient", "x")]
        full += [
            facts.people.filter(col(f"cannot_{index}")).select("patient", x=nw.lit(index, dtype=nw.Int64))
            for index, _ in people.limited(vocabulary)
        ]
        complete = nw.concat(full, how="vertical").unique() if len(full) > 1 else full[0]
        episodes = timelines.episodes(engine, self._with_clock(facts.occurrences), whole, complete)
        dated = self._with_clock(episodes)
        parts = ("complete", "absent", "stated", "listed")
        self._spread(own, "x", needed, parts, "x", parts)
        self._spread(timelines.present(engine, dated, clock), "x", needed, ("known", "here", "maybe", "lasts"), "x", ("known", "here", "maybe", "lasts"))
        onset_of = [questions.numbers[name] for name in questions.onset_of]
        if onset_of:
            events = [number for name, number in questions.numbers.items() if vocabulary[name].kind == "event"]
            raw = timelines.onsets(engine, dated.filter(col("x").is_in(onset_of)), events, clock)
            self._spread(raw.rename({"low": "onset_1", "high": "onset_2"}), "x", onset_of, ("onset_1", "onset_2"), "x", ())
        if questions.absent == "no" and needed:
            self._spread(timelines.unknowns(facts.occurrences, whole), "x", needed, ("null",), "x", ("null",))
            columns = {}
            for x in needed:
                silent = ~(col(f"x{x}_stated") | col(f"x{x}_null") | col(f"x{x}_lasts"))
                unfit = people.cannot(vocabulary, x)
                columns[f"x{x}_assumed"] = silent & ~unfit if isinstance(unfit, nw.Expr) else silent
            self._wide = self._wide.with_columns(**columns)
        return episodes, whole

    def _with_clock(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        if self._clock.is_shared:
            return frame
        return frame.join(self._facts.people.select("patient", "now", "offset"), on="patient", how="left")

    # --- answers and milestones

    def _answers(self) -> None:
        questions, facts = self._questions, self._facts
        for tid in sorted({tid for _, tid in questions.answers}):
            numbers = [number for number, trial in questions.answers if trial == tid]
            said = facts.answers.filter(col("tid") == tid).select("patient", "cid", "answer", given=nw.lit(True))
            wanted = {n: [("answer", f"t{n}_{tid}_answer"), ("given", f"t{n}_{tid}_given")] for n in numbers}
            self._join(self._engine.spread(said, "cid", wanted), [f"t{n}_{tid}_given" for n in numbers])
        for tid in sorted({tid for _, tid in questions.milestones}):
            numbers = [number for number, trial in questions.milestones if trial == tid]
            told = facts.milestones.filter(col("tid") == tid).select("patient", "cid", "time_1", "time_2", given=nw.lit(True))
            wanted = {
                n: [("time_1", f"m{n}_{tid}_1"), ("time_2", f"m{n}_{tid}_2"), ("given", f"m{n}_{tid}_given")] for n in numbers
            }
            self._join(self._engine.spread(told, "cid", wanted), [f"m{n}_{tid}_given" for n in numbers])

    # --- windows

    def _windows(self) -> None:
        """The bounds of every window as columns; those of a measurement are made of those of its rule."""
        self._wide = self._questions.sheet.applied(self._wide, self._engine)
        keys = {number: key for key, number in self._questions.windows.items()}
        for looks in (False, True):
            columns: dict[str, nw.Expr] = {}
            for number, reach in self._questions.reaches.items():
                key = keys[number]
                if (isinstance(key, tuple) and key[0] == "look") is looks:
                    columns |= self._window(number, reach)
            if columns:
                self._wide = self._engine.settle(self._wide.with_columns(**columns))
        own = [number for number in self._questions.reaches if number not in self._fixed]
        if own:
            pieces = [
                self._wide.select("patient", window=nw.lit(number, dtype=nw.Int64), **{name: col(f"w{number}_{name}") for name in timelines.ENDS})
                for number in own
            ]
            self._bounds = self._engine.settle(nw.concat(pieces, how="vertical") if len(pieces) > 1 else pieces[0])

    def _window(self, number: int, reach: Reach) -> dict[str, nw.Expr]:
        ends = (reach.sure_1, reach.sure_2, reach.may_1, reach.may_2)
        flags = (("never", reach.never), ("unknown", reach.unknown))
        columns = {f"w{number}_{name}": flag for name, flag in flags if isinstance(flag, nw.Expr)}
        if reach.is_constant:
            self._fixed[number] = (int(ends[0]), int(ends[1]), int(ends[2]), int(ends[3]))  # type: ignore[arg-type]  # constants
            return columns
        return columns | {f"w{number}_{name}": _expr(end) for name, end in zip(timelines.ENDS, ends, strict=True)}

    def _probes(self, occurrences: tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]) -> None:
        questions, engine, clock = self._questions, self._engine, self._clock
        episodes, whole = occurrences
        if questions.probes:
            probes = {probe: key for key, probe in questions.probes.items()}
            laid = self._with_clock(timelines.laid_over(engine, episodes, probes, self._fixed, self._bounds))
            cut = {name: _expr(least_of(col(name), clock.now)) for name in ("sure_2", "may_2")}
            parts = ("here", "maybe", "surely", "happened", "perhaps")
            self._spread(timelines.probed(engine, laid.with_columns(**cut), clock), "probe", list(probes), parts, "p", parts)
        if questions.held_probes:
            self._held(episodes)
        if questions.plan_probes:
            probes = {probe: key for key, probe in questions.plan_probes.items()}
            plans = timelines.planned(engine, self._with_clock(self._facts.occurrences), whole, clock)
            laid = timelines.laid_over(engine, plans, probes, self._fixed, self._bounds)
            parts = ("hit", "has", "near", "soon")
            self._spread(timelines.planned_against(laid), "probe", list(probes), parts, "a", parts)

    def _held(self, episodes: nw.LazyFrame[Any]) -> None:
        """What the occurrences of wholes say of the onsets of their parts."""
        questions, engine, clock = self._questions, self._engine, self._clock
        events = [number for name, number in questions.numbers.items() if questions.vocabulary[name].kind == "event"]
        spans = timelines.held_spans(self._with_clock(episodes), events, clock)
        first, last = col("span_1"), col("span_2")
        found = []
        for (x, question), probe in questions.held_probes.items():
            rows = spans.filter(col("x") == x).with_columns(probe=nw.lit(probe, dtype=nw.Int64))
            sheet = Sheet()
            if isinstance(question, Windowed):
                key = ("reach", question.window, question.trial)
                rows = rows.with_columns(window=nw.lit(questions.windows[key], dtype=nw.Int64))
                rows = timelines.with_bounds(engine, rows, self._fixed, self._bounds)
                said = in_reach(first, last, Reach(*(col(name) for name in timelines.ENDS)))
            else:
                said = question.over(first, last, clock, sheet.keep)
            found.append(timelines.held(sheet.applied(rows, engine), expression(said)))
        parts = ("not_false", "not_true")
        numbers = list(questions.held_probes.values())
        self._spread(nw.concat(found, how="vertical") if len(found) > 1 else found[0], "probe", numbers, parts, "h", parts)

    # --- numbers

    def _ask_inputs(self, concept: Concept, values: object) -> None:
        """The series behind a derived one are asked for as well."""
        formula = check_formula(self._questions.vocabulary, concept)
        for leaf in rules.leaves(formula.expression):
            if isinstance(leaf, rules.InClass):
                self._class_series(leaf)
        for source in formula.inputs:
            if source.kind == "quantity":
                self._questions.series_of(source, values if isinstance(values, Duration) else None)
                if source.formula is not None:
                    self._ask_inputs(source, values)

    def _class_series(self, atom: rules.InClass) -> int:
        """The series of a class in a formula: its rank where it is ordered, else 1 or 0."""
        series = self._questions.series
        key = ("plain", atom.concept.name, None) if atom.concept.ordered else ("set", atom.concept.name, atom.ranks)
        return series.setdefault(key, len(series))

    def _rows_of(self, number: int) -> nw.LazyFrame[Any]:
        """The observations of a series: `OBSERVED` without its number."""
        found = self._series.get(number)
        if found is None:
            key = next(key for key, value in self._questions.series.items() if value == number)
            found = self._series[number] = self._engine.settle(self._made(key))
        return found

    def _plain(self, concept: Concept) -> nw.LazyFrame[Any]:
        number = self._questions.numbers[concept.name]
        return self._facts.observations.filter(col("cid") == number)

    def _made(self, key: tuple[str, str, object]) -> nw.LazyFrame[Any]:
        concept = self._questions.vocabulary[key[1]]
        parts = [name for name in OBSERVED if name != "oid"]
        plain = self._plain(concept)
        match key[0]:
            case "plain":
                found = plain.select(*parts)
                return nw.concat([found, self._none_when_absent(concept, None, found)], how="vertical") if concept.none_when_absent else found
            case "set":
                assert isinstance(key[2], frozenset)
                inside = nw.when(col("low").is_in([float(rank) for rank in key[2]])).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
                found = plain.with_columns(low=inside, high=inside).select(*parts)
                return nw.concat([found, self._none_when_absent(concept, key[2], found)], how="vertical") if concept.none_when_absent else found
            case "limit":
                return _ratios(plain, "upper" if key[2] else "lower").select(*parts)
            case _:
                return self._derived(concept, key[2] if isinstance(key[2], Duration) else None, plain.select(*parts))

    def _none_when_absent(self, concept: Concept, ranks: frozenset[int] | None, like: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The lowest value for patients whose condition is absent now, and who have no value."""
        questions, clock = self._questions, self._clock
        condition = concept.none_when_absent
        assert condition is not None
        lines = [questions.line(name) for name in (condition, *questions.vocabulary.wholes(condition))]
        full = [either(line.complete, line.assumed) for line in lines]
        ended = both(full[0], no(col(f"x{questions.numbers[condition]}_lasts")))
        absent = either(ended, *(either(line.absent, both(all_there, no(line.known))) for line, all_there in zip(lines, full, strict=True)))
        number = questions.numbers[concept.name]
        given = self._facts.classes_given.filter(col("cid") == number).select("patient")
        value = nw.lit(float(0 in ranks) if ranks is not None else 0.0)
        now = _expr(clock.now)
        found = self._wide.filter(expression(absent)).join(given, on="patient", how="anti").with_columns(
            **{ROW: nw.lit(people.FROM_TABLE, dtype=nw.Int64)}, low=value, high=value, low_open=nw.lit(False), high_open=nw.lit(False),
            first=now, last=now, months_1=nw.lit(None, dtype=nw.Float64), months_2=nw.lit(None, dtype=nw.Float64),
        )  # fmt: skip
        return found.select(*like.collect_schema().names())

    def _derived(self, concept: Concept, values: Duration | None, brought: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        questions = self._questions

        def series(source: Concept) -> nw.LazyFrame[Any]:
            return self._rows_of(questions.series_of(source, values))

        def sets(atom: rules.InClass) -> nw.LazyFrame[Any]:
            return self._rows_of(self._class_series(atom))

        formula = check_formula(questions.vocabulary, concept)
        def dated(source: Concept) -> nw.LazyFrame[Any]:
            number = questions.numbers[source.name]
            return self._facts.observations.filter((col("cid") == number) & col("dated")).select("patient").unique()

        found = deriving.derived(self._engine, concept, formula, values, self._clock, self._facts.people, series, sets, dated)
        found = found.join(brought.select("patient", "first", "last").unique(), on=["patient", "first", "last"], how="anti")
        found = found.with_columns(**{ROW: nw.lit(people.FROM_TABLE, dtype=nw.Int64)}, months_1=nw.lit(None, dtype=nw.Float64), months_2=nw.lit(None, dtype=nw.Float64))
        return nw.concat([brought, found.select(*brought.collect_schema().names())], how="vertical")

    def _asked(self, numbers: Sequence[int]) -> nw.LazyFrame[Any]:
        """The observations of several series, with the number of each."""
        pieces = [self._rows_of(number).with_columns(oid=nw.lit(number, dtype=nw.Int64)) for number in numbers]
        return nw.concat(pieces, how="vertical") if len(pieces) > 1 else pieces[0]

    def _numbers(self) -> None:
        questions, engine = self._questions, self._engine
        if not questions.slots:
            return
        slots = list(questions.slots.items())
        table = {
            "oid": (I, [slot.series for slot, _ in slots]), "slot": (I, [number for _, number in slots]),
            "window": (I, [slot.window for slot, _ in slots]), "selection": (I, [slot.selection for slot, _ in slots]),
        }  # fmt: skip
        rows = self._asked(sorted({slot.series for slot, _ in slots})).join(engine.table(table), on="oid", how="inner")
        rows = timelines.with_bounds(engine, rows, self._fixed, self._bounds)
        coming = [(slot, number) for slot, number in slots if slot.ahead and slot.coming is not None]
        if coming:
            rows = nw.concat([rows, self._still_to_come(coming, rows)], how="vertical")
        counting = any(slot.counting for slot, _ in slots)
        picked = choosing.choose(engine, rows, ["patient", "slot"], counting=counting)
        parts = ("sure", "low", "high", "low_open", "high_open", "months_1", "months_2", "in_months")
        plain = [number for _, number in slots]
        self._spread(picked, "slot", plain, parts, "n", ("sure",))

    def _still_to_come(self, coming: Sequence[tuple[Any, int]], like: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """What is still to be measured in windows that reach past now: any possible value."""
        table: dict[str, tuple[Any, list[Any]]] = {
            "window": (I, []), "slot": (I, []), "oid": (I, []), "selection": (I, []), "low": (reading.D, []), "high": (reading.D, []),
            "low_open": (reading.B, []), "high_open": (reading.B, []),
        }  # fmt: skip
        for slot, number in coming:
            x = slot.coming
            row = (slot.window, number, slot.series, slot.selection, x.low, x.high, x.low_open, x.high_open)
            for (_, values), value in zip(table.values(), row, strict=True):
                values.append(value)
        now = self._clock.now
        everyone = self._wide.select("patient", *([] if self._clock.is_shared else ["now"]))
        asked = everyone.join(self._engine.table(table), how="cross")
        asked = timelines.with_bounds(self._engine, asked, self._fixed, self._bounds).filter(col("may_2") > now)
        asked = asked.with_columns(
            **{ROW: nw.lit(people.FROM_TABLE, dtype=nw.Int64)}, first=_expr(now) + 1, last=col("may_2"), months_1=nw.lit(None, dtype=nw.Float64), months_2=nw.lit(None, dtype=nw.Float64)
        )
        return asked.select(*like.collect_schema().names())

    def _changes(self) -> None:
        questions, engine = self._questions, self._engine
        if not questions.change_slots:
            return
        slots = list(questions.change_slots.items())
        table = {
            "oid": (I, [slot.series for slot, _ in slots]), "slot": (I, [number for _, number in slots]),
            "window": (I, [slot.window for slot, _ in slots]),
        }  # fmt: skip
        rows = self._asked(sorted({slot.series for slot, _ in slots})).join(engine.table(table), on="oid", how="inner")
        rows = self._with_clock(timelines.with_bounds(engine, rows, self._fixed, self._bounds))
        over: Mapping[int, tuple[int, int]] = {number: (slot.over.months, slot.over.exact) for slot, number in slots}
        rising = {number: slot.rise for slot, number in slots}
        found = choosing.changes(engine, rows, over, rising, self._clock)
        self._spread(found, "slot", [number for _, number in slots], ("sure", "low", "high", "low_open", "high_open"), "c", ("sure",))


def _expr(moment: Any) -> nw.Expr:
    return moment if isinstance(moment, nw.Expr) else nw.lit(moment, dtype=nw.Int64)


def _ratios(rows: nw.LazyFrame[Any], limit: str) -> nw.LazyFrame[Any]:
    """Observations in multiples of their own limit of normal; any multiple where they came without one."""
    usable = (~col(limit).is_null() & (col(limit) != 0)).fill_null(False)
    inverse = nw.lit(1.0) / nw.when(usable).then(col(limit).abs()).otherwise(nw.lit(1.0))
    falls = (col(limit) < 0).fill_null(False)
    rows = rows.with_columns(_inverse=inverse, _usable=usable, _falls=falls)
    low = nw.when(col("_falls")).then(-col("high")).otherwise(col("low")) * col("_inverse")
    high = nw.when(col("_falls")).then(-col("low")).otherwise(col("high")) * col("_inverse")
    low_open = nw.when(col("_falls")).then(col("high_open")).otherwise(col("low_open"))
    high_open = nw.when(col("_falls")).then(col("low_open")).otherwise(col("high_open"))
    kept = col("_usable")
    return rows.with_columns(
        low=nw.when(kept).then(low).otherwise(nw.lit(0.0)), high=nw.when(kept).then(high).otherwise(nw.lit(float("inf"))),
        low_open=nw.when(kept).then(low_open).otherwise(nw.lit(False)), high_open=nw.when(kept).then(high_open).otherwise(nw.lit(True)),
        months_1=nw.lit(None, dtype=nw.Float64), months_2=nw.lit(None, dtype=nw.Float64),
    )  # fmt: skip
