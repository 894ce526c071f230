"""A wide table and what its columns are of go in; what the columns say, with what cannot be used set aside, comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

import narwhals as nw

from eligibility.cohort import reading
from eligibility.cohort.calendar import Length, day_of
from eligibility.cohort.columns import Born, PlainNumber, ReadNumber, Spelled, said_by_boolean, said_by_time
from eligibility.cohort.engines import ROW, TimeKind, is_nothing
from eligibility.cohort.named_columns import FIRST_PLAIN, Expressions, NamedColumns, TermColumns
from eligibility.cohort.people import with_instants
from eligibility.cohort.reading import B, Clock, D, S, clock_at, counts_months, distinct, unknown_name
from eligibility.cohort.wide import WideSource, born_months
from eligibility.cohort.wide_checks import CheckedRows
from eligibility.cohort.wide_contradictions import contradictions
from eligibility.cohort.wide_names import Meaning, meaning_of
from eligibility.cohort.wide_texts import with_read_texts
from eligibility.errors import UsageError, excerpt
from eligibility.instants import DAY, LATEST, local
from eligibility.library import Trial
from eligibility.look import Absent
from eligibility.patient import quantity_reader
from eligibility.unreadable import UnreadableValue
from eligibility.values import read_class
from eligibility.vocabulary import Concept, Vocabulary

col = nw.col


@dataclass
class WideTable(CheckedRows):
    """A wide table, its columns read into what they say."""

    native: Any
    vocabulary: Vocabulary
    at_given: bool
    units: dict[str, str]
    names: dict[str, str]
    patient: str
    absent: Absent
    columns: NamedColumns = field(init=False)
    inside: dict[str, bool] = field(default_factory=dict)
    past: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = TermColumns() if self.engine.name == "polars" else Expressions()
        schema = nw.from_native(self.native).collect_schema()
        if self.patient not in schema:
            raise UsageError(
                f"the table has no column `{excerpt(self.patient)}` for the patient; name it with `patient=`"
            )
        if self.engine.name == "spark" and (dotted := [name for name in schema if "." in name or "`" in name]):
            raise UsageError(
                f"the column `{excerpt(dotted[0])}` has a dot in its name, which Spark takes for a field of a column; rename it, and "
                "give what it is of in `columns`"
            )
        strange = [name for name in (*self.units, *self.names) if name not in schema]
        if strange:
            raise UsageError(f"`units` or `columns` speak of `{excerpt(strange[0])}`, and the table has no such column")
        self.schema = dict(schema)
        self.meant = {
            name: meaning_of(self.vocabulary, self.names.get(name, name)) for name in schema if name != self.patient
        }
        times = [
            name for name, meaning in self.meant.items()
            if schema[name] == nw.Date or isinstance(schema[name], nw.Datetime) or meaning in ("as_of", "birth_date") or self._is_time(name, meaning)
        ]  # fmt: skip
        taken = self.engine.take(self.native, times, numbered=False)
        self.frame, self.kinds = taken.frame, taken.kinds
        if self.patient != "patient":
            self.frame = self.frame.rename({self.patient: "patient"})
        if ROW in schema and self.patient != ROW:
            self.frame = self.frame.drop(ROW)  # rows are numbered where one is rejected
        self._type_nothing()
        if not self.at_given and "as_of" in self.meant.values():
            self.clock = self._own_clock(next(name for name, meaning in self.meant.items() if meaning == "as_of"))

    def _type_nothing(self) -> None:
        """Columns in which nothing but null stands, as the type that their fact has."""
        for name, meaning in self.meant.items():
            if not is_nothing(self.schema[name]):
                continue
            kind = (
                meaning.kind
                if isinstance(meaning, Concept)
                else "quantity"
                if isinstance(meaning, tuple)
                else "attestation"
            )
            dtype: Any = {"quantity": D, "age": D, "class": S}.get(kind, B)
            if meaning in ("birth_date", "as_of") or kind == "milestone":
                self.kinds = {**self.kinds, name: "text"}
                dtype = S
            self.schema[name] = dtype
            self.frame = self.frame.with_columns(col(name).cast(dtype))

    def _is_time(self, name: str, meaning: object) -> bool:
        return (
            isinstance(meaning, Concept)
            and meaning.kind in ("condition", "event", "milestone")
            and self.schema[name] == nw.String
        )

    def _own_clock(self, name: str) -> Clock:
        kind = self.kinds[name]
        if kind in ("day", "other"):
            raise UsageError(
                f"the column `{excerpt(name)}` must hold instants, such as 2024-03-04T08:00Z, not {self.schema[name]}"
            )
        fallback = clock_at(None)
        if kind == "text":
            self.frame = with_instants(self.engine, self.frame, name)
            self.checks.append((name, col("_as_of_wrong"), "`as_of` is an instant, such as 2024-03-04T08:00Z"))
        else:
            self.frame = self.frame.with_columns(now=col(name).cast(nw.Int64), offset=nw.lit(0, dtype=nw.Int64))
        self.frame = self.frame.with_columns(now=col("now").fill_null(fallback.now), offset=col("offset").fill_null(0))
        return Clock(col("now"), col("offset"))

    # --- columns -----------------------------------------------------------------------------------------------------

    def source(self, addresses: Mapping[str, int]) -> WideSource:
        """What the columns say, with what cannot be used already null."""
        self._measure()
        clock = (
            self.clock
            if self.clock.is_shared
            else Clock(*(self.columns.whole(part, full=True) for part in ("now", "offset")))
        )
        source = WideSource(self.vocabulary, clock, self.absent, self.columns)
        taken: dict[object, str] = {}
        for name, meaning in self.meant.items():
            if meaning is None or (
                isinstance(meaning, str) and meaning not in ("as_of", "birth_date") and meaning not in addresses
            ):
                said = (
                    unknown_name(self.vocabulary, self.names.get(name, name))
                    if meaning is None
                    else "no trial asks for this judgement"
                )
                nobody = self.frame.head(1).select(
                    **{ROW: nw.lit(-1, dtype=nw.Int64)},
                    patient=nw.when(nw.lit(False)).then(col("patient")),
                    concept=nw.lit(name),
                )
                self.rejects.add(nobody, nw.lit(f"the column is not read: {said}"))
                continue
            if meaning in taken:
                raise UsageError(f"the columns `{excerpt(taken[meaning])}` and `{excerpt(name)}` are of the same fact")
            taken[meaning] = name
            self._read(source, name, meaning)
        if (source.months is not None or source.born is not None) and source.age_column is not None:
            raise UsageError("the table has an age and a birth date; leave one of them out")
        self.clean()
        if "_as_of_wrong" in self.frame.collect_schema():  # who has no usable instant is not judged
            self.frame = self.frame.filter(~col("_as_of_wrong"))
        self.checks += contradictions(source, self.schema, self.meant)
        self.clean()
        return source

    def _measure(self) -> None:
        """Look once whether the columns of numbers and times lie within what is possible: they then need no care."""
        if not isinstance(self.columns, TermColumns):
            return
        ends: dict[str, tuple[float, float]] = {}
        past: dict[str, int] = {}
        for name, meaning in self.meant.items():
            concept = meaning[0] if isinstance(meaning, tuple) else meaning
            kind = self.kinds.get(name)
            if kind in ("floating", "instant", "day") and isinstance(self.clock.offset, int):
                shift = self.clock.offset if kind != "instant" else 0
                ends[name] = FIRST_PLAIN + shift, LATEST - DAY + shift
                if isinstance(self.clock.now, int):
                    past[name] = self._first_after_today() - 1 if meaning == "birth_date" else self.clock.now + shift
            elif isinstance(concept, Concept) and concept.kind == "age" and self.schema[name].is_integer():
                ends[name] = 0, 150
            elif isinstance(concept, Concept) and concept.kind == "quantity" and self.schema[name].is_numeric():
                ends[name] = self._plain_number(name, concept, self.schema[name]).possible_here
        self.inside, self.past = self.engine.inside(self.frame, ends, past)
        for name, kind in self.kinds.items():
            if self.inside.get(name):
                shift = self.clock.offset if kind != "instant" else 0  # type: ignore[assignment]  # it is shared
                assert isinstance(shift, int)
                most = past[name] if self.past.get(name) else LATEST - DAY + shift
                self.columns.plain_times[name] = shift, kind == "day", most

    def _first_after_today(self) -> int:
        now, offset = self.clock.now, self.clock.offset
        assert isinstance(now, int)
        assert isinstance(offset, int)
        return (day_of(now + offset) + 1) * DAY  # type: ignore[return-value]  # of whole numbers

    def _read(self, source: WideSource, name: str, meaning: Meaning) -> None:
        dtype = self.schema[name]
        if meaning == "as_of":
            return
        if meaning == "birth_date":
            self._births(source, name)
        elif isinstance(meaning, tuple):
            source.limits[meaning[0].name, meaning[1]] = self._number(name, meaning[0], dtype)
        elif isinstance(meaning, str):
            source.judgements[meaning] = self._boolean(name, dtype, "a judgement")
        elif meaning.kind == "quantity":
            source.values[meaning.name] = self._number(name, meaning, dtype)
        elif meaning.kind == "age":
            self._age(name, dtype)
            source.age_column = name
        elif meaning.kind == "class":
            source.classes[meaning.name] = self._class(name, meaning, dtype)
        elif meaning.kind == "attestation":
            source.answers[meaning.name] = self._boolean(name, dtype, "an attestation")
        elif meaning.kind == "milestone":
            self._times(name)
            source.moments[meaning.name] = name
        else:
            self._occurrence(source, name, meaning, dtype)

    def _boolean(self, name: str, dtype: Any, what: str) -> nw.Expr:
        if dtype != nw.Boolean:
            raise UsageError(f"the column `{excerpt(name)}` must be boolean, as it is {what}, not {dtype}")
        return self.columns.truth(name)

    def _number(self, name: str, concept: Concept, dtype: Any) -> PlainNumber | ReadNumber:
        if dtype == nw.String:
            return self._texts(name, concept)
        if not dtype.is_numeric():
            raise UsageError(f"the column `{excerpt(name)}` must hold numbers or texts, not {dtype}")
        number = self._plain_number(name, concept, dtype)
        if self.inside.get(name):
            return replace(number, is_exact=True)
        low, high = number.impossible
        value = col(name)
        outside = (value < low) | (value > high)
        if dtype.is_float():
            outside = outside & ~value.is_nan()
            self.checks.append((name, value.is_nan(), ""))
        self.checks.append((name, outside, "the value is outside what is possible"))
        return number

    def _plain_number(self, name: str, concept: Concept, dtype: Any) -> PlainNumber:
        unit = self.units.get(name)
        if counts_months(concept, unit):
            raise UsageError(
                f"the column `{excerpt(name)}` counts calendar {unit}; give it as text, such as `3 months`"
            )
        try:
            scale = quantity_reader(self.vocabulary).scale(concept, unit)
        except UnreadableValue as error:
            raise UsageError(f"the column `{excerpt(name)}`: {error}; give its unit in `units`") from None
        return PlainNumber(self.columns, name, scale, concept.possible, not dtype.is_float())

    def _texts(self, name: str, concept: Concept) -> ReadNumber:
        self.frame = with_read_texts(
            self.engine, self.frame, name, quantity_reader(self.vocabulary), concept, self.units.get(name)
        )
        self.checks.append((name, col(f"{name}_unread").fill_null(False), "the text is no value of this quantity"))
        return ReadNumber(self.columns, name, concept.possible)

    def _age(self, name: str, dtype: Any) -> None:
        if not dtype.is_numeric():
            raise UsageError(f"the column `{excerpt(name)}` must hold ages as numbers of completed years, not {dtype}")
        if self.inside.get(name):
            return
        value = col(name)
        wrong = (value < 0) | (value > 150)
        if dtype.is_float():
            self.checks.append((name, value.is_nan(), ""))
            wrong = (wrong | (value != value.floor())) & ~value.is_nan()
        self.checks.append((name, wrong, "it is no age in completed years"))

    def _class(self, name: str, concept: Concept, dtype: Any) -> Spelled:
        if dtype not in (nw.String, nw.Categorical) and not isinstance(dtype, nw.Enum) and not dtype.is_integer():
            raise UsageError(f"the column `{excerpt(name)}` must hold the values of a class as text, not {dtype}")
        if dtype.is_integer():
            self.frame = self.frame.with_columns(col(name).cast(nw.String))
        ranks: dict[str, int] = {}
        strange = []
        for (text,) in distinct(self.engine, self.frame.filter(~col(name).is_null()), [name]):
            try:
                reading_of = read_class(concept, text)
                if reading_of is not None:
                    ranks[text] = reading_of.rank
            except UnreadableValue:
                strange.append(text)
        if strange:
            self.checks.append(
                (name, col(name).is_in(strange), f"it is none of the values {', '.join(concept.values)}")
            )
        return Spelled(self.columns, name, ranks)

    def _times(self, name: str) -> None:
        kind: TimeKind = self.kinds.get(name, "absent")
        if kind in ("absent", "other"):
            raise UsageError(f"the column `{excerpt(name)}` must hold times, not {self.schema[name]}")
        if isinstance(self.columns, TermColumns) and name in self.columns.plain_times:
            return
        self.frame = reading.dated(self.engine, self.frame, name, kind, self.clock)
        self.checks.append((name, col(f"{name}_wrong"), "it is no date of the calendar"))

    def _occurrence(self, source: WideSource, name: str, concept: Concept, dtype: Any) -> None:
        source.null_columns[concept.name] = name
        if dtype == nw.Boolean:
            source.occurrences[concept.name] = said_by_boolean(self.columns, name, source.clock.now)
            return
        if self.kinds.get(name, "absent") in ("absent", "other"):
            raise UsageError(f"the column `{excerpt(name)}` must be boolean or hold times, not {dtype}")
        self._times(name)
        acute = Length.of(concept.acute_for) if concept.acute_for and concept.kind == "condition" else None
        source.occurrences[concept.name] = said_by_time(self.columns, name, acute, source.clock.now)

    def _births(self, source: WideSource, name: str) -> None:
        if self.kinds[name] not in ("day", "floating", "text"):
            raise UsageError(f"the column `{excerpt(name)}` must hold days, not {self.schema[name]}")
        now, offset = self.clock.now, self.clock.offset
        if self.kinds[name] == "text" or not isinstance(now, int) or not isinstance(offset, int):
            self.months(name)
            source.months = born_months(self.columns)
            return
        source.born = Born(self.columns, name, local(now + offset, UTC).date())
        after = self._first_after_today()
        if not (self.inside.get(name) and self.past.get(name)):
            self.checks.append((name, col(name) >= after, "the birth date lies after the instant of judgement"))

    def form(self, source: WideSource, trials: tuple[Trial, ...]) -> tuple[object, ...]:
        """All that the expressions of a judgement hang on; the trials by identity, so that they are kept as long as this is."""
        assert isinstance(self.columns, TermColumns)
        clock = (
            (self.clock.now, self.clock.offset)
            if self.clock.is_shared
            else ("own", self.clock.offset if isinstance(self.clock.offset, int) else "own")
        )
        return (
            *map(id, trials), self.absent, clock, self.patient, *sorted(self.units.items()), *sorted(self.names.items()),
            *((name, str(dtype), self.kinds.get(name), self.inside.get(name), self.past.get(name)) for name, dtype in self.schema.items()),
            *((spelled.name, *sorted(spelled.ranks.items())) for spelled in source.classes.values()),
        )  # fmt: skip
