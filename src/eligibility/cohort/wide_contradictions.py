"""What the columns of a wide table say goes in; where they contradict each other comes out: the column, the rows, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from eligibility.cohort.folding import Flag, both, either, is_open, is_true, no
from eligibility.cohort.wide import WideSource
from eligibility.vocabulary import Concept

Check = tuple[str, Flag, str]
"""A column, where what stands in it cannot be used, and why; without a reason it is read as null and nothing is said."""


def contradictions(source: WideSource, schema: Mapping[str, Any], meant: Mapping[str, object]) -> list[Check]:
    """What cannot apply, or is denied by what includes it."""
    found: list[Check] = []
    for name, said in source.occurrences.items():
        column = source.null_columns[name]
        if source.vocabulary[name].has_limited_applicability:
            unfit = source.cannot(name)
            if unfit is not False:
                found.append(
                    (
                        column,
                        both(unfit, either(said.happening.exists, _given(source, column, schema))),
                        "it cannot apply to a patient of this sex and age",
                    )
                )
        for whole in source.vocabulary.wholes(name):
            other = source.occurrences.get(whole)
            if other is None or other.never is False:
                continue
            torn = both(other.never, said.happening.exists)
            found.append(
                (column, torn, f"it is or was present, and {whole}, which includes it, never was; neither is used")
            )
            found.append(
                (
                    source.null_columns[whole],
                    torn,
                    f"it never was, and {name}, which it includes, is or was present; neither is used",
                )
            )
    for name in source.answers:
        unfit = source.cannot(name)
        if unfit is not False:
            column = next(
                column for column, meaning in meant.items() if isinstance(meaning, Concept) and meaning.name == name
            )
            found.append(
                (
                    column,
                    both(unfit, is_true(source.columns.truth(column))),
                    "it cannot apply to a patient of this sex and age",
                )
            )
    for name, spelled in source.classes.items():
        condition = source.vocabulary[name].none_when_absent
        never = source.occurrences.get(condition) if condition else None
        if never is not None and never.never is not False and condition is not None:
            raised = is_true(spelled.among(frozenset(range(1, len(source.vocabulary[name].values)))))
            torn = both(raised, never.never)
            found.append((spelled.name, torn, f"it has a value, and {condition} never was; neither is used"))
            found.append(
                (source.null_columns[condition], torn, f"it never was, and {name} has a value; neither is used")
            )
    return found


def _given(source: WideSource, column: str, schema: Any) -> Flag:
    """Is a time given, though it may lie after the instant?"""
    return False if schema[column] == nw.Boolean else no(is_open(source.columns.moments(column)[0]))
