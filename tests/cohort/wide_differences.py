"""Random trials and random wide tables go in; every difference between `screen_wide` and the reference comes out as a sentence.

`soak.py` runs them at length.
"""

import math
import random
from datetime import datetime, timedelta
from fractions import Fraction

import polars as pl
from differences import disagreements

from eligibility.cohort import screen_wide
from eligibility.regions import Variable, edges, judgements, touched, variables
from eligibility.states import units_of


def column(concept, variable, chance, at):
    """A column of one concept: its values as the frame has them and as the record spells them, and its unit."""
    kind = concept.kind
    if kind == "quantity":
        numbers = list(edges(variable.thresholds, concept.possible)) or [1.0]
        numbers += [
            number
            for number in (concept.possible.low, 3.5)
            if abs(number) < math.inf and concept.possible.low <= number <= concept.possible.high
        ]
        if chance.random() < 0.25:
            unit = "" if concept.unit == "1" else f" {concept.unit}"
            texts = [
                f"{chance.choice(('<', '>', '<=', '>=', ''))}{number:.12g}{unit}"
                for number in numbers
                if concept.possible.low < number < concept.possible.high
            ]
            return [(text, text) for text in texts] or [(None, None)], None
        text, unit = chance.choice([(concept.unit, None), *units_of(concept, variable.words)])
        values = []
        for number in numbers:
            if unit is not None:
                line = concept.measure.scale(unit)
                number = float((Fraction(number) - line.offset) / line.factor)
            values.append((float(number), {"value": float(number), "unit": text}))
        return [*values, (float("nan"), None)], text
    if kind == "class":
        return [(value, value) for value in concept.values], None
    if kind in ("attestation",):
        return [(True, True), (False, False)], None
    moment = datetime.fromisoformat(at)
    times = [
        moment - timedelta(days=days, minutes=minutes)
        for days in (0, 1, 7, 28, 30, 90, 183, 400)
        for minutes in (0, 1, -1)
    ]
    if kind == "milestone":
        return [(when, when.isoformat()) for when in times], None
    if chance.random() < 0.5:
        return [(True, True), (False, False)], None
    key = "at" if kind == "event" else "onset"
    if chance.random() < 0.5:
        return [(f"{when:%Y-%m-%d}", {key: f"{when:%Y-%m-%d}"}) for when in times] + [
            ("2023-12", {key: "2023-12"})
        ], None
    return [(when, {key: when.isoformat()}) for when in times], None


def table(batch, chance, rows):
    """A frame and the records that say the same."""
    rules = [criterion.rule for trial in batch.trials for criterion in trial]
    cut = variables(rules, batch.words)
    names = sorted(set().union(*(touched(rule, batch.words) for rule in rules)) & set(batch.words.concepts))
    records = [{} for _ in range(rows)]
    data, units = {"patient": [f"p{index}" for index in range(rows)]}, {}
    for name in names:
        concept = batch.words[name]
        if name == "screening" or chance.random() < 0.25:
            continue
        if concept.kind == "age":
            if chance.random() < 0.5:
                years = sorted(
                    {
                        int(value) // 12 + step
                        for value in cut.get(name, Variable(concept)).thresholds or {216}
                        for step in (-1, 0, 1)
                    }
                )
                chosen = [chance.choice([*[year for year in years if 0 <= year < 150], None]) for _ in range(rows)]
                data["age"] = chosen
                for record, value in zip(records, chosen, strict=True):
                    record["age"] = value
            else:
                moment = datetime.fromisoformat(batch.at).date()
                chosen = [
                    chance.choice(
                        [
                            moment - timedelta(days=chance.randint(0, 33_000)),
                            moment.replace(year=moment.year - chance.randint(1, 80)),
                            None,
                        ]
                    )
                    for _ in range(rows)
                ]
                data["birth_date"] = chosen
                for record, value in zip(records, chosen, strict=True):
                    record["birth_date"] = value and value.isoformat()
            continue
        variable = cut.get(name, Variable(concept))
        variable.words = batch.words
        options, unit = column(concept, variable, chance, batch.at)
        chosen = [chance.choice(options) if chance.random() < 0.7 else (None, None) for _ in range(rows)]
        if unit is not None:
            units[name] = unit
        data[name] = [value for value, _ in chosen]
        for record, (_, said) in zip(records, chosen, strict=True):
            record[name] = said
    for address in judgements(rules):
        chosen = [chance.choice((True, False, None)) for _ in range(rows)]
        data[address] = chosen
        for record, answer in zip(records, chosen, strict=True):
            record.setdefault("judgements", {})[address] = answer
    frame = pl.DataFrame({name: series(values) for name, values in data.items()})
    return frame, records, units


def series(values):
    kinds = {type(value) for value in values if value is not None}
    return pl.Series(values, dtype=pl.Boolean) if not kinds else pl.Series(values)


def differences(batch, engine="polars", absent="unknown", rows=40):
    """What the cohort says otherwise than the reference."""
    chance = random.Random(batch.chance.random())
    frame, records, units = table(batch, chance, rows)
    empty = [name for name in frame.columns if frame[name].null_count() == rows]
    frame = frame.drop(empty)
    records = [{key: value for key, value in record.items() if key not in empty} for record in records]
    native = frame
    if engine == "duckdb":
        import duckdb

        native = duckdb.connect().from_arrow(frame.to_arrow())
    cohort = screen_wide(
        native,
        batch.trials,
        at=batch.at,
        units={name: unit for name, unit in units.items() if name in frame.columns},
        absent=absent,
    )
    named = {f"p{index}": record for index, record in enumerate(records)}
    yield from disagreements(cohort, named, batch, batch.at, absent)
