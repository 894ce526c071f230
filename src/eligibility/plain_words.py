"""The checked rules of a trial go in; sentences that a patient or a nurse understands come out.

They are made from the rules alone, so they cannot say something else than what is evaluated. A negation is told as one: it
turns the outcome round and is never pushed into a comparison.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from eligibility import rules
from eligibility.instants import Duration
from eligibility.library import Trial
from eligibility.vocabulary import Concept
from eligibility.wording import number as digits

MOST_LISTED = 4  # values of a class that are told one by one


@dataclass(frozen=True)
class Statement:
    """What has to be true: a sentence without its full stop, or a head with what stands below it."""

    words: str
    items: tuple[Statement, ...] = ()

    def lines(self, depth: int = 0, mark: str = "") -> Iterator[str]:
        """The statement as lines, what stands below a head indented behind `- `."""
        end = ":" if self.items else "" if self.words.endswith(('?"', '."')) else "."
        yield f"{'  ' * depth}{mark}{capital(self.words)}{end}"
        for item in self.items:
            yield from item.lines(depth + 1, "- ")


def capital(text: str) -> str:
    """The first letter large where it begins a plain word: `eGFR` and `pH` keep theirs."""
    first = text.split(" ", 1)[0].rstrip(",:").replace("-", "")
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def words_of(trial: Trial) -> list[tuple[rules.Criterion, Statement]]:
    """Every criterion of a trial with what has to be true for it to be met."""
    return [(criterion, statement(criterion.rule)) for criterion in trial]


def concepts_of(trial: Trial) -> list[Concept]:
    """The concepts that the criteria name, in order of their names."""
    found: dict[str, Concept] = {}
    for criterion in trial:
        for atom in rules.atoms(criterion.rule):
            found |= {concept.name: concept for concept in rules.concepts(atom)}
    return sorted(found.values(), key=lambda concept: concept.name.casefold())


def story(trial: Trial, width: int = 80, *, formulas: bool = False) -> str:
    """The whole trial as plain text: who can take part, who cannot, and what the words mean; with `formulas` also the rules."""
    lines = [*_wrapped(f"{trial.id}: {trial.title}", "", width), ""]
    if trial.values is not None:
        lines += [*_wrapped(f"Values count for {trial.values.text}.", "", width), ""]
    heads = {
        "include": "To take part, a person must meet all of these:",
        "exclude": "Whoever meets one of these cannot take part:",
    }
    told = words_of(trial)
    for section, head in heads.items():
        here = [(criterion, words) for criterion, words in told if criterion.section == section]
        if here:
            lines += [head, ""]
        for criterion, words in here:
            lines += _wrapped(f"{criterion.id}  {criterion.label}", "  ", width)
            for line in words.lines():
                lines += _wrapped(line, "     ", width)
            if formulas:
                lines += _wrapped(f"Rule: {criterion.words}", "     ", width)
            if criterion.note:
                lines += _wrapped(f"Note: {criterion.note}", "     ", width)
            lines.append("")
    lines += ["What the words mean:", ""]
    for concept in concepts_of(trial):
        lines += _wrapped(f"{concept.name}: {concept.about}", "  ", width)
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    """A line in a column; what it breaks into stands below its words, not below its mark."""
    bare = text.lstrip()
    own = indent + text[: len(text) - len(bare)]
    mark = re.match(r"(?:- |[\w.]+  )?", bare)
    hanging = own + " " * (len(mark[0]) if mark else 0)
    return textwrap.wrap(
        bare,
        max(width, 40),
        initial_indent=own,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


# --- statements ------------------------------------------------------------------------------------------------------


def statement(rule: rules.Rule) -> Statement:
    """A rule in words."""
    match rule:
        case rules.And(operands=operands):
            return _group("all of these are true", operands)
        case rules.Or(operands=operands):
            return _group("at least one of these is true", operands)
        case rules.Count(low=low, high=high, operands=operands):
            return _counted(low, high, operands)
        case rules.Not(operand=operand):
            return _denied(operand)
        case _:
            return Statement(_atom(rule))


def _group(head: str, operands: Sequence[rules.Rule]) -> Statement:
    if len(operands) == 1:
        return statement(operands[0])
    return Statement(head, tuple(statement(operand) for operand in operands))


def _counted(low: int, high: int, operands: Sequence[rules.Rule]) -> Statement:
    items = tuple(statement(operand) for operand in operands)
    if low == high:
        return Statement("none of these is true" if not low else f"exactly {low} of these {_are(low)} true", items)
    if not low:
        return Statement(f"at most {high} of these {_are(high)} true", items)
    if high >= len(operands):
        return Statement(f"at least {low} of these {_are(low)} true", items)
    return Statement(f"between {low} and {high} of these are true", items)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _denied(rule: rules.Rule) -> Statement:
    match rule:
        case rules.Not(operand=operand):
            return statement(operand)
        case rules.Or(operands=operands) if len(operands) > 1:
            return Statement("none of these is true", tuple(statement(operand) for operand in operands))
        case rules.And(operands=operands) if len(operands) > 1:
            return Statement("not all of these are true", tuple(statement(operand) for operand in operands))
        case rules.And(operands=operands) | rules.Or(operands=operands):
            return _denied(operands[0])
        case rules.Count(low=low, high=high, operands=operands):
            told = _counted(low, high, operands)
            return Statement(f"it is not the case that {told.words}", told.items)
        case rules.Present(concept=concept):
            return Statement(f"the patient {_lacks(concept)} now")
        case rules.Ever(concept=concept):
            return Statement(f"the patient never {_had(concept)}")
        case rules.InWindow(concept=concept, window=window) if not window.ahead:
            had = f"was not {concept.patient_is}" if concept.patient_is else f"did not have {concept.name}"
            return Statement(f"the patient {had} at any time {when(window)}")
        case rules.Attested(concept=concept):
            return Statement(f'a person answers no to "{concept.name}"')
        case _:
            return Statement(f"it is not the case that {_atom(rule)}")


def _atom(atom: rules.Atom) -> str:
    match atom:
        case rules.Comparison():
            return _comparison(atom)
        case rules.LimitComparison():
            return f"{_measured(atom.concept, atom.selection, atom.window)} {_be(atom.concept)} {_limit(atom)}"
        case rules.InClass():
            return f"{_measured(atom.concept, atom.selection, atom.window)} {_be(atom.concept)} {_values(atom)}"
        case rules.Present(concept=concept):
            return f"the patient {_has(concept)} now"
        case rules.Ever(concept=concept):
            if concept.kind == "event":
                return f"the patient has had {concept.name} at some time"
            before = "was" if concept.patient_is else "had it"
            return f"the patient {_has(concept)} now, or {before} at some time before"
        case rules.InWindow(concept=concept, window=window):
            return _in_window(concept, window)
        case rules.OnsetIn(concept=concept, window=window):
            return f"{concept.name} began {when(window)}"
        case rules.Elapsed(concept=concept, bounds=bounds):
            said = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
            told = " and ".join(f"{said[operator]} {duration.text} ago" for operator, duration in bounds)
            return f"{concept.name} began {told}"
        case rules.Lasting(concept=concept, duration=duration):
            since = "has been" if concept.patient_is else "has had it"
            return f"the patient {_has(concept)} now, and {since} for at least {duration.text}"
        case rules.Attested(concept=concept):
            return f'a person answers yes to "{concept.name}"'
        case rules.Judged(text=text):
            asked = " ".join(text.split())
            if asked.endswith("?"):
                return f'the investigator answers yes to the question "{asked}"'
            return f'the investigator judges: "{asked.rstrip(".")}"'
        case _:
            assert_never(atom)


def _in_window(concept: Concept, window: rules.Window) -> str:
    if window.ahead:
        if concept.kind == "event":
            return f"{concept.name} {_be(concept)} planned {when(window)}"
        return f"the patient {_has(concept)} now, or it is planned {when(window)}"
    return f"the patient {_had(concept)} {'' if concept.kind == 'event' else 'at some time '}{when(window)}"


def _has(concept: Concept) -> str:
    """`has sepsis`, `is pregnant`"""
    return f"is {concept.patient_is}" if concept.patient_is else f"has {concept.name}"


def _lacks(concept: Concept) -> str:
    return f"is not {concept.patient_is}" if concept.patient_is else f"does not have {concept.name}"


def _had(concept: Concept) -> str:
    return f"was {concept.patient_is}" if concept.patient_is else f"had {concept.name}"


def _be(concept: Concept) -> str:
    """`is`, or `are` behind a name that looks like more than one: platelets, vasopressors."""
    head = re.split(r" (?:to|of|on|at|for|with|by|in|that) ", concept.name)[0]
    return (
        "are" if re.search(r"[a-rtv-z]s$", head) and not re.search(r"(?:is|us|as|os|ness|etes|ites)$", head) else "is"
    )


# --- numbers ---------------------------------------------------------------------------------------------------------

_TOLD = {"<": "below {}", "<=": "{} or less", ">": "above {}", ">=": "{} or more"}


def _comparison(atom: rules.Comparison) -> str:
    number = atom.number
    match number:
        case rules.Age():
            return _age(atom.bounds)
        case rules.Measured(concept=concept, selection=selection, window=window):
            return f"{_measured(concept, selection, window)} {_be(concept)} {_bounds(atom.bounds)}"
        case rules.Changed(concept=concept, rise=rise, over=over, window=window):
            word = "rise" if rise else "fall"
            between = f"between two measurements at most {over.text} apart"
            told = f" {when(window)}" if window else ""
            return f"the greatest {word} of {concept.name} {between}{told} is {_bounds(atom.bounds)}"
        case rules.Constant() | rules.Scaled() | rules.Combined() | rules.Applied() | rules.Chosen():
            names = list(dict.fromkeys(leaf.concept.name for leaf in rules.leaves(number)))
            return f"a number computed from {_listed(names, 'and')} is {_bounds(atom.bounds)} (in full: {atom.words})"
        case _:
            assert_never(number)


def _bounds(bounds: Sequence[rules.Bound]) -> str:
    if len(bounds) == 2:
        low, high = bounds if bounds[0].operator[0] == ">" else (bounds[1], bounds[0])
        if low.operator == ">=" and high.operator == "<=":
            return (
                f"exactly {low.shown}"
                if low.shown == high.shown
                else f"between {low.shown} and {high.shown}, both included"
            )
    return " and ".join(_TOLD[bound.operator].format(bound.shown) for bound in bounds)


def _age(bounds: Sequence[rules.Bound]) -> str:
    """An age is completed: who is 65 years and 11 months old is 65."""
    told = []
    for bound in sorted(bounds, key=lambda item: item.operator[0] == "<"):
        count, unit = int(bound.low), "months" if "month" in bound.shown else "years"
        if bound.operator == ">=" and not count and len(bounds) > 1:
            continue  # everybody is
        match bound.operator:
            case ">=":
                told.append(f"{_whole(count, unit)} old or older")
            case ">":
                told.append(f"{_whole(count + 1, unit)} old or older")
            case "<":
                told.append(f"not yet {_whole(count, unit)} old")
            case "<=":
                told.append(f"not yet {_whole(count + 1, unit)} old")
            case _:
                assert_never(bound.operator)
    return f"the patient is {' and '.join(told)}"


def _whole(count: int, unit: str) -> str:
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


def _limit(atom: rules.LimitComparison) -> str:
    limit = f"{'upper' if atom.upper else 'lower'} limit of normal"
    of = f"the {limit}" if atom.multiple == 1 else f"{digits(atom.multiple)} times the {limit}"
    return {"<": f"below {of}", "<=": f"at or below {of}", ">": f"above {of}", ">=": f"at or above {of}"}[atom.operator]


def _values(atom: rules.InClass) -> str:
    values = atom.concept.values
    chosen = [values[rank] for rank in sorted(atom.ranks)]
    others = [values[rank] for rank in range(len(values)) if rank not in atom.ranks]
    if not others:
        return "known, whatever it is"
    if not chosen:
        return "none of its values"
    if len(others) == 1 and len(chosen) > 1 and not atom.concept.ordered:
        return f"not {others[0]}"
    if atom.concept.ordered and len(chosen) > MOST_LISTED:
        first, last = min(atom.ranks), max(atom.ranks)
        if last - first + 1 == len(chosen) and last == len(values) - 1:
            return f"{values[first]} or higher"
        if last - first + 1 == len(chosen) and first == 0:
            return f"{values[last]} or lower"
    if len(others) < len(chosen) and len(chosen) > MOST_LISTED:
        return f"not {_listed(others, 'or')}"
    return _listed(chosen, "or")


def _listed(words: Sequence[str], link: str) -> str:
    if len(words) < 2:
        return words[0] if words else "nothing"
    return f"{', '.join(words[:-1])} {link} {words[-1]}"


def _measured(concept: Concept, selection: rules.Selection, window: rules.Window | None) -> str:
    """`the highest lactate in the last 24 hours`"""
    told = {"latest": "", "first": "the first ", "highest": "the highest ", "lowest": "the lowest "}[selection]
    if window is None:
        return f"{told}{concept.name}"
    return f"{told or 'the newest '}{concept.name} {when(window)}"


# --- times -----------------------------------------------------------------------------------------------------------


def when(window: rules.Window) -> str:
    """`in the last 6 months`, `in the 28 days before first dose`, `after protective ventilation began`"""
    parts = []
    if window.duration is not None:
        length = _length(window.duration)
        if window.ahead:
            parts.append(f"in the next {length}")
        elif window.anchor is None:
            parts.append(f"in the last {length}")
        else:
            parts.append(f"in the {length} {_from(window.anchor)}")
    elif window.anchor is not None:
        parts.append(_from(window.anchor))
    if window.relation is not None:
        parts.append(_from(window.relation))
    return " and ".join(parts)


def _from(anchor: rules.Anchor) -> str:
    began = " began" if anchor.concept.kind == "condition" else ""
    return f"{'after' if anchor.after else 'before'} {anchor.concept.name}{began}"


def _length(duration: Duration) -> str:
    """`6 months`; `day` for one: `in the last day`."""
    return duration.text.removeprefix("1 ")
