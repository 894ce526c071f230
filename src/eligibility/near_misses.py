"""A name that nothing has goes in; what its author may have wanted to write comes out, where a word in it gives that away.

The grammar takes words for a name until a word of the language ends it. So a comparison in words (`creatinine above 3 mg/dL`) or
a misspelled word of the language (`stroke withn 3 months`) ends up inside of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from eligibility.instants import time_unit
from eligibility.vocabulary import Concept, Vocabulary

MOST_WORDS = 24

_SIGNS = {
    "greater than or equal to": ">=", "more than or equal to": ">=", "less than or equal to": "<=", "at least": ">=", "at most": "<=",
    "no less than": ">=", "no more than": "<=", "not more than": "<=", "up to": "<=", "greater than": ">", "more than": ">",
    "higher than": ">", "above": ">", "exceeds": ">", "exceeding": ">", "less than": "<", "lower than": "<", "fewer than": "<",
    "below": "<", "under": "<", "equal to": "=", "equals": "=",
}  # fmt: skip
_RANGE = re.compile(r"(?:from )?(\d+(?:\.\d+)?) ?(?:-|–|to) ?(\d+(?:\.\d+)?)\b ?(.*)")
_PAST = re.compile(r"((?:in|during|over|within) (?:the )?(?:last|past|previous|preceding)) (\d+(?:\.\d+)? ?\S+)")
_FOLLOWING = ("within", "before", "after", "and", "or", "unless", "between", "is", "in", "over")
_LEADING = (
    "time since onset of",
    "history of",
    "onset of",
    "rise in",
    "fall in",
    "highest",
    "lowest",
    "first",
    "latest",
    "not",
    "no",
)
_LIKE = (
    0.74  # of two words; `withn` and `within` are 0.91 alike, `hsitory` and `history` 0.86, `lower` and `lowest` 0.73
)


@dataclass(frozen=True)
class NearMiss:
    """What is wrong inside of a name, at offsets of its text."""

    code: str
    message: str
    help: str
    start: int
    end: int


def near_miss(text: str, vocabulary: Vocabulary) -> NearMiss | None:
    """The word that stands wrongly in a name; None where nothing gives it away."""
    words = text.split(" ")
    if not 1 < len(words) <= MOST_WORDS:
        return None
    for count in range(len(words) - 1, 0, -1):
        head, tail = " ".join(words[:count]), " ".join(words[count:])
        concept = vocabulary.find(head)
        if concept is not None:
            return _behind(head, tail, concept)
    return next(_in_front(words, vocabulary), None)


def place_in(written: str, text: str, start: int, end: int) -> tuple[int, int]:
    """Offsets of a text, whose spaces are single, as offsets of the text as it was written."""
    letters = [index for index, char in enumerate(written) if not char.isspace()]
    first, last = (len(re.sub(r"\s", "", text[:place])) for place in (start, end))
    if not 0 <= first < last <= len(letters):
        return 0, len(written)
    return letters[first], letters[last - 1] + 1


def _behind(head: str, tail: str, concept: Concept) -> NearMiss | None:
    """What stands behind a declared name."""
    place = len(head) + 1
    for said, sign in _SIGNS.items():
        if re.match(rf"{said} \d", tail, re.IGNORECASE):
            wanted = "`>=` or `<=`, as the protocol says" if sign == "=" else f"`{sign}`"
            return NearMiss("E142", f"`{said}` is no comparison", f"write {wanted}", place, place + len(said))
    if concept.kind in ("quantity", "age") and (span := _RANGE.match(tail)):
        low, high, unit = span[1], span[2], span[3]
        whole = f"{head} between {low} and {high} {unit}".strip()
        return NearMiss(
            "E141",
            f"a comparison is missing between `{head}` and `{tail}`",
            f"write `{whole}`",
            place,
            place + span.end(2),
        )
    past = _PAST.match(tail.casefold())
    if past and time_unit(past[2].split(" ")[-1]):
        return NearMiss("E143", f"`{past[1]}` is no window", "did you mean `within`?", place, place + past.end(1))
    first = tail.split(" ", 1)[0]
    meant = _like(first, _FOLLOWING)
    if meant is not None:
        return NearMiss(
            "E143", f"`{first}` is no word of this language", f"did you mean `{meant}`?", place, place + len(first)
        )
    return None


def _in_front(words: list[str], vocabulary: Vocabulary) -> Iterator[NearMiss]:
    """What stands in front of a declared name."""
    for phrase in _LEADING:
        count = phrase.count(" ") + 1
        said = " ".join(words[:count])
        if len(words) > count and vocabulary.find(" ".join(words[count:])) is not None and _like(said, (phrase,)):
            yield NearMiss("E143", f"`{said}` is no word of this language", f"did you mean `{phrase}`?", 0, len(said))


def _like(word: str, known: tuple[str, ...]) -> str | None:
    """The word of the language that a word is a misspelling of. Short ones are too like too many."""
    folded = word.casefold()
    close = [(SequenceMatcher(None, folded, candidate).ratio(), candidate) for candidate in known if len(candidate) > 3]
    best = max(close, default=(0.0, ""))
    return best[1] if best[0] >= _LIKE and folded != best[1] else None
