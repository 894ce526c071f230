"""A vocabulary goes in; the published JSON Schemas come out: of a patient record, and of a screening's result.

The schemas say what a program can check before it calls; names in other spellings, units and dates that contradict each
other are judged by the library itself, which says more.
"""

from __future__ import annotations

from eligibility.results import RESULT_SCHEMA, SCHEMA_VERSION, Json
from eligibility.vocabulary import Concept, Vocabulary, bundled_vocabulary

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PATIENT_SCHEMA = f"eligibility/patient/{SCHEMA_VERSION}"

_DATE: Json = {
    "type": "string",
    "description": "A year, a month, a day, or an instant: 2024, 2024-03, 2024-03-01, 2024-03-01T08:30Z.",
    "pattern": r"^\d{4}(-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?([Zz]|[+-]\d{2}:?\d{2})?)?)?)?$",
}
_NULLABLE_DATE: Json = {"anyOf": [{"$ref": "#/$defs/date"}, {"type": "null"}]}
_ANSWER: Json = {"type": ["boolean", "null"]}
_NUMBER_OR_TEXT: Json = {"type": ["number", "string", "null"]}


def _object(properties: dict[str, Json], required: list[str] | None = None, **more: Json) -> Json:
    content: dict[str, Json] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        content["required"] = list(required)
    return {**content, **more}


def _one_or_many(item: str) -> Json:
    return {"anyOf": [{"$ref": f"#/$defs/{item}"}, {"type": "array", "items": {"$ref": f"#/$defs/{item}"}}]}


def _definitions() -> dict[str, Json]:
    observation = _object(
        {
            "value": _NUMBER_OR_TEXT, "unit": {"type": ["string", "null"]}, "at": _NULLABLE_DATE,
            "upper_limit": _NUMBER_OR_TEXT, "lower_limit": _NUMBER_OR_TEXT,
        },
        ["value"],
    )  # fmt: skip
    occurrence = _object(
        {"present": _ANSWER, "onset": _NULLABLE_DATE, "resolved": _NULLABLE_DATE, "planned": _NULLABLE_DATE},
        minProperties=1,
    )
    event = _object({"at": _NULLABLE_DATE, "onset": _NULLABLE_DATE, "planned": _NULLABLE_DATE}, minProperties=1)
    return {
        "date": _DATE,
        "measurement": {"anyOf": [{"type": ["number", "string", "null"]}, observation]},
        "condition": {"anyOf": [{"type": ["boolean", "null"]}, occurrence]},
        "event": {"anyOf": [{"type": ["boolean", "null"]}, event]},
        "attestation": _ANSWER,
        "milestone": _NULLABLE_DATE,
        "age": {
            "anyOf": [
                {"type": ["number", "string", "null"]},
                _object({"value": _NUMBER_OR_TEXT, "unit": {"type": ["string", "null"]}}),
            ]
        },
    }


def _reference(concept: Concept) -> Json:
    match concept.kind:
        case "quantity":
            return {**_as_dict(_one_or_many("measurement")), "description": _about(concept)}
        case "class":
            value: Json = {"type": ["string", "integer", "null"]}
            dated = _object({"value": value, "at": _NULLABLE_DATE}, ["value"])
            item: Json = {"anyOf": [value, dated]}
            return {
                "anyOf": [item, {"type": "array", "items": item}],
                "description": f"{_about(concept)} One of {', '.join(concept.values)}.",
            }
        case "condition" | "event":
            return {**_as_dict(_one_or_many(concept.kind)), "description": _about(concept)}
        case "age" | "attestation" | "milestone":
            return {"$ref": f"#/$defs/{concept.kind}", "description": _about(concept)}


def _as_dict(content: Json) -> dict[str, Json]:
    assert isinstance(content, dict)
    return content


def _about(concept: Concept) -> str:
    unit = f" In {concept.unit} or a unit that meets it." if concept.kind == "quantity" and concept.unit != "1" else ""
    also = f" Also: {', '.join(concept.synonyms)}." if concept.synonyms else ""
    return f"{concept.about}{unit}{also}"


def patient_schema(vocabulary: Vocabulary | None = None) -> dict[str, Json]:
    """The JSON Schema (2020-12) of a patient record, for a vocabulary (the bundled one if none is given)."""
    words = vocabulary or bundled_vocabulary()
    properties: dict[str, Json] = {
        "id": {"type": ["string", "integer", "null"], "description": "What to call this patient in results."},
        "as_of": {"anyOf": [{"$ref": "#/$defs/date"}, {"type": "null"}], "description": "The instant at which the record holds."},
        "birth_date": {
            "anyOf": [{"$ref": "#/$defs/date"}, {"type": ["integer", "null"]}], "description": "A day, a month or a year of birth.",
        },
        "judgements": {
            "type": ["object", "null"], "additionalProperties": _ANSWER,
            "description": "An investigator's answers by address, such as NCT06882811/exclude.1.",
        },
        "trials": {
            "type": ["object", "null"], "additionalProperties": {"type": "object", "additionalProperties": {"type": ["boolean", "string", "null"]}},
            "description": "Attestations and milestones that hold for one trial, by its ID.",
        },
    }  # fmt: skip
    properties |= {concept.name: _reference(concept) for concept in words}
    return {
        "$schema": DIALECT, "$id": PATIENT_SCHEMA, "title": "A patient to be screened",
        "description": "Facts by name. Case, spaces, `_` and `-` of names do not matter, synonyms may be used, and unknown names are reported, not refused.",
        "type": "object", "properties": properties, "additionalProperties": True, "$defs": _definitions(),
    }  # fmt: skip


def result_schema() -> dict[str, Json]:
    """The JSON Schema (2020-12) of a screening as `Screening.to_dict` gives it."""
    text: Json = {"type": "string"}
    maybe: Json = {"type": ["string", "null"]}
    outcome: Json = {"enum": ["met", "not met", "unknown"]}
    texts: Json = {"type": "array", "items": text}

    def full(properties: dict[str, Json]) -> Json:
        return _object(properties, list(properties))

    need = full({"concept": text, "asks": text, "settles": maybe, "criteria": texts, "question": maybe})
    evidence = full({
        "concept": text, "statement": text, "outcome": outcome, "value": maybe, "when": maybe, "converted": maybe,
        "threshold": maybe, "margin": maybe,
    })  # fmt: skip
    needs: Json = {"type": "array", "items": {"$ref": "#/$defs/need"}}
    criterion = full({
        "id": text, "section": {"enum": ["include", "exclude"]}, "label": text, "outcome": outcome,
        "passes": {"type": ["boolean", "null"]}, "reason": text,
        "evidence": {"type": "array", "items": {"$ref": "#/$defs/evidence"}}, "needs": needs, "note": maybe,
    })  # fmt: skip
    trial = full({
        "id": text, "title": text, "verdict": {"enum": ["eligible", "ineligible", "review", "undetermined"]},
        "valid_until": maybe, "needs": needs, "criteria": {"type": "array", "items": {"$ref": "#/$defs/criterion"}},
    })  # fmt: skip
    whole = full({
        "schema": {"const": RESULT_SCHEMA}, "id": maybe, "at": text, "trials": {"type": "array", "items": trial},
        "unrecognized": {"type": "array", "items": full({"key": text, "nearest": texts})}, "ignored": texts, "warnings": texts,
    })  # fmt: skip
    return {
        "$schema": DIALECT, "$id": RESULT_SCHEMA, "title": "A screening", **_as_dict(whole),
        "$defs": {"need": need, "evidence": evidence, "criterion": criterion},
    }  # fmt: skip
