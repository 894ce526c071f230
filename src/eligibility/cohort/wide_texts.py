"""A column of texts goes in; the intervals that they spell come out as columns."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from eligibility.cohort.engines import Engine
from eligibility.cohort.measurements import counted
from eligibility.cohort.reading import B, D, S, distinct, lookup
from eligibility.unreadable import UnreadableValue
from eligibility.values import QuantityReader
from eligibility.vocabulary import Concept

col = nw.col


def with_read_texts(
    engine: Engine, frame: nw.LazyFrame[Any], name: str, reader: QuantityReader, concept: Concept, unit: str | None
) -> nw.LazyFrame[Any]:
    """A frame with the ends of what each text of a column spells as `<name>_low` and so on, its months if it is given in months, and
    `<name>_unread` where it is no value."""
    found: dict[str, list[Any]] = {
        part: [] for part in (name, "_low", "_high", "_low_open", "_high_open", "_months_1", "_months_2", "_unread")
    }
    for (text,) in distinct(engine, frame.filter(~col(name).is_null()), [name]):
        try:
            given = {"value": text, "unit": unit} if unit is not None else text
            reading_of = reader.reading(concept, given)
            x = reading_of.value if reading_of is not None else None
            months = counted(reading_of.months) if reading_of is not None else (None, None)
            row: tuple[Any, ...] = (
                (x.low, x.high, x.low_open, x.high_open, *months, False) if x is not None else (None,) * 6 + (False,)
            )
        except UnreadableValue:
            row = (None,) * 6 + (True,)
        for values, part in zip(found.values(), (text, *row), strict=True):
            values.append(part)
    types = (S, D, D, B, B, D, D, B)
    table = {key: (dtype, values) for (key, values), dtype in zip(found.items(), types, strict=True)}
    parts = {part: f"{name}{part}" for part in ("_low", "_high", "_low_open", "_high_open", "_months_1", "_months_2")}
    return lookup(engine, frame, [name], table).rename({**parts, "_unread": f"{name}_unread"})
