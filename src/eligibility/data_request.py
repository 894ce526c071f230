"""A trial goes in; every fact that it reads comes out, with unit and time: the data request for a hospital.

Made from the checked rules and the formulas of the vocabulary: nothing is asked for that no criterion reads, and nothing that
one reads is left out.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from eligibility import rules
from eligibility.formulas import check_formula
from eligibility.instants import Duration
from eligibility.library import Trial
from eligibility.vocabulary import Concept, Vocabulary
from eligibility.wording import window_words

ANY_TIME, NOW = "any time before", "now"
MOST_PARTS = 12  # of a hierarchy that are named in a note


@dataclass(frozen=True)
class Wanted:
    """One thing to send: of which fact, what of it, in which unit, and of when.

    `limits` are the limits of normal ("upper", "lower") that come with each value; `codes` lead to the fact in a hospital's
    database; `criteria` are the addresses that read it. The fact of a judgement is the address of its criterion.
    """

    fact: str
    kind: str
    what: str
    time: str
    unit: str = ""
    limits: tuple[str, ...] = ()
    codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    criteria: tuple[str, ...] = ()
    note: str = ""


def data_request(trial: Trial) -> tuple[Wanted, ...]:
    """All that a trial reads, measurements first; one entry for each fact, part of it and time."""
    found: dict[tuple[str, str, str], Wanted] = {}
    for criterion in trial:
        for atom in rules.atoms(criterion.rule):
            for wanted in _Reader(trial.vocabulary, trial.values).of_atom(atom):
                key = (wanted.fact, wanted.what, wanted.time)
                known = found.get(key, wanted)
                limits = tuple(sorted({*known.limits, *wanted.limits}, reverse=True))
                notes = "; ".join(dict.fromkeys(note for note in (known.note, wanted.note) if note))
                criteria = tuple(dict.fromkeys((*known.criteria, criterion.address)))
                found[key] = replace(known, limits=limits, note=notes, criteria=criteria)
    order = {kind: place for place, kind in enumerate(_ORDER)}
    return tuple(
        sorted(found.values(), key=lambda item: (order[item.kind], item.fact.casefold(), item.what, item.time))
    )


_ORDER = ("age", "quantity", "class", "condition", "event", "milestone", "attestation", "judgement")


@dataclass(frozen=True)
class _Reader:
    """What each construct of the rules reads."""

    vocabulary: Vocabulary
    values: Duration | None

    def of_atom(self, atom: rules.Atom) -> Iterator[Wanted]:
        """All that an atom reads; sex and age too, where they decide whether something can apply."""
        for wanted in self._of_atom(atom):
            yield wanted
            concept = self.vocabulary.find(wanted.fact)
            if concept is not None and concept.is_occurrence:
                yield from self._applicability(concept)
            absent = self.vocabulary.find(concept.none_when_absent) if concept and concept.none_when_absent else None
            if absent is not None:
                yield replace(
                    self._of(absent, "present or absent", NOW), note=f"for {wanted.fact}, where that is not given"
                )

    def _applicability(self, concept: Concept) -> Iterator[Wanted]:
        note = f"decides {concept.name} where it is not given"
        sex, age = self.vocabulary.find("sex"), self.vocabulary.find("age")
        if concept.applies_to_sex and sex is not None:
            yield replace(self._of(sex, "newest value", ANY_TIME), note=note)
        if concept.applies_from_months and age is not None:
            yield replace(self._of(age, "birth date, or age", NOW), note=note)

    def _of_atom(self, atom: rules.Atom) -> Iterator[Wanted]:
        match atom:
            case rules.Comparison(number=number):
                for leaf in rules.leaves(number):
                    yield from self._of_leaf(leaf)
            case rules.LimitComparison(concept=concept, selection=selection, window=window, upper=upper):
                for wanted in self._measured(concept, selection, window):
                    own = wanted.fact == concept.name
                    yield replace(wanted, limits=("upper" if upper else "lower",)) if own else wanted
            case rules.InClass(concept=concept, selection=selection, window=window):
                yield from self._measured(concept, selection, window)
            case rules.Present(concept=concept):
                what = "present or absent"
                if concept.acute_for:
                    what = "present or absent, or onset"
                yield self._of(concept, what, NOW)
            case rules.Ever(concept=concept):
                what = "ever or never" if concept.kind == "event" else "present, past or never"
                yield self._of(concept, what, ANY_TIME)
            case rules.InWindow(concept=concept, window=window):
                what = "date of each" if concept.kind == "event" else "onset and end of each episode"
                if window.ahead:
                    what = f"{what}, and plans"
                yield self._of(concept, what, window_words(window))
                yield from self._anchors(window)
            case rules.OnsetIn(concept=concept, window=window):
                yield self._of(concept, "onset of the newest episode", window_words(window))
                yield from self._anchors(window)
            case rules.Elapsed(concept=concept):
                yield self._of(concept, "onset of the newest episode", ANY_TIME)
            case rules.Lasting(concept=concept):
                yield self._of(concept, "present or absent, and onset", NOW)
            case rules.Attested(concept=concept):
                yield self._of(concept, "yes or no", NOW)
            case rules.Judged(address=address, text=text):
                yield Wanted(address.partition("/")[2], "judgement", "yes or no", NOW, note=" ".join(text.split()))
            case _:
                assert_never(atom)

    def _of_leaf(self, leaf: rules.Age | rules.Measured | rules.Changed | rules.InClass) -> Iterator[Wanted]:
        match leaf:
            case rules.Age(concept=concept):
                yield self._of(concept, "birth date, or age", NOW)
            case rules.Measured(concept=concept, selection=selection, window=window):
                yield from self._measured(concept, selection, window)
            case rules.Changed(concept=concept, over=over, window=window):
                time = window_words(window) or ANY_TIME
                yield from self._values(concept, f"every value with its time (pairs within {over.text})", time)
                yield from self._anchors(window)
            case rules.InClass():
                yield from self.of_atom(leaf)
            case _:
                assert_never(leaf)

    def _measured(self, concept: Concept, selection: rules.Selection, window: rules.Window | None) -> Iterator[Wanted]:
        """The values that a selection picks from, and where the time is measured from."""
        told = {"latest": "newest value", "first": "first value", "highest": "every value", "lowest": "every value"}
        if window is not None:
            time = window_words(window)
        elif selection == "latest":
            time = self._current(concept)
        else:
            time = ANY_TIME
        yield from self._values(concept, told[selection], time)
        yield from self._anchors(window)

    def _current(self, concept: Concept) -> str:
        limit = concept.current_for and (self.values or concept.current_for)
        return f"within {limit.text}" if limit else ANY_TIME

    def _values(self, concept: Concept, what: str, time: str) -> Iterator[Wanted]:
        """A quantity; for a computed one also all that it is computed from."""
        yield self._of(concept, what, time)
        waiting, seen = [(concept, what, time)], {concept.name}
        while waiting:
            derived, *asked = waiting.pop(0)
            if derived.formula is None:
                continue
            formula = check_formula(self.vocabulary, derived)
            for source in formula.inputs:
                if source.name in seen:
                    continue
                seen.add(source.name)
                if source.kind == "age":
                    wanted = self._of(source, "birth date, or age", NOW)
                else:
                    what, time = self._paired(source, derived, formula.sampled_with, *asked)
                    waiting.append((source, what, time))
                    wanted = self._of(source, what, time)
                yield replace(
                    wanted, note="; ".join(filter(None, (f"for {derived.name}, where that is not given", wanted.note)))
                )

    def _paired(
        self, source: Concept, derived: Concept, sampled_with: Sequence[Concept], what: str, time: str
    ) -> tuple[str, str]:
        """What of an input, and of when: a computed value is one of the instant of what it is sampled with, and takes the
        newest of each other input at or before that instant and still current then."""
        limit = self._current(source)
        names = [sampled.name for sampled in sampled_with]
        if limit == ANY_TIME:
            return what if source.name in names else "newest value", ANY_TIME
        if source.name not in names:
            return f"newest value at or before each {' or '.join(names)}", f"{limit} before it"
        if len(names) == 1:
            return what, time
        return what, f"{time}, and {limit} before another value for {derived.name}"

    def _anchors(self, window: rules.Window | None) -> Iterator[Wanted]:
        for anchor in window.anchors if window else ():
            match anchor.concept.kind:
                case "milestone":
                    what = "time"
                case "event":
                    what = "date of the newest"
                case _:
                    what = "onset of the newest episode"
            yield self._of(anchor.concept, what, ANY_TIME)

    def _of(self, concept: Concept, what: str, time: str) -> Wanted:
        unit = ""
        if concept.kind == "quantity":
            unit = "" if concept.unit == "1" else concept.unit
        elif concept.kind == "class":
            unit = ", ".join(concept.values)
        codes = tuple((system, codes) for system, codes in concept.codes.items() if codes)
        return Wanted(concept.name, concept.kind, what, time, unit, codes=codes, note=self._note(concept))

    def _note(self, concept: Concept) -> str:
        notes = []
        if concept.formula is not None:
            names = [source.name for source in check_formula(self.vocabulary, concept).inputs]
            notes.append(f"or computed from {', '.join(names)}")
        if concept.assumed is not None:
            notes.append(f"{concept.assumed:g} {concept.unit} is assumed where it is not given")
        if concept.none_when_absent:
            notes.append(f"{concept.values[0]} where {concept.none_when_absent} is absent")
        parts = self.vocabulary.parts(concept.name)
        if parts:
            more = f", and {len(parts) - MOST_PARTS} more" if len(parts) > MOST_PARTS else ""
            notes.append(f"includes {', '.join(parts[:MOST_PARTS])}{more}")
        if concept.has_limited_applicability:
            whom = {"female": "females", "male": "males", None: "everybody"}[concept.applies_to_sex]
            years = f" from {concept.applies_from_months // 12} years" if concept.applies_from_months else ""
            notes.append(f"of {whom}{years}")
        return "; ".join(notes)


# --- written ---------------------------------------------------------------------------------------------------------

COLUMNS = ("fact", "kind", "what", "unit", "time", "limits", "criteria", "codes", "note")
_SYSTEMS = {"loinc": "LOINC", "snomed": "SNOMED CT", "icd10": "ICD-10"}


def rows(request: tuple[Wanted, ...]) -> list[tuple[str, ...]]:
    """The request as texts in the order of COLUMNS."""
    return [
        (
            item.fact, item.kind, item.what, item.unit, item.time, ", ".join(item.limits), ", ".join(item.criteria),
            "; ".join(f"{_SYSTEMS.get(system, system)} {', '.join(codes)}" for system, codes in item.codes), item.note,
        )
        for item in request
    ]  # fmt: skip


_HEADS = {
    "age": "Age", "quantity": "Measurements", "class": "Classes", "condition": "Conditions and therapies", "event": "Events",
    "milestone": "Times of the trial", "attestation": "Answers of people", "judgement": "Judgements of the investigator",
}  # fmt: skip


def as_table(request: tuple[Wanted, ...], width: int = 80) -> str:
    """The request as plain text: each fact with its unit, and below it what to send, of when, and who reads it."""
    lines: list[str] = []
    kind, fact, note = "", "", ""
    for item in request:
        if item.kind != kind:
            lines += ["", _HEADS[item.kind], ""]
        if (item.kind, item.fact) != (kind, fact):
            unit = f" ({item.unit})" if item.unit else ""
            lines += _column(f"{item.fact}{unit}", "  ", width)
            note = ""
        limits = f", with its {' and '.join(item.limits)} limit of normal" if item.limits else ""
        lines += _column(f"{item.what}{limits}; {item.time}  [{', '.join(item.criteria)}]", "    - ", width)
        if item.note and item.note != note:
            lines += _column(item.note, "      ", width)
        kind, fact, note = item.kind, item.fact, item.note
    return "\n".join(lines).lstrip("\n") + "\n"


def _column(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, max(width, 40), initial_indent=indent, subsequent_indent=" " * len(indent), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def as_csv(request: tuple[Wanted, ...]) -> str:
    """CSV with a head. A cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(text) for text in row] for row in rows(request))
    return stream.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def as_json(trial: Trial, request: tuple[Wanted, ...]) -> str:
    """One object: the trial, and every fact."""
    facts = [
        {
            "fact": item.fact, "kind": item.kind, "what": item.what, "unit": item.unit or None, "time": item.time,
            "limits": list(item.limits), "criteria": list(item.criteria),
            "codes": {system: list(codes) for system, codes in item.codes}, "note": item.note or None,
        }
        for item in request
    ]  # fmt: skip
    content = {"schema": "eligibility-data-request-1", "trial": trial.id, "title": trial.title, "facts": facts}
    return json.dumps(content, indent=2, ensure_ascii=True) + "\n"
