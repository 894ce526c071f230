"""Open comparisons of one fact go in; the region of that fact which would make the criterion pass comes out, in words."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import assert_never

from eligibility import intervals, rules, wording
from eligibility.evaluator import Situation, Truths, kleene, measured
from eligibility.intervals import INFINITY, Interval, point
from eligibility.logic import Truth

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def _passes(criterion: rules.Criterion, truths: Truths, supposed: dict[rules.Atom, Truth]) -> bool:
    outcome = kleene(criterion.rule, {**truths, **supposed})
    return outcome is (T if criterion.section == "include" else F)


def settles(
    criterion: rules.Criterion, truths: Truths, atoms: list[rules.Atom], name: str, situation: Situation
) -> str | None:  # fmt: skip
    """The region of what is compared that makes the criterion pass, where this fact alone can; None where it cannot."""
    if not atoms:
        return None
    numbers = [atom for atom in atoms if isinstance(atom, rules.Comparison)]
    if len(numbers) == len(atoms) and len({atom.number for atom in numbers}) == 1:
        return _region(criterion, truths, numbers, name, situation)
    if all(isinstance(atom, rules.LimitComparison) for atom in atoms):
        return _multiples(criterion, truths, [atom for atom in atoms if isinstance(atom, rules.LimitComparison)])
    if all(isinstance(atom, rules.InClass) for atom in atoms):
        return _classes(criterion, truths, [atom for atom in atoms if isinstance(atom, rules.InClass)])
    for said in (T, F):
        if _passes(criterion, truths, dict.fromkeys(atoms, said)):
            return " and ".join(dict.fromkeys(_said(atom, said) for atom in atoms))
    return None


def _cells(thresholds: list[float]) -> list[Interval]:
    """The parts into which thresholds cut the line, each threshold a part of its own."""
    ordered = sorted(set(thresholds))
    cells = [Interval(-INFINITY, ordered[0], True, True)]
    for low, high in pairwise([*ordered, INFINITY]):
        cells += [point(low), Interval(low, high, True, True)]
    return cells


def _inside(cell: Interval) -> float:
    """A number of a part, well away from its ends."""
    if cell.is_point:
        return cell.low
    if cell.low == -INFINITY:
        return cell.high - max(1.0, abs(cell.high))
    return cell.low + max(1.0, abs(cell.low)) if cell.high == INFINITY else (cell.low + cell.high) / 2


def _runs(cells: list[Interval], passing: list[bool], shown: dict[float, str]) -> str | None:
    """Passing parts that touch, joined and put into words; None where none passes, or all do."""
    if not any(passing) or all(passing):
        return None
    found, start = [], None
    for index, passes in enumerate([*passing, False]):
        if passes and start is None:
            start = index
        elif not passes and start is not None:
            low, high = cells[start], cells[index - 1]
            if low.is_point and start == index - 1:
                found.append(f"exactly {shown[low.low]}")
            else:
                parts = []
                if low.low != -INFINITY:
                    parts.append(f"{'at least' if low.is_point else 'above'} {shown[low.low]}")
                if high.high != INFINITY:
                    parts.append(f"{'at most' if high.is_point else 'below'} {shown[high.high]}")
                found.append(" and ".join(parts))
            start = None
    return " or ".join(found)


def _region(
    criterion: rules.Criterion, truths: Truths, atoms: list[rules.Comparison], name: str, situation: Situation
) -> str | None:  # fmt: skip
    number = atoms[0].number
    if (
        isinstance(number, rules.Age)
        and len({bound.shown.split(" ")[-1][:4] for atom in atoms for bound in atom.bounds}) > 1
    ):
        return None  # years and months are counted apart
    shown = {bound.low: bound.shown for atom in atoms for bound in atom.bounds}
    cells = _cells(list(shown))
    in_months = any(bound.months is not None for atom in atoms for bound in atom.bounds)
    known = intervals.ANYTHING
    if isinstance(number, rules.Measured) and not in_months:
        known = measured(number, situation).value
    passing = []
    for cell in cells:
        x = point(_inside(cell))
        supposed: dict[rules.Atom, Truth] = {}
        for atom in atoms:
            holds = all(intervals.compare(x, bound.operator, bound.low) is T for bound in atom.bounds)
            supposed[atom] = T if holds else F
        passing.append(_passes(criterion, truths, supposed) and cell.overlaps(known))
    text = _runs(cells, passing, shown)
    if text is None:
        return None
    plain = isinstance(number, rules.Age) or (
        isinstance(number, rules.Measured)
        and number.concept.name == name
        and number.window is None
        and number.selection == "latest"
    )
    if plain:
        return text
    head = wording.measure_name(number) if isinstance(number, rules.Measured | rules.Changed) else "the result"
    return f"{head} {text}"


def _multiples(criterion: rules.Criterion, truths: Truths, atoms: list[rules.LimitComparison]) -> str | None:
    if len({(atom.selection, atom.window, atom.upper) for atom in atoms}) > 1:
        return None
    shown = {atom.multiple: f"{wording.number(atom.multiple)} x {'ULN' if atom.upper else 'LLN'}" for atom in atoms}
    cells = _cells(list(shown))
    passing = [
        _passes(criterion, truths, {
            atom: T if intervals.compare(point(_inside(cell)), atom.operator, atom.multiple) is T else F for atom in atoms
        })
        for cell in cells
    ]  # fmt: skip
    return _runs(cells, passing, shown)


def _classes(criterion: rules.Criterion, truths: Truths, atoms: list[rules.InClass]) -> str | None:
    if len({(atom.selection, atom.window) for atom in atoms}) > 1:
        return None
    values = atoms[0].concept.values
    passing = [
        value for rank, value in enumerate(values)
        if _passes(criterion, truths, {atom: T if rank in atom.ranks else F for atom in atoms})
    ]  # fmt: skip
    if not passing or len(passing) == len(values):
        return None
    return " or ".join(part for part in (", ".join(passing[:-1]), passing[-1]) if part)


_OTHER: dict[str, rules.Operator] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _said(atom: rules.Atom, truth: Truth) -> str:
    """What a statement says when it holds, or does not."""
    no = truth is F
    match atom:
        case rules.Present(concept=concept):
            return (
                ("never happened" if no else "happened") if concept.kind == "event" else "absent" if no else "present"
            )
        case rules.Ever(concept=concept):
            return (
                ("never happened" if no else "happened")
                if concept.kind == "event"
                else "never present"
                if no
                else "present, now or before"
            )
        case rules.InWindow(window=window):
            return f"{'not ' if no else ''}{wording.window_words(window)}"
        case rules.OnsetIn(window=window):
            return f"onset {'not ' if no else ''}{wording.window_words(window)}"
        case rules.Elapsed():
            return f"{'not ' if no else ''}{wording.elapsed_threshold(atom)} since its onset"
        case rules.Lasting(duration=duration):
            return f"{'not ' if no else ''}for at least {duration.text}"
        case rules.Attested() | rules.Judged():
            return "no" if no else "yes"
        case rules.Comparison(number=number, bounds=bounds):
            head = f"{wording.measure_name(number)} " if isinstance(number, rules.Measured | rules.Changed) else ""
            if no and len(bounds) == 1:
                return f"{head}{wording.threshold((replace(bounds[0], operator=_OTHER[bounds[0].operator]),))}"
            return f"{head}{'not ' if no else ''}{wording.threshold(bounds)}"
        case rules.LimitComparison():
            return wording.limit_threshold(replace(atom, operator=_OTHER[atom.operator]) if no else atom)
        case rules.InClass(concept=concept, ranks=ranks):
            return f"{'not ' if no else ''}{' or '.join(concept.values[rank] for rank in sorted(ranks))}"
        case _:
            assert_never(atom)
