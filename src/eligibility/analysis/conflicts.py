"""Conditions that are impossible all together go in; few of them that are so already come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations


def fewest(count: int, impossible: Callable[[Sequence[int]], bool]) -> list[int]:
    """The fewest of so many conditions that are impossible together; they are so all together. Above three the set cannot be
    made smaller by leaving one out, and was not searched for a smaller one."""
    for size in (0, 1, 2, 3):
        if size < 2 or (size == 2 and count <= 60) or (size == 3 and count <= 15):
            for chosen in combinations(range(count), size):
                if impossible(chosen):
                    return list(chosen)
    return _shrunk(list(range(count)), impossible)


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

    return sorted(shrink([], False, positions))
