"""Spellings of units go in; exact factors between them come out.

Text from outside is read by a bounded lexer against the closed table of `rules/vocabulary/units.toml`, never by pint.
pint holds the definitions, in a registry of its own with exact fractions, and is asked only about names of the table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eligibility.errors import did_you_mean, excerpt, nearest

if TYPE_CHECKING:
    import pint

LONGEST_UNIT = 60
Dimensions = tuple[tuple[str, int], ...]

PREFIXES = {
    "M": ("mega", 6), "k": ("kilo", 3), "h": ("hecto", 2), "d": ("deci", -1), "c": ("centi", -2), "m": ("milli", -3),
    "u": ("micro", -6), "mc": ("micro", -6), "n": ("nano", -9), "p": ("pico", -12), "f": ("femto", -15),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as an exact multiple of the base units; `numerator` and `denominator` keep what would cancel (mg/g)."""

    text: str = field(compare=False)
    factor: Fraction
    dimensions: Dimensions
    numerator: Dimensions = ()
    denominator: Dimensions = ()
    offset: Fraction = Fraction(0)

    @property
    def kind(self) -> tuple[Dimensions, Dimensions, Dimensions]:
        """Units of one kind may meet: equal dimensions, and where all cancels, equal in what cancelled."""
        return (self.dimensions, *((self.numerator, self.denominator) if not self.dimensions else ((), ())))


@dataclass(frozen=True, slots=True)
class UnitRefusal:
    """Why a text is not a unit, or not one that fits, and what to try."""

    message: str
    help: str | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """An exact straight line from one unit to another: `factor * x + offset`."""

    factor: Fraction
    offset: Fraction = Fraction(0)

    def __call__(self, value: Fraction) -> float:
        """The converted value, rounded once to a double."""
        return float(self.factor * value + self.offset)

    def back(self, value: float) -> float:
        """The other way round, for showing a converted value in the unit it came from."""
        return float((Fraction(value) - self.offset) / self.factor)


@dataclass(frozen=True, eq=False)
class UnitTable:
    """The closed table: every symbol with the exact unit that it stands for. One table is never another."""

    symbols: Mapping[str, Unit]
    aliases: Mapping[str, str]
    hints: Mapping[str, str]

    def read(self, text: str) -> Unit | UnitRefusal:
        """The unit that a text spells, or why it is none. Bounded work for any text."""
        if len(text) > LONGEST_UNIT:
            return UnitRefusal(f"`{excerpt(text)}` is too long for a unit")
        return _read(self, text)


def build_table(data: Mapping[str, object]) -> UnitTable:
    """The table of a validated `units.toml`: `unit`, `alias` and `hint`. Definitions are read by pint, and only they."""
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None, non_int_type=Fraction)  # magnitudes are Fractions
    units: Mapping[str, Mapping[str, object]] = data["unit"]  # type: ignore[assignment]  # validated by the vocabulary
    bases = set()
    for definition in units.values():
        bases |= set(re.findall(r"\[\w+\]", str(definition["is"])))
    symbols: dict[str, Unit] = {}
    for name, definition in units.items():
        meaning = str(definition["is"])
        if not re.fullmatch(r"[\w\[\] .;:]+(?:(?:\*\*?|/)\s*[\w\[\] .;:+]+|\+ [\d /]+)*", meaning):
            raise ValueError(f"unit `{name}`: `{excerpt(meaning)}` defines no unit")
        if meaning.startswith("[") and " " in meaning:  # a base dimension inside an expression gets a unit of its own
            base = meaning[: meaning.index("]") + 1]
            registry.define(f"{base[1:-1]}_unit_of_{name} = {base}")
            meaning = meaning.replace(base, f"{base[1:-1]}_unit_of_{name}")
        registry.define(f"{name} = {meaning}")
    for name, definition in units.items():
        _prove(registry, name, str(definition["is"]))
        zero = registry.Quantity(Fraction(0), name).to_root_units().magnitude
        one = registry.Quantity(Fraction(1), name).to_root_units().magnitude
        dimensions = tuple(sorted((str(k), int(str(v))) for k, v in registry.get_dimensionality(name).items()))
        marker = dimensions or (() if name == "one" else ((name, 1),))
        unit = Unit(name, Fraction(one) - Fraction(zero), dimensions, marker, (), Fraction(zero))
        for symbol in definition["symbols"]:  # type: ignore[attr-defined]
            _declare(symbols, symbol, unit)
            for prefix in definition.get("prefixes", ()):  # type: ignore[attr-defined]
                word, exponent = PREFIXES[prefix]
                in_full = (len(symbol) > 3 or symbol == "mol") and symbol.isalpha()
                for spelling in (word, prefix) if in_full and len(symbol) < 6 else (word,) if in_full else (prefix,):
                    scaled = replace(unit, text=spelling + symbol, factor=unit.factor * Fraction(10) ** exponent)
                    symbols.setdefault(spelling + symbol, scaled)
    return UnitTable(symbols, data.get("alias", {}), data.get("hint", {}))  # type: ignore[arg-type]


def _prove(registry: pint.UnitRegistry[Any], name: str, meaning: str) -> None:
    """Does a definition lead to base units? Raises ValueError where it does not."""
    import pint

    try:
        registry.Quantity(Fraction(1), name).to_root_units()
    except (pint.PintError, ValueError, TypeError, KeyError, RecursionError, SyntaxError, AssertionError):
        raise ValueError(f"unit `{name}`: `{excerpt(meaning)}` cannot be traced to known units") from None


def _declare(symbols: dict[str, Unit], symbol: str, unit: Unit) -> None:
    symbols[symbol] = replace(unit, text=symbol)


_COMPATIBLE = re.compile("[\u2103\u2109\u3300-\u33ff\uff01-\uff5e]")  # one sign for several letters: ℃, ㎎, ％
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER_OF_TEN = re.compile(r"(?:[xX*]\s*)?10\s?(?:\^|\*\*?|[eE])\s?(-?\d{1,2})\s*\*?\s*(?=[/A-Za-z\[{(]|$)")
_THOUSANDS = re.compile(r"(?:[xX*]\s*)?(?:1000|1,000)\s*(?=[/A-Za-z\[{(])")
_LOST_SUPERSCRIPT = re.compile(r"(?:[xX*]\s*)?10([1-9]\d?)\s*(?=[/A-Za-z]|$)")
_RAISED = re.compile(r"(.*[A-Za-z\])}])\s?(?:\^|\*\*|(?<=.)(?=-?\d))\s?(-?[1-9])")
_IN_BRACKETS = re.compile(r"(?<=[A-Za-z0])\s?\((-?\d{1,2})\)")  # how abstracts write a superscript: 10(9)/L


def plain(text: str) -> str:
    """A unit text in plain letters: micro signs, superscripts, multiplication signs and spaces made one way."""
    text = _COMPATIBLE.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = re.sub(r"(?<=[A-Za-z0-9\])])[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(_SUPERSCRIPTS), text)
    text = text.translate(_SUBSCRIPTS)
    text = text.replace("µ", "u").replace("μ", "u").replace("×", "x").replace("·", "*").replace("⋅", "*")
    text = _IN_BRACKETS.sub(r"^\1", text.replace("∕", "/").replace("⁄", "/").replace("−", "-"))
    return re.sub(r"(?<=[A-Za-z0-9%])\.$", "", " ".join(text.split()))


def spelled(unit: str) -> str:
    """A unit as the formatter prints it: in plain letters, a power of ten in front as `x 10^9/L`."""
    text = plain(unit)
    text = re.sub(r"^(?:[xX*]\s*)?10\s?(?:\^|\*\*?|(?<=10)[eE])\s?(-?\d+)\s*", r"x 10^\1 ", text)
    return re.sub(r"(x 10\^-?\d+) /", r"\1/", text).strip()


def _parse(table: UnitTable, text: str) -> Unit | UnitRefusal:
    original, text = text, plain(text)
    if text in table.hints:
        return UnitRefusal(f"`{excerpt(original)}` is ambiguous as a unit", table.hints[text])
    scale = Fraction(1)
    rest = text
    if power := _POWER_OF_TEN.match(text):
        scale, rest = Fraction(10) ** int(power[1]), text[power.end() :]
    elif thousands := _THOUSANDS.match(text):
        scale, rest = Fraction(1000), text[thousands.end() :]
    elif text not in table.symbols and (lost := _LOST_SUPERSCRIPT.match(text)):
        return UnitRefusal(
            f"`{excerpt(original)}` looks like a power of ten that lost its superscript",
            f"write `x 10^{lost[1]}{text[lost.end() :]}`, if that is what was meant",
        )
    unit = _expression(table, rest) if rest else Unit("", Fraction(1), ())
    if unit is None:
        close = nearest(rest, [*table.symbols, *table.aliases, "mg/dL", "mmol/L", "umol/L", "10^9/L", "U/L"])
        return UnitRefusal(f"`{excerpt(original)}` is not a unit that the vocabulary knows", did_you_mean(close))
    return replace(unit, text=original, factor=unit.factor * scale)


_read = lru_cache(maxsize=4096)(_parse)


def _expression(table: UnitTable, text: str, depth: int = 0) -> Unit | None:
    """Products and quotients of symbols, read from the left: `mL/min/1.73m^2`, `kg.m-2`, `/mm3`, `cells per uL`."""
    if whole := _symbol(table, text, depth):
        return whole
    text = re.sub(r"\s+per\s+|^per\s+", "/", text)
    if whole := _symbol(table, text, depth):
        return whole
    unit = Unit("", Fraction(1), ())
    for index, part in enumerate(text.split("/")):
        part = part.strip()
        if part.startswith("(") and part.endswith(")"):
            part = part[1:-1].strip()
        if not part:
            if index or not text.startswith("/"):
                return None
            continue
        factors = (
            [whole]
            if (whole := _symbol(table, part, depth))
            else [_symbol(table, word, depth) for word in re.split(r"[ .*]+", part)]
        )
        for factor in factors:
            if factor is None or (factor.offset and text != part):
                return None
            unit = _times(unit, factor, -1 if index else 1)
    return unit


DEEPEST_ALIAS = 4


def _symbol(table: UnitTable, word: str, depth: int = 0) -> Unit | None:
    if word in table.symbols:
        return table.symbols[word]
    if word in table.aliases:
        return _expression(table, table.aliases[word], depth + 1) if depth < DEEPEST_ALIAS else None
    raised = _RAISED.fullmatch(word)
    base = table.symbols.get(raised[1]) if raised else None
    if raised is None or base is None or base.offset or word in table.hints:
        return None
    unit, exponent = Unit("", Fraction(1), ()), int(raised[2])
    for _ in range(abs(exponent)):
        unit = _times(unit, base, 1 if exponent > 0 else -1)
    return unit


def _merge(a: Dimensions, b: Dimensions, sign: int) -> Dimensions:
    total = dict(a)
    for name, exponent in b:
        total[name] = total.get(name, 0) + sign * exponent
    return tuple(sorted((name, exponent) for name, exponent in total.items() if exponent))


def _times(a: Unit, b: Unit, sign: int) -> Unit:
    factor = a.factor * b.factor if sign > 0 else a.factor / b.factor
    above, below = (b.numerator, b.denominator) if sign > 0 else (b.denominator, b.numerator)
    return Unit(
        "", factor, _merge(a.dimensions, b.dimensions, sign), _merge(a.numerator, above, 1),
        _merge(a.denominator, below, 1), b.offset if not a.dimensions and sign > 0 else Fraction(0),
    )  # fmt: skip


def product(a: Dimensions, b: Dimensions) -> Dimensions:
    """The dimensions of a product."""
    return _merge(a, b, 1)


def quotient(a: Dimensions, b: Dimensions) -> Dimensions:
    """The dimensions of a quotient."""
    return _merge(a, b, -1)


@dataclass(frozen=True, slots=True)
class Measure:
    """How one analyte is measured: its canonical unit, and by what its other units meet it."""

    unit: Unit
    molar_mass: Fraction | None = None  # gram per mole
    valence: int | None = None
    counted: str | None = None  # the dimension that a unit may name or leave out, such as [cell]
    bare: Unit | None = None
    readings: tuple[tuple[str, str], ...] = ()  # dimensions that mean another one for this analyte
    conversions: tuple[tuple[Unit, Scale], ...] = ()

    def scale(self, unit: Unit) -> Scale | None:
        """The exact line from `unit` to the canonical unit, or None where the two never meet for this analyte."""
        for other, line in self.conversions:
            if unit.kind == other.kind and not unit.offset:
                return Scale(line.factor * unit.factor / other.factor, line.offset)
        if unit.offset or self.unit.offset:
            if unit.dimensions != self.unit.dimensions:
                return None
            return Scale(unit.factor / self.unit.factor, (unit.offset - self.unit.offset) / self.unit.factor)
        ratio = unit.factor / self.unit.factor
        if unit.kind == self.unit.kind or (self.bare and unit.kind == self.bare.kind):
            return Scale(ratio)
        dimensions = dict(unit.dimensions)
        for meant, as_written in ((b, a) for a, b in self.readings):
            if as_written in dimensions:
                dimensions[meant] = dimensions.pop(as_written)
        if self.counted and self.counted in dimensions and dimensions[self.counted] == 1:
            del dimensions[self.counted]
        if dimensions and tuple(sorted(dimensions.items())) == self.unit.dimensions:
            return Scale(ratio)
        return self._amount(dimensions, ratio)

    def _amount(self, dimensions: dict[str, int], ratio: Fraction) -> Scale | None:
        """Mass, amount of substance and charge equivalents, by the molar mass in gram per mole and the valence."""
        per_mole = {"[substance]": Fraction(1), "[mass]": self.molar_mass, "[charge_equivalent]": None}
        if self.valence:
            per_mole["[charge_equivalent]"] = Fraction(self.valence)
        target = dict(self.unit.dimensions)
        for given, given_per_mole in per_mole.items():
            for wanted, wanted_per_mole in per_mole.items():
                if given == wanted or not given_per_mole or not wanted_per_mole:
                    continue
                swapped = product(tuple(dimensions.items()), ((given, -1), (wanted, 1)))
                if dimensions.get(given) == 1 and swapped == tuple(sorted(target.items())):
                    return Scale(ratio * wanted_per_mole / given_per_mole)
        return None
