"""TOML files of a vocabulary go in; concepts and a table of units come out, or every problem of the files at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eligibility.concepts import RESERVED, Concept, Kind, key_of, reached
from eligibility.errors import VocabularyError
from eligibility.instants import Duration, read_duration
from eligibility.intervals import INFINITY, Interval
from eligibility.units import Measure, Scale, Unit, UnitRefusal, UnitTable, build_table


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Text = Annotated[str, Field(min_length=1, max_length=400)]
_Decimal = Annotated[str, Field(pattern=r"^-?\d{1,12}(\.\d{1,12})?$")]


class _Range(_Model):
    min: float | None = None
    max: float | None = None


class _AppliesTo(_Model):
    sex: Literal["female", "male"] | None = None
    from_: _Text | None = Field(default=None, alias="from")


class _Line(_Model):
    factor: _Decimal
    offset: _Decimal = "0"


class _ConceptFile(_Model):
    """One `[concept."name"]` table."""

    kind: Kind
    about: _Text
    source: _Text
    synonyms: tuple[_Text, ...] = ()
    codes: dict[Literal["loinc", "snomed", "icd10"], tuple[_Text, ...]] = Field(default_factory=dict)
    unit: _Text | None = None
    possible: _Range | None = None
    plausible: _Range | None = None
    bare: _Text | None = None
    molar_mass: _Decimal | None = None
    molar_mass_source: _Text | None = None
    valence: Annotated[int, Field(ge=1, le=8)] | None = None
    counts: Literal["cell", "breath", "beat", "copy"] | None = None
    reads: dict[Literal["IU", "U"], Literal["IU", "U"]] = Field(default_factory=dict)
    conversions: dict[_Text, _Line] = Field(default_factory=dict)
    current_for: _Text | None = None
    formula: Annotated[str, Field(max_length=2000)] | None = None
    formula_source: _Text | None = None
    sampled_with: _Text | None = None
    assumed: _Text | None = None
    assumed_source: _Text | None = None
    includes: tuple[_Text, ...] = ()
    applies_to: _AppliesTo | None = None
    acute_for: _Text | None = None
    on_problem_list: bool | None = None
    patient_is: _Text | None = None
    values: tuple[_Text, ...] = ()
    ordered: bool = True
    value_synonyms: dict[_Text, tuple[_Text, ...]] = Field(default_factory=dict)
    none_when_absent: _Text | None = None


class _Definition(_Model):
    is_: Annotated[str, Field(alias="is", max_length=120, pattern=r"^[\w\[\] .*/;:+-]+$")]
    symbols: tuple[_Text, ...]
    prefixes: tuple[Literal["M", "k", "h", "d", "c", "m", "u", "mc", "n", "p", "f"], ...] = ()


class _File(_Model):
    """What a TOML file may hold beside concepts: units."""

    unit: dict[Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")], _Definition] = Field(default_factory=dict)
    alias: dict[_Text, _Text] = Field(default_factory=dict)
    hint: dict[_Text, _Text] = Field(default_factory=dict)


def read_contents(contents: Iterable[tuple[str, bytes | OSError]]) -> tuple[list[Concept], UnitTable]:
    """The concepts and units of the contents of TOML files, in their order: a later file may restate a concept.

    A content is given with the name of its file, or as the error that came of reading it. Raises VocabularyError with
    every problem found.
    """
    messages: list[str] = []
    concepts: dict[str, tuple[str, _ConceptFile]] = {}
    tables: dict[str, dict[str, object]] = {"unit": {}, "alias": {}, "hint": {}}
    for file, content in contents:
        try:
            if isinstance(content, OSError):
                raise content
            data = tomllib.loads(content.decode("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            messages.append(f"{file}: cannot be read: {error}")
            continue
        given = data.pop("concept", {})
        try:
            rest = _File.model_validate(data)
            tables["unit"] |= {name: unit.model_dump(by_alias=True) for name, unit in rest.unit.items()}
            tables["alias"] |= rest.alias
            tables["hint"] |= rest.hint
        except ValidationError as error:
            messages += [f"{file}: {told}" for told in _told(error)]
        for name, table in given.items() if isinstance(given, dict) else ():
            try:
                # a later file may restate a concept: that is how one is changed
                concepts[str(name)] = (file, _ConceptFile.model_validate(table))
            except ValidationError as error:
                messages += [f"{file}: concept `{name}`: {told}" for told in _told(error)]
    try:
        units = build_table(tables)
    except ValueError as error:
        raise VocabularyError([*messages, str(error)]) from None
    built: list[Concept] = []
    for name, (origin, concept) in concepts.items():
        try:
            built.append(_concept(name, concept, units))
        except ValueError as error:
            messages.append(f"{origin}: concept `{name}`: {error}")
    messages += _clashes(built, {name: origin for name, (origin, _) in concepts.items()})
    if messages:
        raise VocabularyError(messages)
    return built, units


def _told(error: ValidationError) -> list[str]:
    return [f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()]


def _unit(units: UnitTable, text: str) -> Unit:
    unit = units.read(text)
    if isinstance(unit, UnitRefusal):
        raise ValueError(unit.message)  # told as a message of VocabularyError
    return unit


def _span(limits: _Range | None, default: Interval) -> Interval:
    if limits is None:
        return default
    low = -INFINITY if limits.min is None else limits.min
    high = INFINITY if limits.max is None else limits.max
    if not low <= high:  # nan compares with nothing
        raise ValueError(f"a `possible` or plausible range from {low:g} to {high:g} is empty")
    return Interval(low, high, low == -INFINITY, high == INFINITY)


def _lasting(text: str | None, what: str) -> Duration | None:
    if text is None or text == "unlimited":
        return None
    found = read_duration(text)
    if found is None:
        raise ValueError(f"{what} must be a duration such as `7 days`, not `{text}`")
    return found


_FIELDS_OF_KIND = {
    "quantity": {
        "unit", "possible", "plausible", "bare", "molar_mass", "molar_mass_source", "valence", "counts", "reads", "conversions",
        "current_for", "formula", "formula_source", "sampled_with", "assumed", "assumed_source",
    },
    "class": {"values", "ordered", "value_synonyms", "current_for", "none_when_absent"},
    "condition": {"includes", "applies_to", "acute_for", "on_problem_list", "patient_is"},
    "event": {"includes", "applies_to", "on_problem_list"},
    "attestation": {"applies_to"},
    "milestone": set[str](),
    "age": set[str](),
}  # fmt: skip


def _refuse_strangers(given: _ConceptFile) -> None:
    """A field that means nothing for a kind is a mistake."""
    common = {"kind", "about", "source", "synonyms", "codes"}
    strange = sorted(given.model_fields_set - common - _FIELDS_OF_KIND[given.kind])
    if strange:
        raise ValueError(f"`{strange[0]}` means nothing for a concept of kind {given.kind}")


_DIMENSION = {"IU": "[international_unit]", "U": "[enzyme_unit]"}


def _concept(name: str, given: _ConceptFile, units: UnitTable) -> Concept:
    """One concept from its table. Raises ValueError, which the caller turns into a message."""
    for word in (name, *given.synonyms):
        if key_of(word) in RESERVED:
            raise ValueError(f"the name `{word}` is reserved for the patient record")
        if re.search(r"[`\x00-\x1f]", word) or not any(char.isalnum() for char in word):
            raise ValueError(f"`{word}` is no name: it needs a letter or a digit, and no backtick")
    _refuse_strangers(given)
    needs_unit = given.kind == "quantity"
    if needs_unit and given.unit is None:
        raise ValueError("a quantity declares its canonical `unit`")
    if given.kind in ("quantity", "class") and given.current_for is None:
        raise ValueError('it declares how long a value is current: `current_for`, perhaps "unlimited"')
    if given.kind in ("condition", "event") and given.on_problem_list is None:
        raise ValueError("a condition or event declares `on_problem_list`")
    if given.kind == "class" and len(given.values) < 2:
        raise ValueError("a class declares its `values`, lowest first")
    if given.molar_mass and not given.molar_mass_source:
        raise ValueError("a molar mass names its source in `molar_mass_source`")
    if given.molar_mass and Fraction(given.molar_mass) <= 0:
        raise ValueError("a `molar_mass` is above zero")
    if given.formula and not given.formula_source:
        raise ValueError("a formula names its paper in `formula_source`")
    possible = _span(given.possible, Interval(0, INFINITY, False, True))
    plausible = _span(given.plausible, possible) if given.plausible else None
    if plausible and not (possible.low <= plausible.low and plausible.high <= possible.high):
        raise ValueError("the plausible range reaches outside the possible one")
    measure = assumed = None
    if given.unit:
        measure = Measure(
            unit=_unit(units, given.unit),
            molar_mass=Fraction(given.molar_mass) if given.molar_mass else None,
            valence=given.valence,
            counted=f"[{given.counts}]" if given.counts else None,
            bare=_unit(units, given.bare) if given.bare else None,
            readings=tuple((_DIMENSION[a], _DIMENSION[b]) for a, b in given.reads.items()),
            conversions=tuple(
                (_unit(units, text), Scale(Fraction(line.factor), Fraction(line.offset)))
                for text, line in given.conversions.items()
            ),
        )
        if given.assumed:
            number, _, text = given.assumed.partition(" ")
            if not re.fullmatch(r"-?[\d.]{1,20}", number):
                raise ValueError(f"the assumed value `{given.assumed}` is no number with a unit")
            line = measure.scale(_unit(units, text or "1"))
            if line is None:
                raise ValueError(f"the assumed value `{given.assumed}` is in a unit of another kind")
            try:
                assumed = line(Fraction(number))
            except (ValueError, ZeroDivisionError):
                raise ValueError(f"the assumed value `{given.assumed}` is no number with a unit") from None
            if not possible.low <= assumed <= possible.high:
                raise ValueError(f"the `assumed` value `{given.assumed}` lies outside of the possible range")
            if not given.assumed_source:
                raise ValueError("an assumed value names its source in `assumed_source`")
        if measure.bare is not None and measure.bare.dimensions != measure.unit.dimensions:
            raise ValueError(f"the `bare` unit `{given.bare}` is of another kind than `{given.unit}`")
    ranks: dict[str, int] = {}
    for rank, value in enumerate(given.values):
        for spelling in (value, *given.value_synonyms.get(value, ())):
            if ranks.setdefault(key_of(spelling), rank) != rank:
                raise ValueError(f"the value `{spelling}` stands for two of its classes")
    if strange := set(given.value_synonyms) - set(given.values):
        raise ValueError(f"synonyms are given for {sorted(strange)}, which are none of its values")
    applies_from = 0
    if given.applies_to and given.applies_to.from_:
        start = _lasting(given.applies_to.from_, "`applies_to.from`")
        if start is None or start.exact or not start.months:
            raise ValueError("`applies_to.from` is an age in years or months, such as `8 years`")
        applies_from = start.months
    return Concept(
        name=name, kind=given.kind, about=given.about, source=given.source, synonyms=given.synonyms,
        codes={str(system): codes for system, codes in given.codes.items()}, unit=given.unit or "1", bare=given.bare, measure=measure, possible=possible,
        plausible=plausible, current_for=_lasting(given.current_for, "current_for"), formula=given.formula,
        formula_source=given.formula_source, sampled_with=given.sampled_with, assumed=assumed,
        molar_mass_source=given.molar_mass_source, includes=given.includes,
        applies_to_sex=given.applies_to.sex if given.applies_to else None, applies_from_months=applies_from,
        acute_for=_lasting(given.acute_for, "acute_for"), on_problem_list=bool(given.on_problem_list),
        patient_is=given.patient_is,
        values=given.values, ordered=given.ordered, value_ranks=ranks, none_when_absent=given.none_when_absent,
    )  # fmt: skip


def _clashes(concepts: list[Concept], files: Mapping[str, str]) -> list[str]:
    """What does not hold together between concepts: names taken twice, unknown parts, circles."""
    messages: list[str] = []
    owner: dict[str, str] = {}
    by_name = {concept.name: concept for concept in concepts}

    def say(name: str, what: str) -> None:
        messages.append(f"{files[name]}: concept `{name}`: {what}")

    for concept in concepts:
        for name in (concept.name, *concept.synonyms):
            taken = owner.setdefault(key_of(name), concept.name)
            if taken != concept.name:
                say(concept.name, f"`{name}` also names `{taken}` ({files[taken]})")
        for part in concept.includes:
            if part not in by_name or not by_name[part].is_occurrence:
                say(concept.name, f"it includes `{part}`, which is no declared condition or event")
        if concept.sampled_with and (
            concept.sampled_with not in by_name or by_name[concept.sampled_with].kind != "quantity"
        ):
            say(concept.name, f"`sampled_with` names `{concept.sampled_with}`, which is no declared quantity")
        absent = concept.none_when_absent
        if absent and (absent not in by_name or not by_name[absent].is_occurrence):
            say(concept.name, f"`none_when_absent` names `{absent}`, which is no declared condition or event")
    step = {concept.name: tuple(part for part in concept.includes if part in by_name) for concept in concepts}
    for name in step:
        if name in reached(name, step):
            say(name, "it includes itself, directly or through others")
    return messages
