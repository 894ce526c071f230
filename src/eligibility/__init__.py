"""Clinical-trial criteria as unit-safe, explainable rules: a patient goes in, verdicts with reasons come out.

The software supports clinical judgement and does not replace it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from eligibility.version import __version__ as __version__

if TYPE_CHECKING:
    from eligibility.errors import (
        Diagnostic,
        EligibilityError,
        PatientError,
        Problem,
        RuleError,
        UsageError,
        VocabularyError,
    )
    from eligibility.library import Trial, compile_trial, load_trials
    from eligibility.patient import Patient
    from eligibility.results import CriterionResult, Evidence, Need, Screening, TrialResult
    from eligibility.screener import Screener
    from eligibility.screening import screen
    from eligibility.vocabulary import Concept, Vocabulary

_PLACES = {
    "Concept": "vocabulary", "CriterionResult": "results", "Diagnostic": "errors", "EligibilityError": "errors",
    "Evidence": "results", "Need": "results", "Patient": "patient", "PatientError": "errors", "Problem": "errors",
    "RuleError": "errors", "Screener": "screener", "Screening": "results", "Trial": "library", "TrialResult": "results", "UsageError": "errors",
    "Vocabulary": "vocabulary", "VocabularyError": "errors", "compile_trial": "library", "load_trials": "library",
    "screen": "screening",
}  # fmt: skip

__all__ = [
    "Concept",
    "CriterionResult",
    "Diagnostic",
    "EligibilityError",
    "Evidence",
    "Need",
    "Patient",
    "PatientError",
    "Problem",
    "RuleError",
    "Screener",
    "Screening",
    "Trial",
    "TrialResult",
    "UsageError",
    "Vocabulary",
    "VocabularyError",
    "compile_trial",
    "load_trials",
    "screen",
]


def __getattr__(name: str) -> object:
    """Public names are imported when first asked for, so that `import eligibility` costs next to nothing."""
    if name not in _PLACES:
        raise AttributeError(f"module 'eligibility' has no attribute {name!r}")
    value: object = getattr(import_module(f"eligibility.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
