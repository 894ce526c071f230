"""What a rule asks of the facts, as constants or expressions of one frame with a row for each patient.

The meaning of the rules (`atoms`) is written once against a `Source`. The long table answers with columns that it makes later;
the wide table with expressions of its own columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from eligibility import rules
from eligibility.cohort.calendar import Keep, Moment
from eligibility.cohort.folding import Flag, Quad, Statement
from eligibility.cohort.reading import Clock
from eligibility.instants import Duration
from eligibility.vocabulary import Concept, Vocabulary


@dataclass(frozen=True)
class Line:
    """What is known of a condition or event: `complete` beside its episodes (`assumed` under silence only), absent now, whether
    there are episodes, whether one is there now, and whether one may be."""

    complete: Flag
    assumed: Flag
    absent: Flag
    known: Flag
    here: Flag
    maybe: Flag


@dataclass(frozen=True)
class Probe:
    """Episodes against a window: there at some instant of those that may be in it, perhaps there, there in those that surely
    are; happened surely in it, perhaps in it."""

    here: Flag
    maybe: Flag
    surely: Flag
    happened: Flag
    perhaps: Flag


@dataclass(frozen=True)
class Plans:
    """Plans against a window: one surely in it; own plans there are, all outside of it, all after it."""

    hit: Flag
    own: Flag
    outside: Flag
    later: Flag


@dataclass(frozen=True)
class Wanted:
    """The observation that a rule asks for: of which concept, which one, and in which window (None: what is current); how old
    the current values of the trial may be, and the trial, whose milestones a window may hang on."""

    concept: Concept
    selection: rules.Selection
    window: rules.Window | None
    values: Duration | None
    trial: str


class Plain(Protocol):
    """A number that stands in a column in some unit; null stands for any possible value."""

    def compared(self, operator: str, threshold: float) -> Statement:
        """Does `number operator threshold` hold, the threshold in the canonical unit?"""


@dataclass(frozen=True)
class Picked:
    """The number that a selection gives: what is known of it, and whether there is an observation for sure. `months` where all
    of it was given in months: fewest, most, and whether it was. `plain` compares it without leaving its column."""

    value: Quad
    sure: Flag
    months: tuple[Moment, Moment, Flag] | None = None
    plain: Plain | None = None


@dataclass(frozen=True)
class Reach:
    """The instants of a window: surely in it from `sure_1` to `sure_2`, possibly from `may_1` to `may_2`; or measured from what
    never was, or is not known."""

    sure_1: Moment
    sure_2: Moment
    may_1: Moment
    may_2: Moment
    never: Flag = False
    unknown: Flag = False

    @property
    def is_constant(self) -> bool:
        """Is it the same for every patient?"""
        return all(isinstance(end, int) for end in (self.sure_1, self.sure_2, self.may_1, self.may_2))


@dataclass(frozen=True)
class Onset:
    """What is known of an instant; or that it never was, or is not known at all."""

    first: Moment
    last: Moment
    never: Flag = False
    unknown: Flag = False


class Source(Protocol):
    """What is known of each patient."""

    clock: Clock
    vocabulary: Vocabulary
    keep: Keep

    def line(self, name: str) -> Line:
        """A condition or event, with what comes from its parts."""

    def cannot(self, name: str) -> Flag:
        """Can it not apply to the patient?"""

    def episodes(self, concept: Concept) -> tuple[Moment, Moment]:
        """The onset of the newest episode (of an event: the newest occurrence), where there is one."""

    def probe(self, name: str, window: rules.Window, trial: str) -> Probe:
        """Episodes against a window."""

    def held(self, name: str, question: Any) -> tuple[Flag, Flag, Flag]:
        """Is the record of a condition or event a complete list; does something hold of the onset of a part in none of its
        occurrences; does it in all of them?"""

    def plans(self, concept: Concept, window: rules.Window, trial: str) -> Plans:
        """Plans against a window."""

    def milestone(self, concept: Concept, trial: str) -> Onset:
        """A milestone of a trial."""

    def reach(self, window: rules.Window, trial: str) -> Reach:
        """The instants of a window."""

    def number(self, wanted: Wanted) -> Picked:
        """A number out of the observations of a quantity."""

    def ratio(self, wanted: Wanted, upper: bool) -> Picked:
        """The same in multiples of the limit of normal."""

    def change(self, wanted: Wanted, rise: bool, over: Duration) -> Picked:
        """The greatest rise or fall."""

    def rank(self, wanted: Wanted, ranks: frozenset[int] | None) -> Picked:
        """The rank of a class; with `ranks` 1 or 0: is it one of those?"""

    def compared_age(self, unit: str, operator: str, threshold: float) -> Statement:
        """Does `completed years or months operator threshold` hold?"""

    def age(self, unit: str) -> Quad:
        """Completed years or months."""

    def answer(self, concept: Concept, trial: str) -> Statement:
        """What a person said, for this trial or in general."""

    def judgement(self, address: str) -> Statement:
        """What a person judged."""


def chain(vocabulary: Vocabulary, concept: Concept) -> tuple[str, ...]:
    """The concept and all that include it: where one of them is absent, so is the concept."""
    return (concept.name, *vocabulary.wholes(concept.name))


def current_limit(concept: Concept, values: Duration | None) -> Duration | None:
    """How old a value of a concept may be and still count; None for no limit."""
    if concept.current_for is None or values is None:
        return concept.current_for
    return values
