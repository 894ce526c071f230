"""Frozen dataclasses of a closed list go in, plain JSON values come out; and back, with every structure proved.

Nothing that is read can name code: a class is one of the list, a field is what its annotation says, and anything else is
`Foreign`. A dataclass is written as a list of its name and its fields, or, where it has many, as its name and those
fields that are not as by default; a Fraction as `"a/b"`, an infinity as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from fractions import Fraction
from functools import lru_cache
from typing import NoReturn, cast

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Decoder = Callable[[Json], object]

_INFINITIES = {"inf": float("inf"), "-inf": float("-inf")}
_FRACTION = re.compile(r"-?\d{1,400}/\d{1,400}", re.ASCII)


_MANY_FIELDS = 12


class Foreign(ValueError):
    """A value that this codec did not write."""


def _foreign(what: str) -> NoReturn:
    raise Foreign(what)


class Codec:
    """Writes and reads objects of `classes`. `aliases` are names that annotations use for other annotations; `outside`
    are classes that are written and read by functions of the caller, such as a concept by its name."""

    def __init__(
        self,
        classes: Iterable[type],
        aliases: Mapping[str, str],
        outside: Mapping[type, tuple[Callable[[object], Json], Decoder]] | None = None,
    ) -> None:
        self._classes = {found.__name__: found for found in classes}
        self._aliases = aliases
        self._writers = {found: write for found, (write, _) in (outside or {}).items()}
        self._decoders: dict[str, Decoder] = {found.__name__: read for found, (_, read) in (outside or {}).items()}
        self._fields = {found: tuple(field.name for field in fields(found)) for found in self._classes.values()}

    # --- writing -----------------------------------------------------------------------------------------------------

    def encode(self, value: object) -> Json:
        """A value as JSON. Raises Foreign for an object of a class that is not on the list."""
        writer = self._writers.get(type(value))
        if writer is not None:
            return writer(value)
        match value:
            case None | bool() | int() | str():
                return value
            case float():
                return value if abs(value) < float("inf") else repr(value)
            case Fraction():
                return f"{value.numerator}/{value.denominator}"
            case tuple() | list():
                return [self.encode(item) for item in value]
            case frozenset():
                return [self.encode(item) for item in sorted(value)]
            case dict():
                return {_text(key): self.encode(item) for key, item in value.items()}
            case _ if type(value) in self._fields:
                names = self._fields[type(value)]
                if len(names) > _MANY_FIELDS:
                    return [type(value).__name__, self._sparse(value)]
                return [type(value).__name__, *(self.encode(getattr(value, name)) for name in names)]
            case _:
                _foreign(f"a {type(value).__name__}")

    def _sparse(self, value: object) -> dict[str, Json]:
        told = {name: getattr(value, name) for name in self._fields[type(value)]}
        usual = {field.name: _default(field) for field in fields(value)}  # type: ignore[arg-type]  # it is a dataclass
        return {name: self.encode(found) for name, found in told.items() if found != usual[name]}

    # --- reading -----------------------------------------------------------------------------------------------------

    def decode(self, annotation: str, value: object) -> object:
        """The value of an annotation, such as `tuple[Criterion, ...]`. Raises Foreign where it is not of that form."""
        return self._decoder(annotation)(cast("Json", value))  # each decoder proves its own part

    def _decoder(self, annotation: str) -> Decoder:
        found = self._decoders.get(annotation)
        if found is None:
            # a class may hold itself: the name is bound before its fields are looked at
            made: list[Decoder] = []
            self._decoders[annotation] = lambda value: made[0](value)
            made.append(self._made(annotation))
            found = self._decoders[annotation] = made[0]
        return found

    def _made(self, annotation: str) -> Decoder:
        parts = _split(annotation, "|")
        if len(parts) > 1:
            return self._union(parts)
        if annotation in _PLAIN:
            return _PLAIN[annotation]
        if annotation in self._aliases:
            return self._decoder(self._aliases[annotation])
        if annotation in self._classes:
            return self._object(self._classes[annotation])
        head, _, inner = annotation.removesuffix("]").partition("[")
        arguments = _split(inner, ",")
        match head, arguments:
            case "Literal", _:
                return _one_of(arguments)
            case "tuple", [item, "..."]:
                return self._many(item, tuple)
            case "tuple", _:
                return self._fixed(arguments)
            case "frozenset", [item]:
                return self._many(item, frozenset)
            case "Mapping", ["str", item]:
                return self._mapping(item)
        raise TypeError(f"the codec knows no `{annotation}`")

    def _object(self, found: type) -> Decoder:
        name, width = found.__name__, len(self._fields[found]) + 1
        decoders = [self._decoder(str(field.type)) for field in fields(found)]
        if width > _MANY_FIELDS + 1:
            return self._sparse_object(found, dict(zip(self._fields[found], decoders, strict=True)))

        def read(value: Json) -> object:
            if type(value) is not list or len(value) != width or value[0] != name:
                _foreign(name)
            return found(*[decode(item) for decode, item in zip(decoders, value[1:], strict=True)])

        return read

    def _sparse_object(self, found: type, decoders: dict[str, Decoder]) -> Decoder:
        name = found.__name__
        needed = {field.name for field in fields(found) if _default(field) is MISSING}

        def read(value: Json) -> object:
            if type(value) is not list or len(value) != 2 or value[0] != name or type(value[1]) is not dict:
                _foreign(name)
            given = value[1]
            if not needed <= given.keys() <= decoders.keys():
                _foreign(name)
            return found(**{key: decoders[key](item) for key, item in given.items()})

        return read

    def _union(self, parts: list[str]) -> Decoder:
        """None, at most one plain form, and objects, which are told apart by their names."""
        optional = "None" in parts
        members = [member for part in parts if part != "None" for member in self._members(part)]
        objects = {member: self._decoder(member) for member in members if member in self._classes}
        others = [self._decoder(member) for member in members if member not in self._classes]
        if len(others) > 1:
            raise TypeError(f"the codec cannot tell {' and '.join(parts)} apart")

        def read(value: Json) -> object:
            if value is None and optional:
                return None
            if objects and type(value) is list and value and type(value[0]) is str and value[0] in objects:
                return objects[value[0]](value)
            return others[0](value) if others else _foreign(" or ".join(parts))

        return read

    def _members(self, part: str) -> list[str]:
        if part not in self._aliases:
            return [part]
        return [member for inner in _split(self._aliases[part], "|") for member in self._members(inner)]

    def _many(self, item: str, kind: type[tuple[object, ...]] | type[frozenset[object]]) -> Decoder:
        decode = self._decoder(item)

        def read(value: Json) -> object:
            return kind([decode(one) for one in value]) if type(value) is list else _foreign(f"many {item}")

        return read

    def _fixed(self, items: list[str]) -> Decoder:
        decoders = [self._decoder(item) for item in items]

        def read(value: Json) -> object:
            if type(value) is not list or len(value) != len(decoders):
                _foreign(f"{len(decoders)} values")
            return tuple([decode(one) for decode, one in zip(decoders, value, strict=True)])

        return read

    def _mapping(self, item: str) -> Decoder:
        decode = self._decoder(item)

        def read(value: Json) -> object:
            return {key: decode(one) for key, one in value.items()} if type(value) is dict else _foreign("a mapping")

        return read


def _default(field: Field[object]) -> object:
    """What a field is where nothing is said; MISSING where something must be."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def _text(key: object) -> str:
    return key if isinstance(key, str) else _foreign("a key that is no text")


def _split(text: str, mark: str) -> list[str]:
    """The parts of an annotation between marks that stand outside of brackets."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char in "[]":
            depth += 1 if char == "[" else -1
        elif char == mark and not depth:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()]


def _one_of(arguments: list[str]) -> Decoder:
    values = {argument.strip("\"'") for argument in arguments}

    def read(value: Json) -> object:
        return value if type(value) is str and value in values else _foreign("one of a few words")

    return read


def _exactly(kind: type) -> Decoder:
    def read(value: Json) -> object:
        return value if type(value) is kind else _foreign(f"a {kind.__name__}")

    return read


def _float(value: Json) -> object:
    if type(value) is float or type(value) is int:
        return value
    return _INFINITIES[value] if type(value) is str and value in _INFINITIES else _foreign("a number")


def _fraction(value: Json) -> object:
    return _read_fraction(value) if type(value) is str else _foreign("a fraction")


@lru_cache(maxsize=1024)
def _read_fraction(value: str) -> Fraction:
    if not _FRACTION.fullmatch(value):
        _foreign("a fraction")
    numerator, _, denominator = value.partition("/")
    if not int(denominator):
        _foreign("a fraction")
    return Fraction(int(numerator), int(denominator))


_PLAIN: dict[str, Decoder] = {
    "str": _exactly(str), "int": _exactly(int), "bool": _exactly(bool), "float": _float, "Fraction": _fraction,
}  # fmt: skip
