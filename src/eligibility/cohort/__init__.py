"""Screening of whole cohorts: frames of Polars, DuckDB or Spark go in; verdicts, criteria, attrition and rejects come out.

Needs `eligibility[cohort]`; `eligibility[duckdb]` or `eligibility[spark]` for those engines.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eligibility.cohort.long import screen
    from eligibility.cohort.results import Cohort
    from eligibility.cohort.widetable import screen_wide

_PLACES = {"screen": "long", "screen_wide": "widetable", "Cohort": "results"}

__all__ = ["Cohort", "screen", "screen_wide"]


def __getattr__(name: str) -> object:
    """Engines are imported when first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'eligibility.cohort' has no attribute {name!r}")
    value: object = getattr(import_module(f"eligibility.cohort.{_PLACES[name]}"), name)
    globals()[name] = value
    return value
