"""Canonical rows and the questions of some trials go in; one row for each patient comes out, with every column that the criteria
are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw

from eligibility.cohort import choosing, people, reading, timelines
from eligibility.cohort.calendar import least_of, moment_expression
from eligibility.cohort.canonical import Canonical
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.folding import expression
from eligibility.cohort.observed import Observed
from eligibility.cohort.onsets import Windowed, in_reach
from eligibility.cohort.questions import Questions
from eligibility.cohort.reading import I
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import Reach

col = nw.col


class Answering:
    """Makes the columns that the questions name."""

    def __init__(self, engine: Engine, facts: Canonical, questions: Questions) -> None:
        self._engine = engine
        self._facts = facts
        self.codes = facts.codes
        self._questions = questions
        self._clock = facts.clock
        self._observed = Observed(engine, facts, questions, self._patients)
        self._wide = facts.people
        self._acute = timelines.acute_lengths(questions.vocabulary)
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
            given = (
                self._observed.rows_of(series)
                .select("patient")
                .unique()
                .with_columns(nw.lit(True).alias(f"g{series}_given"))
            )
            self._join(given, [f"g{series}_given"])
        del self._observed, self._facts  # the two hold each other, and with them every row
        return self._engine.settle(self._wide)

    def _patients(self) -> nw.LazyFrame[Any]:
        return self._wide

    def _join(self, frame: nw.LazyFrame[Any], flags: Sequence[str]) -> None:
        """Columns of patients beside those that there are; flags are false where there is nothing."""
        self._wide = self._engine.steady(self._engine.beside(self._wide, frame, flags))

    def _spread(
        self,
        frame: nw.LazyFrame[Any],
        key: str,
        numbers: Sequence[int],
        parts: Sequence[str],
        name: str,
        flags: Sequence[str],
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
                self._observed.ask_inputs(questions.vocabulary[series[1]], series[2])
        needed = self._needed()
        vocabulary = questions.vocabulary
        whole = engine.table(timelines.wholes_table(vocabulary, questions.numbers, needed))
        own = engine.settle(timelines.own_records(facts.stated))
        full = [own.filter(col("complete")).select("patient", "x")]
        full += [
            facts.people.filter(col(f"cannot_{index}")).select("patient", x=nw.lit(index, dtype=nw.Int64))
            for index, _ in people.limited(vocabulary)
        ]
        complete = nw.concat(full, how="vertical").unique()
        episodes = timelines.episodes(engine, self._with_clock(facts.occurrences), whole, complete)
        dated = self._with_clock(episodes)
        parts = ("complete", "absent", "stated", "listed")
        self._spread(own, "x", needed, parts, "x", parts)
        self._spread(
            timelines.present(engine, dated, self._acute, clock),
            "x",
            needed,
            ("known", "here", "maybe", "lasts"),
            "x",
            ("known", "here", "maybe", "lasts"),
        )
        onset_of = [questions.numbers[name] for name in questions.onset_of]
        if onset_of:
            events = [number for name, number in questions.numbers.items() if vocabulary[name].kind == "event"]
            raw = timelines.onsets(engine, dated.filter(col("x").is_in(onset_of)), events, self._acute, clock)
            self._spread(
                raw.rename({"low": "onset_1", "high": "onset_2"}), "x", onset_of, ("onset_1", "onset_2"), "x", ()
            )
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
        self._told(facts.answers, questions.answers, "t", {"answer": "answer"})
        self._told(facts.milestones, questions.milestones, "m", {"time_1": "1", "time_2": "2"})

    def _told(
        self, rows: nw.LazyFrame[Any], asked: Iterable[tuple[int, int]], letter: str, parts: Mapping[str, str]
    ) -> None:
        """Join what rows tell of concepts and trials, `<letter><concept>_<trial>_<part>`, and `..._given` where they do."""
        numbers: dict[int, list[int]] = {}
        for number, tid in asked:
            numbers.setdefault(tid, []).append(number)
        for tid, concepts in sorted(numbers.items()):
            told = rows.filter(col("tid") == tid).select("patient", "cid", *parts, given=nw.lit(True))
            wanted = {
                x: [(column, f"{letter}{x}_{tid}_{part}") for column, part in (*parts.items(), ("given", "given"))]
                for x in concepts
            }
            self._join(self._engine.spread(told, "cid", wanted), [f"{letter}{x}_{tid}_given" for x in concepts])

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
                self._wide.select(
                    "patient",
                    window=nw.lit(number, dtype=nw.Int64),
                    **{name: col(f"w{number}_{name}") for name in timelines.ENDS},
                )
                for number in own
            ]
            self._bounds = self._engine.settle(nw.concat(pieces, how="vertical"))

    def _window(self, number: int, reach: Reach) -> dict[str, nw.Expr]:
        ends = (reach.sure_1, reach.sure_2, reach.may_1, reach.may_2)
        flags = (("never", reach.never), ("unknown", reach.unknown))
        columns = {f"w{number}_{name}": flag for name, flag in flags if isinstance(flag, nw.Expr)}
        if reach.is_constant:
            self._fixed[number] = (int(ends[0]), int(ends[1]), int(ends[2]), int(ends[3]))  # type: ignore[arg-type]  # constants
            return columns
        return columns | {
            f"w{number}_{name}": moment_expression(end) for name, end in zip(timelines.ENDS, ends, strict=True)
        }

    def _probes(self, occurrences: tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]) -> None:
        questions, engine, clock = self._questions, self._engine, self._clock
        episodes, whole = occurrences
        if questions.probes:
            probes = {probe: key for key, probe in questions.probes.items()}
            laid = self._with_clock(timelines.laid_over(engine, episodes, probes, self._fixed, self._bounds))
            cut = {name: moment_expression(least_of(col(name), clock.now)) for name in ("sure_2", "may_2")}
            parts = ("here", "maybe", "surely", "happened", "perhaps")
            self._spread(
                timelines.probed(engine, laid.with_columns(**cut), self._acute, clock),
                "probe",
                list(probes),
                parts,
                "p",
                parts,
            )
        if questions.held_probes:
            self._held(episodes)
        if questions.plan_probes:
            probes = {probe: key for key, probe in questions.plan_probes.items()}
            plans = timelines.planned(engine, self._with_clock(self._facts.occurrences), whole, clock)
            laid = timelines.laid_over(engine, plans, probes, self._fixed, self._bounds)
            told = ("hit", "has", "near", "soon")
            self._spread(timelines.planned_against(engine, laid), "probe", list(probes), told, "a", told)

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
            found.append(timelines.held(engine, sheet.applied(rows, engine), expression(said)))
        parts = ("not_false", "not_true")
        numbers = list(questions.held_probes.values())
        self._spread(nw.concat(found, how="vertical"), "probe", numbers, parts, "h", parts)

    # --- numbers

    def _numbers(self) -> None:
        questions, engine = self._questions, self._engine
        if not questions.slots:
            return
        slots = list(questions.slots.items())
        table = {
            "oid": (I, [slot.series for slot, _ in slots]), "slot": (I, [number for _, number in slots]),
            "window": (I, [slot.window for slot, _ in slots]), "selection": (I, [slot.selection for slot, _ in slots]),
        }  # fmt: skip
        rows = self._observed.asked(sorted({slot.series for slot, _ in slots})).join(
            engine.table(table), on="oid", how="inner"
        )
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
            **{ROW: nw.lit(people.FROM_TABLE, dtype=nw.Int64)},
            first=moment_expression(now) + 1,
            last=col("may_2"),
            **choosing.NO_MONTHS,
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
        rows = self._observed.asked(sorted({slot.series for slot, _ in slots})).join(
            engine.table(table), on="oid", how="inner"
        )
        rows = self._with_clock(timelines.with_bounds(engine, rows, self._fixed, self._bounds))
        over: Mapping[int, tuple[int, int]] = {number: (slot.over.months, slot.over.exact) for slot, number in slots}
        rising = {number: slot.rise for slot, number in slots}
        found = choosing.changes(engine, rows, over, rising, self._clock)
        self._spread(
            found,
            "slot",
            [number for _, number in slots],
            ("sure", "low", "high", "low_open", "high_open"),
            "c",
            ("sure",),
        )
