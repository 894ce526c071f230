"""A code or a bit for each trial goes in; its verdict by ID, and the trials of each verdict as sets, come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property

from eligibility.compiled import ELIGIBLE, INELIGIBLE, REVIEW, UNDETERMINED
from eligibility.results import Verdict

VERDICTS: tuple[Verdict, ...] = ("ineligible", "eligible", "review", "undetermined")  # by their codes


class Places(dict[str, int]):
    """The place of each trial by its ID, in the order of their places. One is made anew when trials come or go."""

    @cached_property
    def names(self) -> dict[int, str]:
        """The ID at each place."""
        return {place: name for name, place in self.items()}


def _flags(bits: int, ids: Places) -> bytes:
    """The bits of a number as bytes of 0 and 1, up to the place of the last trial."""
    length = next(reversed(ids.values())) + 1 if ids else 1  # they stand in the order of their places
    return f"{bits:0{length}b}"[::-1].encode().translate(_AS_NUMBERS)


_AS_NUMBERS = bytes.maketrans(b"01", b"\0\1")


class TrialSet(Set[str]):
    """The IDs of some of the trials, held as the bits of a number."""

    __slots__ = ("_bits", "_ids")

    def __init__(self, bits: int, ids: Places) -> None:
        self._bits = bits
        self._ids = ids

    def __contains__(self, trial_id: object) -> bool:
        place = self._ids.get(trial_id) if isinstance(trial_id, str) else None
        return place is not None and bool(self._bits >> place & 1)

    def __iter__(self) -> Iterator[str]:
        names, bits = self._ids.names, f"{self._bits:b}"[::-1]
        place = bits.find("1")
        while place >= 0:
            yield names[place]
            place = bits.find("1", place + 1)

    def __len__(self) -> int:
        return self._bits.bit_count()

    @classmethod
    def _from_iterable(cls, items: Iterable[str]) -> Set[str]:  # type: ignore[override]  # the result of `&` and `|` is a plain set
        return frozenset(items)

    def __repr__(self) -> str:
        return f"TrialSet({sorted(self)})"


class Verdicts(Mapping[str, Verdict]):
    """Trial ID to verdict, and the trials of each verdict as sets over bits."""

    __slots__ = ("_bits", "_codes", "_ids")

    def __init__(self, ids: Places, codes: Sequence[int] | None, bits: tuple[int, int, int, int] | None = None) -> None:
        self._ids = ids
        self._codes = codes
        self._bits = bits

    def __getitem__(self, trial_id: str) -> Verdict:
        place = self._ids[trial_id]
        if self._codes is not None:
            return VERDICTS[self._codes[place]]
        return next(verdict for verdict, bits in zip(VERDICTS, self.bits, strict=True) if bits >> place & 1)

    def __iter__(self) -> Iterator[str]:
        _ = self.codes  # all of them are about to be looked up
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def codes(self) -> Sequence[int]:
        """Which of VERDICTS each trial has, by its place; of places of withdrawn trials it means nothing."""
        if self._codes is None:
            flags = [_flags(bits, self._ids) for bits in self.bits]
            together = sum(code * int.from_bytes(own, "little") for code, own in enumerate(flags))
            self._codes = together.to_bytes(len(flags[0]), "little")
        return self._codes

    @property
    def bits(self) -> tuple[int, int, int, int]:
        """The trials that are ineligible, eligible, in review and undetermined, a bit for each place of a trial."""
        if self._bits is None:
            found = [0, 0, 0, 0]
            codes = self._codes or ()
            for place in self._ids.values():
                found[codes[place]] |= 1 << place
            self._bits = (found[0], found[1], found[2], found[3])
        return self._bits

    def _with(self, code: int) -> TrialSet:
        return TrialSet(self.bits[code], self._ids)

    @property
    def eligible(self) -> TrialSet:
        """The trials in which the patient may take part."""
        return self._with(ELIGIBLE)

    @property
    def review(self) -> TrialSet:
        """The trials in which only answers of people are open."""
        return self._with(REVIEW)

    @property
    def undetermined(self) -> TrialSet:
        """The trials in which data are missing."""
        return self._with(UNDETERMINED)

    @property
    def ineligible(self) -> TrialSet:
        """The trials in which the patient may not take part."""
        return self._with(INELIGIBLE)

    def __repr__(self) -> str:
        return f"Verdicts({dict(self)})"
