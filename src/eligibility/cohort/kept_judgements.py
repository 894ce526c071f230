"""Trials and the form of a wide table go in; what the trials ask of a row comes out, worked out once for all tables of that form."""

from __future__ import annotations

from eligibility.cohort.verdicts import Judgement, judged
from eligibility.cohort.wide import WideSource
from eligibility.library import Trial

_KEPT: dict[tuple[object, ...], tuple[tuple[Trial, ...], Judgement, bool]] = {}
"""By the form of a table and the identities of the trials: the trials, so that they live as long, what they ask of a row, and
whether they ask for ages in months. Of no patient anything."""
_MOST = 16


def kept_or_judged(form: tuple[object, ...] | None, source: WideSource, trials: tuple[Trial, ...]) -> Judgement:
    """What trials ask of a row; of a table without a form it is worked out anew."""
    if form is None:
        return judged(trials, source)
    found = _KEPT.get(form)
    if found is None:
        judgement = judged(trials, source)
        while len(_KEPT) >= _MOST:
            _KEPT.pop(next(iter(tuple(_KEPT))), None)
        found = _KEPT[form] = trials, judgement, source.asks_months
    source.asks_months = source.asks_months or found[2]
    return found[1]
