"""Rows of one patient in the long table go in; the patient record that says the same comes out.

Every form of a row has its twin in a patient file, and means what the twin means. Rows that the cohort rejects have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eligibility.unreadable import wrong
from eligibility.vocabulary import Vocabulary

Row = Mapping[str, Any]

SIGNS = ("<", "<=", ">", ">=", "≤", "≥")
WORDS = {"true": "present", "false": "never", "null": "unknown"}


def number(value: float) -> str:
    """A number as a patient file spells it, without loss."""
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def amount(row: Row) -> Any:
    """What a row says of a number: its value with sign or second end, or its text. Raises UnreadableValue."""
    value, high, sign, text = (row.get(name) for name in ("value", "value_high", "comparator", "text"))
    unit = row.get("unit") or ""
    if text is not None:
        if value is not None or high is not None or sign:
            wrong("a row has a value or a text, not both")
        return text
    if value is None:
        if high is not None or sign:
            wrong("a comparator or a second end stands without a value")
        return None
    if sign:
        if sign not in SIGNS:
            wrong("a comparator is one of <, <=, > and >=")
        if high is not None:
            wrong("a comparator and a second end stand together")
        return f"{sign}{number(value)} {unit}".strip()
    if high is not None:
        return f"{number(value)} to {number(high)} {unit}".strip()
    return value


def observation(row: Row) -> dict[str, Any] | None:
    """One observation of a quantity, without its time. Raises UnreadableValue."""
    said = amount(row)
    if said is None:
        return None
    inside = isinstance(said, str) and row.get("text") is None
    found: dict[str, Any] = {"value": said}
    if row.get("unit") and not inside:
        found["unit"] = row["unit"]
    for name in ("lower_limit", "upper_limit"):
        limit = row.get(name)
        if limit is not None:
            found[name] = f"{number(limit)} {row['unit']}" if inside and row.get("unit") else limit
    return found


def record(rows: Iterable[Row], vocabulary: Vocabulary, patient: Row | None = None) -> dict[str, Any]:
    """The record of one patient: times are ISO texts, names may be synonyms."""
    found: dict[str, Any] = {}
    for name in ("as_of", "birth_date", "sex"):
        if patient is not None and patient.get(name) is not None:
            found[name] = patient[name]
    series: dict[str, list[Any]] = {}
    for row in rows:
        concept = vocabulary.find(str(row["concept"]))
        trial = row.get("trial")
        if concept is None:
            place = str(row["concept"]) if trial is None else f"{trial}/{row['concept']}"
            found.setdefault("judgements", {})[place] = _answer(row)
        elif concept.kind in ("attestation", "milestone"):
            said = _answer(row) if concept.kind == "attestation" else row.get("time")
            if trial is None:
                found[concept.name] = said
            else:
                found.setdefault("trials", {}).setdefault(trial, {})[concept.name] = said
        elif concept.kind == "age":
            said = amount(row)
            found[concept.name] = (
                {"value": said, "unit": row["unit"]} if isinstance(said, float) and row.get("unit") else said
            )
        else:
            said = _dated(row, concept.kind)
            if said not in series.setdefault(concept.name, []) or _has_time(said):
                series[concept.name].append(said)
    for name, listed in series.items():
        found[name] = listed[0] if len(listed) == 1 else listed
    return found


def _has_time(said: Any) -> bool:
    return isinstance(said, Mapping) and any(
        said.get(name) is not None for name in ("at", "onset", "resolved", "planned")
    )


def _status(row: Row) -> str | None:
    text = row.get("text")
    return (
        WORDS.get(str(text).strip().casefold()) if row.get("status") is None and text is not None else row.get("status")
    )


def _answer(row: Row) -> bool | None:
    return {"present": True, "absent": False, "never": False}.get(str(_status(row)))


def _dated(row: Row, kind: str) -> Any:
    time, end = row.get("time"), row.get("end")
    if kind == "class":
        said = row.get("text")
        if said is None and row.get("value") is not None:
            said = int(row["value"])
        return said if time is None or said is None else {"value": said, "at": time}
    if kind == "quantity":
        found = observation(row)
        return found if found is None or time is None else {**found, "at": time}
    status = _status(row)
    if status == "unknown":
        return None
    if status == "never":
        return False
    if status == "planned":
        return {"planned": time}
    if kind == "event":
        return True if time is None else {"at": time}
    if status is None or time is not None or end is not None:
        dates = {name: when for name, when in (("onset", time), ("resolved", end)) if when is not None}
        return dates if status is None else {"present": status == "present", **dates}
    return True if status == "present" else {"present": False}
