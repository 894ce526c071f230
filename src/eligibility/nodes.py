"""The syntax tree: what the author wrote, with a span on every node. Spans do not count when trees are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from eligibility.source import Source, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything that stands at a place of the text."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    """A name as it was written, its spaces made single; `quoted` in backticks."""

    text: str
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Node):
    """A literal: a number, perhaps with a unit."""

    value: str
    unit: str | None
    unit_span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Node):
    """A multiple of the upper (ULN) or lower (LLN) limit of normal."""

    multiple: str
    upper: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(Node):
    """A length of time: `24 hours`."""

    value: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation(Node):
    """`before X` or `after X`."""

    after: bool
    name: Name
    onset: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Node):
    """`within D`, `within D before M`, `within the next D`, or no duration at all and only a relation."""

    length: Length | None
    ahead: bool = False
    anchor: Relation | None = None
    relation: Relation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(Node):
    """A name with what narrows it: `highest lactate within 24 hours`, `malignancy`."""

    name: Name
    selection: Literal["highest", "lowest", "first", "latest"] | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Node):
    """`history of X`"""

    name: Name
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed(Node):
    """`time since onset of X`"""

    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset(Node):
    """`onset of X within D`"""

    name: Name
    window: Window | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting(Node):
    """`X for at least D`"""

    name: Name
    length: Length


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Node):
    """`rise in X over D`, `fall in X over D within W`"""

    rise: bool
    name: Name
    over: Length
    window: Window | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Node):
    """`judgement "..."`"""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Node):
    """`not X`, or `no X`"""

    operand: Formula
    word: Literal["not", "no"] = "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class And(Node):
    """`A and B and C`; `grouped` where the author set brackets around it."""

    operands: tuple[Formula, ...]
    grouped: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Or(Node):
    """`A or B or C`"""

    operands: tuple[Formula, ...]
    grouped: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unless(Node):
    """`A unless B`"""

    claim: Formula
    exception: Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class IfThen(Node):
    """`if A then B`"""

    condition: Formula
    consequence: Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Node):
    """`if A then x else y`, in formulas of the vocabulary"""

    condition: Formula
    then: Formula
    otherwise: Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed(Node):
    """`(A or B) within D`"""

    operand: Formula
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare(Node):
    """`a < b`, or a chain `a < b <= c`"""

    operands: tuple[Formula, ...]
    operators: tuple[str, ...]
    operator_spans: tuple[Span, ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Node):
    """`x between a and b`, both ends included"""

    operand: Formula
    low: Formula
    high: Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Node):
    """`x in (a, b)`, `x is a`, `x is not a`"""

    operand: Formula
    values: tuple[Name, ...]
    form: Literal["in", "is", "is not"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Node):
    """`a + b`, `a - b`, `a * b`, `a / b`, `a ^ b`"""

    operator: Literal["+", "-", "*", "/", "^"]
    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """`min(a, b)`, `max(a, b)`, `ln(x)`, `exp(x)`"""

    function: Literal["min", "max", "ln", "exp"]
    arguments: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Node):
    """`any of:` and its kind; `count` for those with a number."""

    form: Literal["all", "any", "none", "at least", "at most", "exactly"]
    items: tuple[Formula, ...]
    count: int | None = None
    head: Span = field(compare=False, repr=False)


Formula = (
    Number | Limit | Term | History | Elapsed | Onset | Lasting | Change | Judgement | Not | And | Or | Unless | IfThen
    | Choice | Windowed | Compare | Between | Member | Arithmetic | Call | Block
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion(Node):
    """One numbered criterion with its label in our own words."""

    id: str
    label: str
    formula: Formula
    note: str | None = None
    id_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Node):
    """`include:` or `exclude:` with its criteria."""

    name: Literal["include", "exclude"]
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Node):
    """A comment, and whether it has a line of its own."""

    text: str
    own_line: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFile(Node):
    """A whole file."""

    id: str
    title: str
    registry: str | None
    values: str | None
    values_span: Span | None = field(default=None, compare=False, repr=False)
    sections: tuple[Section, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False)
    source: Source = field(compare=False, repr=False)


def children(node: Formula) -> Iterator[Formula]:
    """The formulas directly inside a formula."""
    match node:
        case And(operands=operands) | Or(operands=operands) | Compare(operands=operands):
            yield from operands
        case Not(operand=operand) | Windowed(operand=operand) | Member(operand=operand):
            yield operand
        case Unless(claim=a, exception=b) | IfThen(condition=a, consequence=b) | Arithmetic(left=a, right=b):
            yield from (a, b)
        case Choice(condition=a, then=b, otherwise=c) | Between(operand=a, low=b, high=c):
            yield from (a, b, c)
        case Call(arguments=items) | Block(items=items):
            yield from items
        case Number() | Limit() | Term() | History() | Elapsed() | Onset() | Lasting() | Change() | Judgement():
            pass
