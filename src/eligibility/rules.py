"""The checked rules: the one meaning that every reader evaluates. Names are resolved, dimensions proved, thresholds in
the canonical unit of their concept; nothing here refers to text but the words that reasons repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, assert_never

from eligibility.instants import Duration
from eligibility.source import Span
from eligibility.units import Scale
from eligibility.vocabulary import Concept

Operator = Literal["<", "<=", ">", ">="]
Selection = Literal["latest", "first", "highest", "lowest"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """An instant that a window is measured from, or that measurements stand before or after: a milestone, or the onset
    of the newest episode of a condition, or the newest occurrence of an event."""

    concept: Concept
    after: bool


@dataclass(frozen=True, slots=True)
class Window:
    """`within duration` [of the anchor, else of `at`; `ahead` into the future], and `before` or `after` something."""

    duration: Duration | None = None
    ahead: bool = False
    anchor: Anchor | None = None
    relation: Anchor | None = None

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """All that its time is measured from or compared with."""
        return tuple(anchor for anchor in (self.anchor, self.relation) if anchor is not None)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a comparison: `operator threshold`. A threshold in months is every number of days they can have."""

    operator: Operator
    low: float
    high: float
    shown: str
    months: int | None = None

    @property
    def counts_months(self) -> bool:
        """Is it spelled in months? An age is compared in the unit of its threshold."""
        return self.shown.endswith(("month", "months"))


# --- numbers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years or months."""

    concept: Concept
    unit: Literal["years", "months"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One number out of the observations of a quantity, in its canonical unit."""

    concept: Concept
    selection: Selection = "latest"
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The greatest rise (or fall) between two observations at most `over` apart, in the canonical unit."""

    concept: Concept
    rise: bool
    over: Duration
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Scaled:
    """`factor * operand + offset`: from a canonical unit to base units, or back."""

    operand: Expression
    factor: float
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Combined:
    """Arithmetic on two numbers."""

    operator: Literal["+", "-", "*", "/", "^", "min", "max"]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Applied:
    """A function of one number."""

    function: Literal["ln", "exp"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of two numbers, by a condition; either while the condition is unknown."""

    condition: Rule
    then: Expression
    otherwise: Expression


Expression = Age | Measured | Changed | Constant | Scaled | Combined | Applied | Chosen

# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """A number within bounds; all of them hold. `shown` leads from the number to the unit of the rule."""

    number: Expression
    bounds: tuple[Bound, ...]
    unit: str
    shown: Scale
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LimitComparison:
    """A measurement against a multiple of the limit of normal that came with it."""

    concept: Concept
    selection: Selection
    window: Window | None
    operator: Operator
    multiple: float
    upper: bool
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InClass:
    """The class of a patient is one of those with these ranks."""

    concept: Concept
    selection: Selection
    window: Window | None
    ranks: frozenset[int]
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Present:
    """A condition is present now; an event has happened."""

    concept: Concept
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ever:
    """A condition is or was present; an event has happened."""

    concept: Concept
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InWindow:
    """A condition was present at some time of the window; an event happened in it."""

    concept: Concept
    window: Window
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OnsetIn:
    """The newest episode began in the window."""

    concept: Concept
    window: Window
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The time since the newest episode began is within bounds."""

    concept: Concept
    bounds: tuple[tuple[Operator, Duration], ...]
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Lasting:
    """A condition is present, and its episode began `duration` or longer ago."""

    concept: Concept
    duration: Duration
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Attested:
    """A person has said so."""

    concept: Concept
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """A person judges so; the answer stands under the address of the criterion."""

    address: str
    text: str
    words: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The outcome the other way round."""

    operand: Rule


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    operands: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One holds."""

    operands: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """Between `low` and `high` hold."""

    low: int
    high: int
    operands: tuple[Rule, ...]


Atom = (
    Comparison | LimitComparison | InClass | Present | Ever | InWindow | OnsetIn | Elapsed | Lasting | Attested | Judged
)  # fmt: skip
Rule = Atom | Not | And | Or | Count


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a trial, checked."""

    section: Literal["include", "exclude"]
    id: str
    label: str
    note: str | None
    rule: Rule
    words: str
    span: Span = field(compare=False, repr=False)

    @property
    def address(self) -> str:
        """`include.2.1`"""
        return f"{self.section}.{self.id}"


@dataclass(frozen=True, slots=True)
class Formula:
    """How a derived quantity is computed, in its canonical unit, and from what."""

    expression: Expression
    inputs: tuple[Concept, ...]
    sampled_with: tuple[Concept, ...]


def atoms(rule: Rule) -> Iterator[Atom]:
    """The comparisons and presences of a rule, from left to right."""
    match rule:
        case Not(operand=operand):
            yield from atoms(operand)
        case And(operands=operands) | Or(operands=operands) | Count(operands=operands):
            for operand in operands:
                yield from atoms(operand)
        case _:
            yield rule


def concepts(atom: Atom) -> list[Concept]:
    """The concepts that a comparison or presence names, anchors of its windows included."""
    match atom:
        case Comparison(number=number):
            found = [leaf.concept for leaf in leaves(number)]
        case Judged():
            found = []
        case _:
            found = [atom.concept]
    return [*found, *(anchor.concept for window in windows(atom) for anchor in window.anchors)]


def windows(atom: Atom) -> list[Window]:
    """The windows in which a comparison or presence looks; those of each measurement of a number."""
    match atom:
        case Comparison(number=number):
            return windows_of_number(number)
        case LimitComparison(window=window) | InClass(window=window) | InWindow(window=window) | OnsetIn(window=window):
            return [] if window is None else [window]
        case Present() | Ever() | Elapsed() | Lasting() | Attested() | Judged():
            return []
        case _:
            assert_never(atom)


def windows_of_number(number: Expression) -> list[Window]:
    """The windows in which what a number is computed from looks."""
    found = [leaf.window for leaf in leaves(number) if not isinstance(leaf, Age)]
    return [window for window in found if window is not None]


def leaves(number: Expression) -> Iterator[Age | Measured | Changed | InClass]:
    """What a number is computed from."""
    match number:
        case Age() | Measured() | Changed():
            yield number
        case Constant():
            pass
        case Scaled(operand=operand) | Applied(operand=operand):
            yield from leaves(operand)
        case Combined(left=left, right=right):
            yield from leaves(left)
            yield from leaves(right)
        case Chosen(condition=condition, then=then, otherwise=otherwise):
            for atom in atoms(condition):
                if isinstance(atom, InClass):
                    yield atom
                elif isinstance(atom, Comparison):
                    yield from leaves(atom.number)
            yield from leaves(then)
            yield from leaves(otherwise)
