"""Patient records go in; rows of the long table that say the same come out, in one of the forms that a row may have."""

import re
from datetime import datetime

COLUMNS = (
    "patient", "concept", "value", "value_high", "unit", "comparator", "text", "status", "time", "end", "lower_limit",
    "upper_limit", "trial",
)  # fmt: skip
_PLAIN = re.compile(r"(<=|>=|<|>)?(-?[\d.]+(?:e[-+]?\d+)?)(?: ((?:(?! to ).)+))?")
_RANGE = re.compile(r"(-?[\d.]+(?:e[-+]?\d+)?) to (-?[\d.]+(?:e[-+]?\d+)?)(?: (.+))?")


class Inexpressible(ValueError):
    """What a patient file can say and a row cannot."""


def rows_of(record, patient, words, chance):
    """The rows of one record, and its row of the table of patients."""
    rows, person = (
        [],
        {"patient": patient, "as_of": record.get("as_of"), "birth_date": record.get("birth_date"), "sex": None},
    )
    for key, value in record.items():
        if key in ("as_of", "birth_date", "id") or (key in ("trials", "judgements") and value is None):
            continue
        if key == "judgements":
            rows += [judgement(address, answer, chance) for address, answer in value.items()]
        elif key == "trials":
            for trial, facts in value.items():
                rows += [
                    {"trial": trial, **row}
                    for name, fact in (facts or {}).items()
                    for row in of_concept(name, fact, words, chance)
                ]
        elif key == "sex" and isinstance(value, str) and chance.random() < 0.5:
            person["sex"] = value
        else:
            rows += of_concept(key, value, words, chance)
    return [{**dict.fromkeys(COLUMNS), **row, "patient": patient} for row in rows], person


def judgement(address, answer, chance):
    trial, _, place = address.partition("/")
    named = {"concept": address} if chance.random() < 0.5 else {"concept": place, "trial": trial}
    return {**named, **said(answer, chance)}


def said(answer, chance):
    if chance.random() < 0.3:
        return {"text": {True: "true", False: "false", None: "null"}[answer]}
    return {"status": {True: "present", False: chance.choice(("never", "absent")), None: "unknown"}[answer]}


def of_concept(name, value, words, chance):
    concept = words.find(name)
    spelled = chance.choice((concept.name, *concept.synonyms)) if chance.random() < 0.2 else concept.name
    items = value if isinstance(value, list) else [value]
    found = []
    for item in items:
        match concept.kind:
            case "quantity":
                row = quantity(item, chance)
            case "class":
                row = classed(item)
            case "age":
                row = age(item, chance)
            case "attestation":
                row = said(item, chance)
            case "milestone":
                row = {"time": item} if item is not None else {"status": "unknown"}
            case _:
                row = occurrence(item, concept.kind, chance)
        if row is not None:
            found.append({"concept": spelled, **row})
    return found


def quantity(item, chance):
    if item is None:
        return None
    row = {}
    if isinstance(item, dict):
        row["time"] = item.get("at")
        value = item["value"]
        unit = item.get("unit")
        if value is None:
            return None
        for name in ("lower_limit", "upper_limit"):
            limit = item.get(name)
            if limit is not None:
                match = _PLAIN.fullmatch(str(limit))
                if match is None:
                    raise Inexpressible("a limit that is no plain number")
                row[name] = float(match[2])
                own = _PLAIN.fullmatch(str(value))
                if match[3] and match[3] != (unit or (own and own[3])):
                    raise Inexpressible("a limit in a unit of its own")
    else:
        value, unit = item, None
    if isinstance(value, int | float):
        return {**row, "value": float(value), "unit": unit}
    if chance.random() < 0.6:
        if match := _RANGE.fullmatch(value):
            return {**row, "value": float(match[1]), "value_high": float(match[2]), "unit": match[3] or unit}
        if match := _PLAIN.fullmatch(value):
            return {**row, "comparator": match[1], "value": float(match[2]), "unit": match[3] or unit}
    return {**row, "text": value, "unit": unit}


def classed(item):
    value, when = (item["value"], item.get("at")) if isinstance(item, dict) else (item, None)
    if value is None:
        return None
    return {"value": float(value), "time": when} if isinstance(value, int) else {"text": value, "time": when}


def age(item, chance):
    if item is None:
        return None
    if isinstance(item, dict):
        if not isinstance(item.get("value"), int):
            return {"text": item["value"], "unit": item.get("unit")}
        return {"value": float(item["value"]), "unit": item.get("unit")}
    if isinstance(item, int | float):
        return {"value": float(item)}
    plain = re.fullmatch(r"(\d+) ([a-z]+)", item)
    return {"value": float(plain[1]), "unit": plain[2]} if plain and chance.random() < 0.5 else {"text": item}


def occurrence(item, kind, chance):
    if item is None:
        return {"status": "unknown"}
    if isinstance(item, bool):
        status = {"status": "present" if item else "never"}
        return {"text": str(item).lower()} if chance.random() < 0.2 else status
    if item.get("planned") is not None:
        return {"status": "planned", "time": item["planned"]}
    if kind == "event":
        return {"time": item.get("at") or item.get("onset"), "status": chance.choice((None, "present"))}
    status = {None: None, True: "present", False: "absent"}[item.get("present")]
    return {"time": item.get("onset"), "end": item.get("resolved"), "status": status}


def moment(text):
    """A full instant as a datetime, else None."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if "T" in text else None
