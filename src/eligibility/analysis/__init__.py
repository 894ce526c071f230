"""Trials go in; what is found about their rules, alone and against each other, comes out, before any patient is."""

from __future__ import annotations

from eligibility.analysis.comparing import RELATIONS, Comparison, compare
from eligibility.analysis.finding import KINDS, Finding
from eligibility.analysis.findings import analyse

__all__ = ["KINDS", "RELATIONS", "Comparison", "Finding", "analyse", "compare"]
