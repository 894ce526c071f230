"""What a record says of a condition or an event goes in (`true`, `{"onset": ...}`, a list); its occurrences come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from eligibility.instants import PartialDate
from eligibility.unreadable import Gathered, key_text, plain, read_when, wrong
from eligibility.vocabulary import Concept

LONGEST_LIST = 100_000


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a condition was there, or an event happened, or is planned."""

    onset: PartialDate | None = None
    end: PartialDate | None = None
    present: bool | None = None
    planned: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Occurrences:
    """What a record says of a condition or event: never, present (undated), absent now, or a complete list."""

    form: Literal["never", "present", "absent", "listed", "planned"]
    items: tuple[Occurrence, ...] = ()

    @property
    def plans(self) -> tuple[PartialDate, ...]:
        """When it is planned."""
        return tuple(item.planned for item in self.items if item.planned is not None)

    @property
    def past(self) -> tuple[Occurrence, ...]:
        """What is no plan."""
        return tuple(item for item in self.items if item.planned is None)


def is_present(stated: Occurrences) -> bool:
    """Is it said to be present, whatever the instant?"""
    return stated.form == "present" or any(item.present for item in stated.items)


def read_answer(value: object, what: str = "the answer") -> bool | None:
    """True, false, or None where nothing is known. Raises UnreadableValue."""
    value = plain(value)
    if value is None or isinstance(value, bool):
        return value
    return wrong(f"{what} must be true, false or null")


def read_occurrences(concept: Concept, value: object) -> Occurrences | None:
    """What is said of a condition or an event, or None where nothing is known. Raises UnreadableValue."""
    if value is None:
        return None
    if value is True:
        return Occurrences("present")
    if value is False:
        return Occurrences("never")
    if isinstance(value, Mapping):
        return _from_mapping(concept, value)
    if isinstance(value, list | tuple):
        return _from_list(concept, value)
    if isinstance(scalar := plain(value), bool):
        return read_occurrences(concept, scalar)
    dated = '{"at": "2024-03-01"}' if concept.kind == "event" else '{"onset": "2024-03-01"}'
    return wrong(f"it is {_article(concept)}: write true, false, null, or a date as {dated}")


def _article(concept: Concept) -> str:
    return "an event" if concept.kind == "event" else "a condition"


def _from_mapping(concept: Concept, value: Mapping[object, object]) -> Occurrences | None:
    item = _occurrence(concept, value)
    if item is None:
        return None
    if item.planned is not None:
        return Occurrences("planned", (item,))
    if item.onset is None and item.end is None and item.present is not None:
        return Occurrences("present" if item.present else "absent")
    return Occurrences("listed", (item,))


def _from_list(concept: Concept, value: list[object] | tuple[object, ...]) -> Occurrences:
    if len(value) > LONGEST_LIST:
        wrong(f"a list of at most {LONGEST_LIST:,} occurrences")
    gathered = Gathered()
    items: list[Occurrence] = []
    for index, entry in enumerate(value):
        prefix = f"occurrence {index + 1}: " if len(value) > 1 else ""
        item = gathered.read(_listed, concept, entry, prefix=prefix)
        if item is not None:
            items.append(item)
    gathered.settle()
    if items and all(item.planned is not None for item in items):
        return Occurrences("planned", tuple(items))
    return Occurrences("listed", tuple(items))


def _listed(concept: Concept, entry: object) -> Occurrence:
    if plain(entry) is True:
        return Occurrence(present=True if concept.kind == "condition" else None)
    if not isinstance(entry, Mapping):
        wrong('an occurrence in a list is a dict with its dates, such as {"onset": "2024-03-01"}')
    item = _occurrence(concept, entry)
    if item is None or (item.onset is None and item.end is None and item.present is False):
        wrong("an occurrence in a list needs a date; what is absent is left out of it")
    return item


def _occurrence(concept: Concept, value: Mapping[object, object]) -> Occurrence | None:
    """One occurrence; None where every field is null."""
    allowed = ("at", "onset", "planned") if concept.kind == "event" else ("present", "onset", "resolved", "planned")
    gathered = Gathered()
    for key in value:
        if key not in allowed:
            gathered.tell(f"{_article(concept)} has no `{key_text(key)}`; it has {', '.join(allowed)}")
    if not value:
        wrong(f"an empty dict says nothing; write null, or one of {', '.join(allowed)}")
    if value.get("planned") is not None and any(value.get(name) is not None for name in allowed if name != "planned"):
        gathered.tell("what is planned stands in a dict of its own")
    if value.get("at") is not None and value.get("onset") is not None:
        gathered.tell("`at` and `onset` of an event are the same; give one")
    planned = gathered.read(read_when, value.get("planned"), "planned date")
    present = gathered.read(read_answer, value.get("present"), "`present`")
    if concept.kind == "event" and value.get("at") is not None:
        onset = gathered.read(read_when, value.get("at"), "time (`at`)")
    else:
        onset = gathered.read(read_when, value.get("onset"), "onset")
    end = gathered.read(read_when, value.get("resolved"), "resolution (`resolved`)")
    comparable = onset is not None and end is not None and onset.is_floating == end.is_floating
    if comparable and onset and end and end.span(UTC).last < onset.span(UTC).first:
        gathered.tell(f"it resolved ({end.text}) before its onset ({onset.text})")
    if end is not None and present:
        gathered.tell("it is present and resolved at once")
    gathered.settle()
    if planned is None and onset is None and end is None and present is None:
        return None
    return Occurrence(onset, end, present, planned)
