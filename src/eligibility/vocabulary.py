"""Concepts and units go in; a closed vocabulary comes out: every name that a rule or a patient may use, found again.

The TOML files are read and proved by `vocabulary_files`; what came of them is kept in the cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from eligibility import cache
from eligibility.codec import Codec, Foreign
from eligibility.concepts import Concept, Kind, key_of, reached
from eligibility.errors import VocabularyError, nearest
from eligibility.files import bundled
from eligibility.instants import Duration
from eligibility.intervals import Interval
from eligibility.units import Measure, Scale, Unit, UnitTable

__all__ = ["Concept", "Kind", "Vocabulary", "bundled_vocabulary", "key_of"]

_KEYWORDS_IN_NO_NAME = re.compile(r"(?<![\w/-])(?:and|or|not|then|unless)(?![\w/-])", re.IGNORECASE)


class Vocabulary:
    """Every name that a rule or a patient may use. Made by `Vocabulary.load`."""

    def __init__(self, concepts: Iterable[Concept], units: UnitTable, digest: str | None = None) -> None:
        self.digest = digest  # of the contents that it was read from, for what is kept beside it
        self.concepts: dict[str, Concept] = {concept.name: concept for concept in concepts}
        self.units = units
        self._by_key: dict[str, Concept] = {}
        self._parents: dict[str, list[str]] = {}
        for concept in self.concepts.values():
            for name in (concept.name, *concept.synonyms):
                self._by_key[key_of(name)] = concept
            for part in concept.includes:
                self._parents.setdefault(part, []).append(concept.name)
        self.formula_cache: dict[str, object] = {}

    @classmethod
    def load(cls, path: str | Path | Iterable[str | Path] | None = None, *, extend: bool = True) -> Vocabulary:
        """The bundled vocabulary, extended by the TOML files of `path` (a file, a folder, or several), or replaced by
        them with `extend=False` (units are always there). Raises VocabularyError with every problem found."""
        if path is None:
            return bundled_vocabulary()
        given = [path] if isinstance(path, str | Path) else list(path)
        files = (
            _toml_files(bundled("rules", "vocabulary")) if extend else [bundled("rules", "vocabulary", "units.toml")]
        )
        for item in given:
            files += _toml_files(Path(item))
        return _load(files)

    def find(self, name: str) -> Concept | None:
        """The concept of a name or synonym; case, spaces, `_` and `-` do not matter."""
        return self._by_key.get(key_of(name)) if len(name) <= 200 else None

    def nearest(self, name: str, kinds: Iterable[Kind] | None = None) -> list[str]:
        """The declared names and synonyms most like a name, best first."""
        wanted = set(kinds) if kinds else None
        names = [
            known
            for concept in self.concepts.values()
            if wanted is None or concept.kind in wanted
            for known in (concept.name, *concept.synonyms)
        ]
        return nearest(name, names)

    def __getitem__(self, name: str) -> Concept:
        return self.concepts[name]

    def __iter__(self) -> Iterator[Concept]:
        return iter(self.concepts.values())

    def __len__(self) -> int:
        return len(self.concepts)

    def parts(self, name: str) -> tuple[str, ...]:
        """What a concept includes, directly or through others; not itself."""
        return self._closures[0][name]

    def wholes(self, name: str) -> tuple[str, ...]:
        """What includes a concept, directly or through others; not itself."""
        return self._closures[1][name]

    @cached_property
    def of_limited_applicability(self) -> tuple[Concept, ...]:
        """The concepts that apply to one sex, or from some age on."""
        return tuple(concept for concept in self if concept.has_limited_applicability)

    @cached_property
    def _closures(self) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
        down = {name: concept.includes for name, concept in self.concepts.items()}
        up = {name: tuple(self._parents.get(name, ())) for name in self.concepts}
        return {name: reached(name, down) for name in down}, {name: reached(name, up) for name in up}

    @cached_property
    def names_of_several_words(self) -> dict[str, list[tuple[str, ...]]]:
        """First word to the declared names that begin with it, as casefolded words, the longest first."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for concept in self.concepts.values():
            for name in (concept.name, *concept.synonyms):
                words = tuple(name.casefold().split())
                if len(words) > 1 and not _KEYWORDS_IN_NO_NAME.search(name):
                    found.setdefault(words[0], []).append(words)
        for names in found.values():
            names.sort(key=len, reverse=True)
        return found

    @cached_property
    def names_for_backticks(self) -> tuple[str, ...]:
        """The names and synonyms that hold a connective, so that a rule must set them in backticks."""
        names = (name for concept in self.concepts.values() for name in (concept.name, *concept.synonyms))
        return tuple(name for name in names if _KEYWORDS_IN_NO_NAME.search(name))

    @cached_property
    def key_index(self) -> Mapping[str, Concept]:
        """Normalised names and synonyms to concepts."""
        return self._by_key


_BUNDLED: list[Vocabulary] = []


def bundled_vocabulary() -> Vocabulary:
    """The vocabulary that comes with the package; loaded once."""
    if not _BUNDLED:
        _BUNDLED.append(_load(_toml_files(bundled("rules", "vocabulary"))))
    return _BUNDLED[0]


def _toml_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.toml"))
    if not path.is_file():
        raise VocabularyError([f"{path.name}: no such vocabulary file or folder"])
    return [path]


# --- loading, with a cache -------------------------------------------------------------------------------------------

_CODEC = Codec(
    (Concept, Unit, UnitTable, Measure, Scale, Interval, Duration),
    {
        "Kind": 'Literal["quantity", "age", "condition", "event", "class", "attestation", "milestone"]',
        "Dimensions": "tuple[tuple[str, int], ...]",
    },
)


def said_by(vocabulary: Vocabulary) -> bytes:
    """All that a vocabulary says of concepts and units: of two that say the same, rules mean the same."""
    import json

    return json.dumps([_CODEC.encode(tuple(vocabulary)), _CODEC.encode(vocabulary.units)], sort_keys=True).encode()


def _load(files: Iterable[Path]) -> Vocabulary:
    contents: list[tuple[str, bytes | OSError]] = []
    for path in files:
        try:
            contents.append((path.name, path.read_bytes()))
        except OSError as error:
            contents.append((path.name, error))
    parts = [part for name, content in contents if isinstance(content, bytes) for part in (name.encode(), content)]
    key = cache.key_for(*parts)
    kept = _read_kept(cache.fetch("vocabulary", key))
    if kept is not None and len(parts) == 2 * len(contents):
        return Vocabulary(*kept, key)
    from eligibility.vocabulary_files import read_contents

    concepts, units = read_contents(contents)
    cache.keep("vocabulary", key, [_CODEC.encode(tuple(concepts)), _CODEC.encode(units)])
    return Vocabulary(concepts, units, key)


def _read_kept(value: object) -> tuple[tuple[Concept, ...], UnitTable] | None:
    match value:
        case [list(concepts), list(units)]:
            try:
                return _CODEC.decode("tuple[Concept, ...]", concepts), _CODEC.decode("UnitTable", units)  # type: ignore[return-value]  # the codec proves it
            except (Foreign, RecursionError, TypeError):  # a class that the codec lacks fails its tests, not its users
                return None
    return None
