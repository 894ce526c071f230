"""Conditions that are impossible all together go in; few of them that are so already come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations


def fewest(count: int, impossible: Callable[[Sequence[int]], bool]) -> list[int]:
    """The fewest of so many conditions that are impossible together; they are so all together.

    None of them can be left out. That there is no smaller set elsewhere is certain up to three conditions, and among no more
    than thirty; where there are more, it was not looked for.
    """
    found = _shrunk(list(range(count)), impossible)
    for size in range(min(len(found), 4)):
        if size < 2 or (size == 2 and count <= 30) or (size == 3 and count <= 12):
            for chosen in combinations(range(count), size):
                if impossible(chosen):
                    return list(chosen)
    return found


def _shrunk(positions: list[int], impossible: Callable[[Sequence[int]], bool]) -> list[int]:
    """Halving again and again (U. Junker, QuickXplain, AAAI 2004): those that cannot be spared."""

    def shrink(background: list[int], added: bool, candidates: list[int]) -> list[int]:
        if added and impossible(background):
            return []
        if len(candidates) <= 1:
            return candidates
        half = len(candidates) // 2
        left, right = candidates[:half], candidates[half:]
        second = shrink([*background, *left], bool(left), right)
        first = shrink([*background, *second], bool(second), left)
        return [*first, *second]

    return [] if impossible([]) else sorted(shrink([], False, positions))
