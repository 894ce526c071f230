"""Truth with gaps: TRUE, FALSE and UNKNOWN go in and come out of strong Kleene connectives.

Source of the tables: S. C. Kleene, Introduction to Metamathematics (1952), section 64.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Truth(Enum):
    """What is known of a statement."""

    FALSE = "false"
    UNKNOWN = "unknown"
    TRUE = "true"

    def __bool__(self) -> bool:
        raise TypeError("a Truth is not a bool: UNKNOWN is neither; compare with `is`")


T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

NOT = {T: F, U: U, F: T}

AND = {
    (T, T): T, (T, U): U, (T, F): F,
    (U, T): U, (U, U): U, (U, F): F,
    (F, T): F, (F, U): F, (F, F): F,
}  # fmt: skip

OR = {
    (T, T): T, (T, U): T, (T, F): T,
    (U, T): T, (U, U): U, (U, F): U,
    (F, T): T, (F, U): U, (F, F): F,
}  # fmt: skip


def all_of(truths: Iterable[Truth]) -> Truth:
    """Kleene conjunction; TRUE for nothing."""
    result = T
    for truth in truths:
        result = AND[result, truth]
    return result


def any_of(truths: Iterable[Truth]) -> Truth:
    """Kleene disjunction; FALSE for nothing."""
    result = F
    for truth in truths:
        result = OR[result, truth]
    return result


def count_between(truths: Iterable[Truth], low: int, high: int) -> Truth:
    """Is the number of true statements between `low` and `high`, both included?"""
    listed = list(truths)
    least = sum(truth is T for truth in listed)
    most = least + sum(truth is U for truth in listed)
    if low <= least and most <= high:
        return T
    if most < low or least > high:
        return F
    return U


def known(truth: bool | None) -> Truth:
    """A bool, or None for what is not known, as Truth."""
    return U if truth is None else T if truth else F
