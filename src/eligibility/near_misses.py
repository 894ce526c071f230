"""A name that nothing has goes in; the word of the language that is misspelled in it comes out.

The grammar takes words for a name until a word of the language ends it. So a misspelled one (`stroke withn 3 months`, `hsitory
of stroke`) ends up inside of a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from eligibility.vocabulary import Vocabulary

MOST_WORDS = 24

_BEHIND = ("within", "before", "after", "and", "or", "unless", "between", "is", "in", "over")
_IN_FRONT = (
    "time since onset of", "history of", "onset of", "rise in", "fall in", "highest", "lowest", "first", "latest", "not", "no",
)  # fmt: skip
_OF_THEIR_OWN = ("ever",)  # as like as they are to `over`
_LIKE = 0.74  # `withn` and `within` are 0.91 alike, `hsitory` and `history` 0.86, `lower` and `lowest` 0.73


@dataclass(frozen=True)
class NearMiss:
    """What was written, what is meant, and where it stands, at offsets of the text."""

    said: str
    meant: str
    start: int
    end: int


def near_miss(text: str, vocabulary: Vocabulary) -> NearMiss | None:
    """The misspelled word behind or in front of a declared name; None where nothing gives it away."""
    words = [(match[0], match.start(), match.end()) for match in re.finditer(r"\S+", text)]
    if not 1 < len(words) <= MOST_WORDS:
        return None
    plain = [word for word, _, _ in words]
    for count in range(len(words) - 1, 0, -1):
        if vocabulary.find(" ".join(plain[:count])) is not None:
            said, start, end = words[count]
            meant = _like(said, _BEHIND) if said.casefold() not in _OF_THEIR_OWN else None
            return NearMiss(said, meant, start, end) if meant else None
    for phrase in _IN_FRONT:
        count = phrase.count(" ") + 1
        said = " ".join(plain[:count])
        if vocabulary.find(" ".join(plain[count:])) is not None and _like(said, (phrase,)):
            return NearMiss(said, phrase, words[0][1], words[count - 1][2])
    return None


def _like(word: str, known: tuple[str, ...]) -> str | None:
    """The word of the language that a word is a misspelling of. Short ones are too like too many."""
    folded = word.casefold()
    close = [(SequenceMatcher(None, folded, candidate).ratio(), candidate) for candidate in known if len(candidate) > 3]
    best = max(close, default=(0.0, ""))
    return best[1] if best[0] >= _LIKE and folded != best[1] else None
