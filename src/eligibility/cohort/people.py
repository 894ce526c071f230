"""The patients of a cohort and their small table go in; one row for each comes out: instant, offset, age, applicability."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import Civil, civil, completed_months, day_of, moment_expression, most_of
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.reading import Clock, I, Rejects, S, distinct, identified, lookup, reason, wall_of
from eligibility.cohort.sheets import Sheet
from eligibility.errors import UsageError
from eligibility.instants import DAY, LATEST, instant_of, local, read_date
from eligibility.vocabulary import Concept, Vocabulary

col = nw.col
OLDEST = 1_800  # months
FROM_TABLE = -1  # the number of a row that stands in the table of patients


def read_patients(
    engine: Engine, native: Any, needs_clock: bool, rejects: Rejects
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any] | None]:
    """The small table: patient, now, offset (where each has its own instant), birth days and sex; and those who cannot be
    judged. Raises UsageError for a column of the wrong type."""
    taken = engine.take(native, ["as_of", "birth_date"], numbered=False)
    frame, kinds = taken.frame, dict(taken.kinds)
    schema = frame.collect_schema()
    if "patient" not in schema:
        raise UsageError(f"the table of patients has no column `patient`; it has {', '.join(schema)}")
    columns: list[nw.Expr] = [identified(schema)]
    for name in ("as_of", "birth_date", "sex"):
        if name not in schema:
            columns.append(nw.lit(None, dtype=nw.String).alias(name))
        elif name == "birth_date" and schema[name].is_integer() and kinds[name] == "other":
            kinds[name] = "text"
            columns.append(col(name).cast(nw.Int64).cast(nw.String))
        else:
            columns.append(col(name))
    if kinds["birth_date"] == "instant" or kinds["as_of"] == "day":
        wrong = "birth_date" if kinds["birth_date"] == "instant" else "as_of"
        raise UsageError(
            f"the column `{wrong}` of the patients holds {'instants' if wrong == 'birth_date' else 'days'}; a birth date is a day, an `as_of` an instant"
        )
    strange = [name for name, kind in kinds.items() if kind == "other"]
    if strange:
        raise UsageError(
            f"the column `{strange[0]}` of the patients must hold times or text, such as 2024-03-04T08:00Z, not {schema[strange[0]]}"
        )
    frame = frame.select(*columns).unique().with_columns(nw.lit(FROM_TABLE, dtype=nw.Int64).alias(ROW))
    frame = _as_of(engine, frame, kinds["as_of"])
    frame = with_births(engine, frame, kinds["birth_date"])
    twice = frame.group_by("patient").agg(_times=nw.len())
    frame = frame.join(twice, on="patient", how="left")
    frame = frame.with_columns(
        reason=reason(
            (col("patient").is_null(), "the row of the table of patients names no patient"),
            (col("_times") > 1, "the table of patients says different things of this patient"),
            (col("_as_of_wrong"), "`as_of` is an instant, such as 2024-03-04T08:00Z"),
            (col("_birth_wrong"), "the birth date is no day of the calendar"),
        ),
        concept=nw.lit("patients"),
    )  # fmt: skip
    frame = engine.settle(frame)
    rejects.add(frame.filter(~col("reason").is_null()))
    lost = col("patient").is_null() | (col("_times") > 1)
    if needs_clock:
        lost = lost | col("_as_of_wrong")
    kept = frame.filter(~lost)
    unusable = frame.filter(lost & ~col("patient").is_null()).select("patient").unique()
    return kept.select("patient", "now", "offset", *BIRTH, "sex"), unusable


def _as_of(engine: Engine, frame: nw.LazyFrame[Any], kind: str) -> nw.LazyFrame[Any]:
    if kind != "text":
        given = nw.lit(None, dtype=nw.Int64) if kind == "absent" else col("as_of").cast(nw.Int64)
        return frame.with_columns(now=given, offset=nw.lit(0, dtype=nw.Int64), _as_of_wrong=nw.lit(False))
    return with_instants(engine, frame, "as_of")


def with_instants(engine: Engine, frame: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    """A column of texts as `now` and `offset`; `_as_of_wrong` where a text is no instant."""
    texts = [text for (text,) in distinct(engine, frame.filter(~col(name).is_null()), [name])]
    rows: list[tuple[str, int, int]] = []
    for text in texts:
        found = read_date(text)
        if found is not None and found.precision == "instant":
            zone = found.start.tzinfo or UTC
            offset = zone.utcoffset(None)
            rows.append((text, instant_of(found.start, zone), int(offset.total_seconds()) * 1_000_000 if offset else 0))
    table: dict[str, tuple[Any, Sequence[Any]]] = {
        name: (S, [row[0] for row in rows]),
        "now": (I, [row[1] for row in rows]),
        "offset": (I, [row[2] for row in rows]),
    }
    joined = lookup(engine, frame, [name], table)
    return joined.with_columns(_as_of_wrong=~col(name).is_null() & col("now").is_null())


BIRTH = [f"born_{index}{part}" for index in (1, 2) for part in ("", "_year", "_month", "_day")]


def with_births(engine: Engine, frame: nw.LazyFrame[Any], kind: str) -> nw.LazyFrame[Any]:
    """The first and the last day of each birth date: its number, year, month and day, looked up once for each distinct one."""
    if kind == "absent":
        return frame.with_columns(
            *[nw.lit(None, dtype=nw.Int64).alias(name) for name in BIRTH], _birth_wrong=nw.lit(False)
        )
    found: dict[str, list[Any]] = {name: [] for name in ("birth_date", *BIRTH)}
    for (given,) in distinct(engine, frame.filter(~col("birth_date").is_null()), ["birth_date"]):
        first, after, _ = wall_of(given) if kind == "text" else (given, given // DAY * DAY + DAY, True)
        if first is None or after is None:
            continue
        row: list[Any] = [given]
        for day in (first // DAY, (after - 1) // DAY):
            date = local(min(day * DAY, LATEST - DAY), UTC)
            row += [day, date.year, date.month, date.day]
        for values, value in zip(found.values(), row, strict=True):
            values.append(value)
    table: dict[str, tuple[Any, Sequence[Any]]] = {
        name: (S if name == "birth_date" and kind == "text" else I, values) for name, values in found.items()
    }
    joined = lookup(engine, frame, ["birth_date"], table)
    return joined.with_columns(_birth_wrong=~col("birth_date").is_null() & col("born_1").is_null())


# --- ages ------------------------------------------------------------------------------------------------------------


def with_ages(engine: Engine, people: nw.LazyFrame[Any], clock: Clock, rejects: Rejects) -> nw.LazyFrame[Any]:
    """Completed months at the instant, `months_1` to `months_2`, for people with `born_1`, `born_2`, `age_low`, `age_high`,
    `age_years`; `has_age` says that something is known. What contradicts itself is set aside: the age, where it disagrees
    with the birth date, and the birth date, where it lies after the instant."""
    sheet = Sheet()
    today = civil(clock.now + clock.offset, sheet.keep)
    people = sheet.applied(people, engine)
    today_days = moment_expression(day_of(clock.now + clock.offset))
    unborn = col("born_1") > today_days
    people = people.with_columns(
        **{f"today_{name}": moment_expression(getattr(today, name)) for name in ("year", "month", "day")},
        _unborn=unborn.fill_null(False),
    )
    rejects.add(
        people.filter(col("_unborn")).with_columns(
            nw.lit(FROM_TABLE, dtype=nw.Int64).alias(ROW), concept=nw.lit("patients"), reason=nw.lit("the birth date lies after the instant of judgement")
        )
    )  # fmt: skip
    later = (col("born_2") > today_days).fill_null(False)
    people = people.with_columns(
        born_1=nw.when(~col("_unborn")).then(col("born_1")),
        born_2=nw.when(later).then(today_days).otherwise(col("born_2")),
        **{
            f"born_2_{part}": nw.when(later).then(col(f"today_{part}")).otherwise(col(f"born_2_{part}"))
            for part in ("year", "month", "day")
        },
    )  # fmt: skip
    now = Civil(col("today_year"), col("today_month"), col("today_day"), 0)
    sheet = Sheet()
    fewest, most = months_since_birth(now, sheet)
    people = sheet.applied(people, engine)
    step = nw.when(col("age_years")).then(nw.lit(12)).otherwise(nw.lit(1))
    people = people.with_columns(_fewest=fewest, _most=most)
    disagrees = ((col("_most") // step < col("age_low")) | (col("_fewest") // step > col("age_high"))).fill_null(False)
    people = people.with_columns(_disagrees=disagrees)
    rejects.add(
        people.filter(col("_disagrees")).select(
            col("age_row").alias(ROW), "patient", col("age_concept").alias("concept"), reason=nw.lit("the age disagrees with the birth date; the birth date counts")
        )
    )  # fmt: skip
    given = {name: nw.when(~col("_disagrees")).then(col(name)) for name in ("age_low", "age_high")}
    people = people.with_columns(**given)
    sheet = Sheet()
    low, high = months_at(now, sheet)
    return sheet.applied(people, engine).with_columns(
        months_1=low, months_2=high, has_age=~(col("born_1").is_null() & col("age_low").is_null()),
    ).drop("_unborn", "_fewest", "_most", "_disagrees")  # fmt: skip


def months_since_birth(day: Civil, sheet: Sheet) -> tuple[nw.Expr, nw.Expr]:
    """Completed months on a day, by the birth dates of the columns: the fewest and the most."""
    found = []
    for index in (2, 1):
        born = Civil(col(f"born_{index}_year"), col(f"born_{index}_month"), col(f"born_{index}_day"), 0)
        found.append(moment_expression(sheet.keep(most_of(0, sheet.keep(completed_months(born, day))))))
    return found[0], found[1]


def months_at(day: Civil, sheet: Sheet) -> tuple[nw.Expr, nw.Expr]:
    """Completed months on a day, from the birth date, the age, or both; any age where nothing is known."""
    fewest, most = months_since_birth(day, sheet)
    low = nw.when(col("age_years")).then(col("age_low") * 12).otherwise(col("age_low"))
    high = nw.when(col("age_years")).then(col("age_high") * 12 + 11).otherwise(col("age_high"))
    both_low = nw.when(fewest >= low).then(fewest).otherwise(low)
    both_high = nw.when(most <= high).then(most).otherwise(high)
    born, given = ~col("born_1").is_null(), ~col("age_low").is_null()
    meets = born & given & (both_low <= both_high)
    return (
        nw.when(meets)
        .then(both_low)
        .when(born)
        .then(fewest)
        .when(given)
        .then(low)
        .otherwise(nw.lit(0, dtype=nw.Int64)),
        nw.when(meets)
        .then(both_high)
        .when(born)
        .then(most)
        .when(given)
        .then(high)
        .otherwise(nw.lit(OLDEST, dtype=nw.Int64)),
    )


# --- to whom a concept applies ---------------------------------------------------------------------------------------


def limited(vocabulary: Vocabulary) -> list[tuple[int, Concept]]:
    """The concepts that apply to some people only, with their numbers."""
    return [(index, concept) for index, concept in enumerate(vocabulary) if concept.has_limited_applicability]


def with_applicability(
    people: nw.LazyFrame[Any], classes: nw.LazyFrame[Any], vocabulary: Vocabulary
) -> nw.LazyFrame[Any]:
    """`cannot_<cid>` for each concept that applies to some people only."""
    concepts = limited(vocabulary)
    if not concepts:
        return people
    sexes = vocabulary.concepts.get("sex")
    if sexes is not None:
        number = list(vocabulary.concepts).index("sex")
        ranks = classes.filter(col("cid") == number)
        seen = [
            (nw.when(col("low") == rank).then(nw.lit(1)).otherwise(nw.lit(0))).max().alias(f"is_{rank}")
            for rank in range(len(sexes.values))
        ]
        people = people.join(ranks.group_by("patient").agg(*seen), on="patient", how="left")
    columns = []
    for index, concept in concepts:
        wrong_sex: nw.Expr = nw.lit(False)
        if concept.applies_to_sex and sexes is not None and concept.applies_to_sex in sexes.values:
            rank = sexes.values.index(concept.applies_to_sex)
            wrong_sex = (col(f"is_{rank}") == 0).fill_null(False)
        young = col("has_age") & (col("months_2") < concept.applies_from_months)
        columns.append((wrong_sex | young).alias(f"cannot_{index}"))
    people = people.with_columns(*columns)
    return people.drop(*[f"is_{rank}" for rank in range(len(sexes.values))]) if sexes is not None else people


def cannot(vocabulary: Vocabulary, index: int) -> nw.Expr | bool:
    """Can a concept not apply to a patient?"""
    concept = list(vocabulary)[index]
    return col(f"cannot_{index}") if concept.has_limited_applicability else False
