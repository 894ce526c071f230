"""A syntax tree and a vocabulary go in; checked rules come out, or every diagnostic of the file at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NoReturn, assert_never, cast

from eligibility import nodes, rules
from eligibility.errors import Diagnostic, Related, RuleError, did_you_mean
from eligibility.expressions import Arithmetician, Refused
from eligibility.instants import Duration, duration, read_duration, time_unit
from eligibility.near_misses import near_miss, place_in
from eligibility.parser import is_stub
from eligibility.printer import print_formula
from eligibility.source import Source, Span
from eligibility.units import Unit
from eligibility.vocabulary import Concept, Vocabulary, key_of

_FLIPPED: dict[str, rules.Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass
class Checked:
    """The rules of a trial file and what is to be said of it."""

    criteria: tuple[rules.Criterion, ...]
    values: Duration | None
    diagnostics: list[Diagnostic]


def check_trial(trial: nodes.TrialFile, vocabulary: Vocabulary) -> Checked:
    """Check every criterion; errors leave theirs out, and are all reported."""
    diagnostics: list[Diagnostic] = []
    source = trial.source

    def say(code: str, message: str, span: Span, help_text: str | None = None, *related: Related) -> None:
        diagnostics.append(Diagnostic(code, message, span, source, help_text, related=related))

    values = None
    if trial.values is not None:
        values = read_duration(trial.values)
        if values is None:
            say("E301", f"`{trial.values}` is no duration", trial.values_span or trial.span, 'write `values "30 days"`')
    seen_sections: dict[str, Span] = {}
    checked: list[rules.Criterion] = []
    for section in trial.sections:
        if section.name in seen_sections:
            say("E302", f"there is a second `{section.name}:`", section.span, "put all of them into one section",
                Related("the first is here", seen_sections[section.name]))  # fmt: skip
        seen_sections.setdefault(section.name, section.span)
        seen: dict[str, Span] = {}
        for criterion in section.criteria:
            if (
                len(diagnostics) >= MOST_DIAGNOSTICS
                and sum(item.severity == "error" for item in diagnostics) >= MOST_DIAGNOSTICS
            ):
                break  # the text is of no use as it is; nearest names for ever more of it only take time
            if criterion.id.casefold() in seen:
                first = source.position(seen[criterion.id.casefold()].start)[0]
                say("E303", f"there is another criterion `{criterion.id}` on line {first}", criterion.id_span,
                    "each criterion of a section has an ID of its own",
                    Related("the first is here", seen[criterion.id.casefold()]))  # fmt: skip
            seen.setdefault(criterion.id.casefold(), criterion.id_span)
            if not criterion.label.strip():
                say(
                    "E304",
                    f"criterion `{criterion.id}` has an empty label",
                    criterion.id_span,
                    "say in a few words what it asks for",
                )
            address = f"{trial.id}/{section.name}.{criterion.id}"
            checker = _CriterionChecker(vocabulary, source, address, diagnostics)
            fits = checker.numbers_fit(criterion.formula) and not checker.unit_swallows(criterion.formula)
            rule = checker.statement(criterion.formula) if fits else None
            if len(checker.judgements) > 1:
                say("E305", "a criterion may hold one judgement", checker.judgements[1],
                    "give each judgement a criterion of its own, so that each can be answered",
                    Related("the first is here", checker.judgements[0]))  # fmt: skip
            if rule is not None:
                checked.append(rules.Criterion(
                    section.name, criterion.id, criterion.label, criterion.note, rule,
                    print_formula(criterion.formula), criterion.span,
                ))  # fmt: skip
    if not any(section.criteria for section in trial.sections) and not diagnostics:
        say(
            "E306",
            "the trial has no criteria",
            Span(0, min(1, len(source.text))),
            "write `include:` and `exclude:` with criteria",
        )
    diagnostics.sort(key=lambda diagnostic: diagnostic.span.start)
    return Checked(tuple(checked), values, diagnostics)


LONGEST_NUMBER = 40  # characters
MOST_DIAGNOSTICS = 500


def _within(value: str) -> bool:
    size = abs(float(value))
    return size == 0 or 1e-30 <= size <= 1e30


class _Wrong(Exception):
    """A formula that was reported and is left out."""


class _CriterionChecker:
    """Checks the formula of one criterion; reports and goes on."""

    def __init__(self, vocabulary: Vocabulary, source: Source, address: str, diagnostics: list[Diagnostic]) -> None:
        self._vocabulary = vocabulary
        self._source = source
        self._address = address
        self._diagnostics = diagnostics
        self.judgements: list[Span] = []

    # --- reporting ---------------------------------------------------------------------------------------------------

    def _report(self, code: str, message: str, span: Span, help_text: str | None = None) -> None:
        found = Diagnostic(code, message, span, self._source, help_text)
        if found not in self._diagnostics:
            self._diagnostics.append(found)

    def _fail(self, code: str, message: str, span: Span, help_text: str | None = None) -> NoReturn:
        self._report(code, message, span, help_text)
        raise _Wrong

    def _warn(self, code: str, message: str, span: Span, help_text: str) -> None:
        self._diagnostics.append(Diagnostic(code, message, span, self._source, help_text, "warning"))

    # --- statements --------------------------------------------------------------------------------------------------

    def statement(self, node: nodes.Formula) -> rules.Rule | None:
        """The checked statement, or None after what is wrong with it was reported."""
        try:
            return self._statement(node)
        except _Wrong:
            return None
        except Refused as refused:
            self._report(refused.code, refused.message, refused.span, refused.help)
            return None

    def numbers_fit(self, node: nodes.Formula) -> bool:
        """Is every number of a formula one that a double can hold well? Report those that are not."""
        fit = True
        value = (
            node.value if isinstance(node, nodes.Number) else node.multiple if isinstance(node, nodes.Limit) else None
        )
        if value is not None and (len(value) > LONGEST_NUMBER or not _within(value)):
            shown = value if len(value) <= 20 else f"{value[:20]}..."
            self._report(
                "E486",
                f"`{shown}` is no number that anything is measured by",
                node.span,
                "write a number between 1e-30 and 1e30",
            )
            fit = False
        for child in nodes.children(node):
            fit = self.numbers_fit(child) and fit
        return fit

    def _all(self, operands: tuple[nodes.Formula, ...]) -> tuple[rules.Rule, ...]:
        """Check every operand before giving up, so that all problems are reported."""
        checked = [self.statement(operand) for operand in operands]
        if any(rule is None for rule in checked):
            raise _Wrong
        return tuple(rule for rule in checked if rule is not None)

    def _statement(self, node: nodes.Formula) -> rules.Rule:
        match node:
            case nodes.And(operands=operands):
                return rules.And(self._all(operands))
            case nodes.Or(operands=operands):
                self._warn_of_mixing(node)
                return rules.Or(self._all(operands))
            case nodes.Not(operand=operand):
                return rules.Not(self._all((operand,))[0])
            case nodes.Unless(claim=claim, exception=exception):
                left, right = self._all((claim, exception))
                return rules.And((left, rules.Not(right)))
            case nodes.IfThen(condition=condition, consequence=consequence):
                left, right = self._all((condition, consequence))
                return rules.Or((rules.Not(left), right))
            case nodes.Block():
                return self._block(node)
            case nodes.Windowed(operand=operand, window=window):
                return self._windowed(operand, window)
            case nodes.Compare():
                return self._compare(node)
            case nodes.Between(operand=operand, low=low, high=high):
                return self._bounded(node, operand, ((">=", low), ("<=", high)))
            case nodes.Member():
                return self._member(node)
            case nodes.Term():
                return self._presence(node)
            case nodes.History(name=name, window=window):
                if window:
                    self._fail("E410", "`history of` cannot have a window", node.span,
                               f"write `{name.text} within ...` for what was present in the window")  # fmt: skip
                concept = self._concept(name)
                self._only_occurrence(concept, name, "`history of`")
                return rules.Ever(concept, print_formula(node), node.span)
            case nodes.Onset(name=name, window=window):
                concept = self._concept(name)
                self._only_occurrence(concept, name, "`onset of`")
                if window is None or window.length is None:
                    self._fail("E411", "`onset of` needs a window", node.span,
                               f"write `onset of {name.text} within 7 days`, or compare `time since onset of {name.text}`")  # fmt: skip
                return rules.OnsetIn(concept, self._window(window, ahead=False), print_formula(node), node.span)
            case nodes.Lasting(name=name, length=length):
                concept = self._concept(name)
                if concept.kind != "condition":
                    self._fail("E412", f"`{name.text}` is {_article(concept.kind)}, and only a condition lasts", name.span,
                               "`for at least` asks how long a condition has been present")  # fmt: skip
                return rules.Lasting(concept, self._duration(length), print_formula(node), node.span)
            case nodes.Judgement(text=text):
                self.judgements.append(node.span)
                if not text.strip():
                    self._fail("E413", "the judgement asks nothing", node.span, "write what the investigator is asked")
                return rules.Judged(self._address, text, print_formula(node), node.span)
            case nodes.Elapsed(name=name):
                self._concept(name)
                self._fail("E420", f"`{print_formula(node)}` is a length of time, not a statement", node.span,
                           f"compare it: `{print_formula(node)} > 96 hours`")  # fmt: skip
            case nodes.Number() | nodes.Limit() | nodes.Change() | nodes.Arithmetic() | nodes.Call() | nodes.Choice():
                self._fail("E420", f"`{_short(print_formula(node))}` is a number, not a statement", node.span,
                           "compare it with a threshold, such as `>= 5 mg/dL`")  # fmt: skip
            case _:
                assert_never(node)
        return None

    def _warn_of_mixing(self, node: nodes.Or) -> None:
        if any(isinstance(operand, nodes.And) and not operand.grouped for operand in node.operands):
            self._warn("W201", "`and` and `or` are mixed without brackets; `and` binds tighter", node.span,
                       "set brackets around what belongs together")  # fmt: skip
        last = node.operands[-1]
        if isinstance(last, nodes.Term) and last.window and last.window.length and not node.grouped:
            before = [
                operand for operand in node.operands[:-1] if isinstance(operand, nodes.Term) and not operand.window
            ]
            if before and all(self._is_occurrence(operand.name) for operand in [*before, last]):
                self._warn("W202", f"the window binds to `{last.name.text}` alone", node.span,
                           "write `(A or B) within ...` if it is meant for all of them")  # fmt: skip

    def _is_occurrence(self, name: nodes.Name) -> bool:
        concept = self._vocabulary.find(name.text)
        return concept is not None and concept.is_occurrence

    def _block(self, block: nodes.Block) -> rules.Rule:
        operands = self._all(block.items)
        size = len(operands)
        match block.form:
            case "all":
                return rules.And(operands)
            case "any":
                return rules.Or(operands)
            case "none":
                return rules.Not(rules.Or(operands))
            case "at least" | "at most" | "exactly":
                count = block.count or 0
                head = f"{block.form} {count} of"
                if (
                    count > size
                    or (count == size and block.form == "at most")
                    or (count == 0 and block.form == "at least")
                ):
                    always = block.form != "exactly" and not (block.form == "at least" and count > size)
                    what = "can never fail" if always else "can never be met"
                    self._fail("E430", f"`{head}` {what}: the block has {size} item{'' if size == 1 else 's'}", block.head,
                               "count again, or use `all of` or `none of`")  # fmt: skip
                low = 0 if block.form == "at most" else count
                high = size if block.form == "at least" else count
                return rules.Count(low, high, operands)
            case _:
                assert_never(block.form)

    def _windowed(self, node: nodes.Formula, window: nodes.Window) -> rules.Rule:
        """A window over a group stands for the same window on each of its names."""
        match node:
            case nodes.Or(operands=operands):
                return rules.Or(tuple(self._windowed(operand, window) for operand in operands))
            case nodes.And(operands=operands):
                return rules.And(tuple(self._windowed(operand, window) for operand in operands))
            case nodes.Term(window=None, selection=None):
                return self._presence(replace(node, window=window))
            case _:
                self._fail("E414", f"a window over a group goes with names of conditions and events, not with `{_short(print_formula(node))}`",
                           node.span, "write the window behind each name that it is meant for")  # fmt: skip
        return None

    def _presence(self, node: nodes.Term) -> rules.Rule:
        concept = self._concept(node.name)
        words = print_formula(node)
        if node.selection and (concept.is_occurrence or concept.kind == "attestation"):
            self._fail("E415", f"`{node.selection}` picks a measurement, and `{node.name.text}` is {_article(concept.kind)}",
                       node.span, f"take out `{node.selection}`")  # fmt: skip
        match concept.kind:
            case "condition" | "event":
                if node.window is None:
                    return (rules.Ever if concept.kind == "event" else rules.Present)(concept, words, node.span)
                if node.window.length is None:
                    self._fail("E416", f"`{words}` needs a duration", node.window.span,
                               f"write `{node.name.text} within 28 days {print_formula(node).removeprefix(node.name.text).strip()}`")  # fmt: skip
                return rules.InWindow(concept, self._window(node.window, presence=True), words, node.span)
            case "attestation":
                if node.window:
                    self._fail(
                        "E417",
                        f"`{node.name.text}` is an attestation and has no time",
                        node.window.span,
                        "take out the window",
                    )
                return rules.Attested(concept, words, node.span)
            case "class":
                self._fail("E421", f"`{node.name.text}` is a class, not a condition", node.span,
                           f"compare it: `{node.name.text} is {concept.values[-1]}`")  # fmt: skip
            case "milestone":
                self._fail("E421", f"`{node.name.text}` is a milestone, not a condition", node.span,
                           f"use it in a window: `surgery within 28 days before {node.name.text}`")  # fmt: skip
            case "quantity" | "age":
                unit = f" {concept.unit}" if concept.unit != "1" else ""
                self._fail("E421", f"`{node.name.text}` is a {'quantity' if concept.kind == 'quantity' else 'number'}, not a condition",
                           node.span, f"compare it with a threshold, such as `{node.name.text} >= 1{unit}`")  # fmt: skip
            case _:
                assert_never(concept.kind)
        return None

    # --- comparisons -------------------------------------------------------------------------------------------------

    def _compare(self, node: nodes.Compare) -> rules.Rule:
        for operator, span in zip(node.operators, node.operator_spans, strict=True):
            if operator not in _FLIPPED:
                self._report_operator(node, operator, span)
        if len(node.operands) == 2:
            left, right = node.operands
            operator = cast("rules.Operator", node.operators[0])
            if _is_literal(left) and not _is_literal(right):
                left, right, operator = right, left, _FLIPPED[operator]
            return self._bounded(node, left, ((operator, right),))
        low, middle, high = node.operands
        first, second = node.operators
        if first[0] != second[0]:
            self._fail(
                "E440",
                "the two ends of a chain point different ways",
                node.span,
                "write `200 < x <= 300`, or two comparisons",
            )
        if not (_is_literal(low) and _is_literal(high)) or _is_literal(middle):
            self._fail(
                "E441",
                "a chain has a threshold at each end and what is measured in the middle",
                node.span,
                "write `200 < x <= 300 mmHg`",
            )
        bounds = ((_FLIPPED[first], low), (cast("rules.Operator", second), high))
        return self._bounded(node, middle, bounds if first[0] == "<" else (bounds[1], bounds[0]))

    def _report_operator(self, node: nodes.Compare, operator: str, span: Span) -> NoReturn:
        if operator in ("=>", "=<"):
            self._fail("E442", f"`{operator}` is no comparison", span, f"write `{operator[1]}{operator[0]}`")
        left = node.operands[0]
        concept = self._vocabulary.find(left.name.text) if isinstance(left, nodes.Term) else None
        if operator in ("!=", "<>"):
            self._fail("E443", f"`{operator}` is no comparison of this language", span,
                       "write `is not` for a class, or the two ranges for a number: `x < 5 or x > 5`")  # fmt: skip
        if concept is not None and concept.kind == "class":
            self._fail(
                "E444",
                f"a bare `{operator}` is refused: registries lose the bar of `>=` and `<=`",
                span,
                "write `is` for a class",
            )
        self._fail("E444", f"a bare `{operator}` is refused: registries lose the bar of `>=` and `<=`, and this is how that looks", span,
                   "look the sign up in the protocol and write `>=` or `<=`; for exactly one value write `between`")  # fmt: skip

    def _bounded(
        self, node: nodes.Formula, subject: nodes.Formula, ends: tuple[tuple[rules.Operator, nodes.Formula], ...]
    ) -> rules.Rule:
        words = print_formula(node)
        if isinstance(subject, nodes.Elapsed):
            return self._elapsed(node, subject, ends)
        concept = self._class_of(subject)
        if concept is not None and (isinstance(node, (nodes.Compare, nodes.Between))):
            return self._class_comparison(node, cast("nodes.Term", subject), concept, ends)
        if any(isinstance(end, nodes.Limit) for _, end in ends):
            return self._limit(node, subject, ends)
        for _, end in ends:
            if not isinstance(end, nodes.Number):
                self._check_names(subject)
                self._check_names(end)
                if isinstance(end, nodes.Arithmetic) and re.match(r"10 ?\^", print_formula(end)):
                    words = self._source.words(end.span)
                    self._fail(
                        "E445",
                        f"`{_short(words)}` is a power without a number before it",
                        end.span,
                        f"write `1 x {words}`",
                    )
                self._fail("E445", f"`{_short(print_formula(end))}` is no threshold", end.span,
                           "compare with a number and its unit; to compare two quantities, divide one by the other")  # fmt: skip
        literals = [cast("nodes.Number", end) for _, end in ends]
        if len(literals) == 2 and literals[0].unit is None and literals[1].unit is not None:
            literals[0] = replace(literals[0], unit=literals[1].unit, unit_span=literals[1].unit_span)
        arithmetician = Arithmetician(self._vocabulary, self)
        typed = arithmetician.number(subject)
        bounds = tuple(
            arithmetician.bound(typed, operator, literal) for (operator, _), literal in zip(ends, literals, strict=True)
        )
        if len(bounds) == 2:
            lower, upper = bounds if ends[0][0][0] == ">" else (bounds[1], bounds[0])
            strict = lower.operator == ">" or upper.operator == "<"
            least, most = lower.high, upper.low
            if lower.months is not None and upper.months is not None:  # `6 months <= age < 2 years`: each in its unit
                least, most = lower.months, upper.months
            if least > most or (strict and least == most):
                self._fail(
                    "E446",
                    f"no number is {_side(lower)} and {_side(upper)}",
                    node.span,
                    "exchange the two ends" if least > most else "write `<=` at one end, or another number",
                )
        unit, shown = arithmetician.display(typed, literals[-1])
        return rules.Comparison(typed.expression, bounds, unit, shown, words, node.span)

    def _elapsed(
        self, node: nodes.Formula, subject: nodes.Elapsed, ends: tuple[tuple[rules.Operator, nodes.Formula], ...]
    ) -> rules.Rule:
        concept = self._concept(subject.name)
        self._only_occurrence(concept, subject.name, "`time since onset of`")
        last_unit = next((end.unit for _, end in reversed(ends) if isinstance(end, nodes.Number) and end.unit), None)
        bounds: list[tuple[rules.Operator, Duration]] = []
        for operator, end in ends:
            if not isinstance(end, nodes.Number) or last_unit is None:
                self._fail(
                    "E447",
                    "a time since an onset is compared with a duration",
                    end.span,
                    "write `> 96 hours`: a number and a unit of time",
                )
            length = nodes.Length(value=end.value, unit=end.unit or last_unit, span=end.span)
            bounds.append((operator, self._duration(length)))
        if len(bounds) == 2:
            sizes = [(bound.months * 30.44 + bound.exact / 86_400e6) for _, bound in bounds]
            low, high = sizes if bounds[0][0][0] == ">" else sizes[::-1]
            strict = any(operator in ("<", ">") for operator, _ in bounds)
            if low > high or (low == high and strict):
                self._fail(
                    "E446",
                    f"no time is between {bounds[0][1].text} and {bounds[1][1].text}, in this order",
                    node.span,
                    "exchange the two ends",
                )
        return rules.Elapsed(concept, tuple(bounds), print_formula(node), node.span)

    def _limit(
        self, node: nodes.Formula, subject: nodes.Formula, ends: tuple[tuple[rules.Operator, nodes.Formula], ...]
    ) -> rules.Rule:
        name = "ULN" if any(isinstance(end, nodes.Limit) and end.upper for _, end in ends) else "LLN"
        if not isinstance(subject, nodes.Term):
            self._check_names(subject)
            self._fail("E448", f"`x {name}` goes with a measurement, not with `{_short(print_formula(subject))}`", node.span,
                       "a limit of normal belongs to one observation of one quantity")  # fmt: skip
        concept = self._concept(subject.name)
        if concept.kind != "quantity":
            self._fail(
                "E422",
                f"`{subject.name.text}` is {_article(concept.kind)} and has no {name}",
                subject.span,
                "only quantities have limits of normal",
            )
        if concept.formula:
            self._fail("E448", f"`{subject.name.text}` is computed, so no laboratory gives a limit of normal for it: {name}", node.span,
                       "compare it with a number, or compare what it is computed from")  # fmt: skip
        if concept.possible.low < 0:
            self._fail(
                "E448",
                f"`{subject.name.text}` can be negative, so a multiple of its {name} means nothing",
                node.span,
                "compare it with a number",
            )
        selection = subject.selection or "latest"
        window = self._window(subject.window) if subject.window else None
        found: list[rules.Rule] = []
        for operator, end in ends:
            if not isinstance(end, nodes.Limit):
                self._fail(
                    "E449",
                    f"one end is a multiple of {name}, the other is not",
                    end.span,
                    "write both ends the same way",
                )
            multiple = float(Fraction(end.multiple))
            if multiple <= 0:
                self._fail("E449", f"`{end.multiple} x {name}` is no limit", end.span, "write a multiple above zero")
            found.append(
                rules.LimitComparison(
                    concept, selection, window, operator, multiple, end.upper, print_formula(node), node.span
                )
            )
        if len(found) == 2:
            low, high = cast("list[rules.LimitComparison]", found if ends[0][0][0] == ">" else found[::-1])
            strict = low.operator == ">" or high.operator == "<" or low.upper is not high.upper
            # the upper limit is never below the lower one; how far above it lies, each laboratory says for itself
            if low.upper >= high.upper and (low.multiple > high.multiple or (low.multiple == high.multiple and strict)):
                sides = [f"{one.multiple:g} x {'ULN' if one.upper else 'LLN'}" for one in (low, high)]
                self._fail(
                    "E446", f"no number is above {sides[0]} and below {sides[1]}", node.span, "exchange the two ends"
                )
        return found[0] if len(found) == 1 else rules.And(tuple(found))

    # --- classes -----------------------------------------------------------------------------------------------------

    def _class_of(self, node: nodes.Formula) -> Concept | None:
        concept = self._vocabulary.find(node.name.text) if isinstance(node, nodes.Term) else None
        return concept if concept is not None and concept.kind == "class" else None

    def _rank(self, concept: Concept, value: nodes.Name) -> int:
        rank = concept.value_ranks.get(key_of(value.text))
        if rank is None:
            self._fail(
                "E450",
                f"`{value.text}` is no value of `{concept.name}`",
                value.span,
                f"its values are {', '.join(concept.values)}",
            )
        return rank

    def _class_comparison(
        self,
        node: nodes.Formula,
        subject: nodes.Term,
        concept: Concept,
        ends: tuple[tuple[rules.Operator, nodes.Formula], ...],
    ) -> rules.Rule:
        if not concept.ordered:
            self._fail(
                "E451",
                f"the values of `{concept.name}` have no order",
                node.span,
                f"write `{concept.name} is {concept.values[0]}`",
            )
        ranks = set(range(len(concept.values)))
        for operator, end in ends:
            value = nodes.Name(text=" ".join(self._source.words(end.span).strip("`").split()), span=end.span)
            rank = self._rank(concept, value)
            tests = {"<": rank.__gt__, "<=": rank.__ge__, ">": rank.__lt__, ">=": rank.__le__}
            ranks &= {candidate for candidate in ranks if tests[operator](candidate)}
        if not ranks:
            self._fail(
                "E446",
                f"no value of `{concept.name}` satisfies `{print_formula(node)}`",
                node.span,
                f"its values are {', '.join(concept.values)}",
            )
        return self._in_class(node, subject, concept, frozenset(ranks))

    def _in_class(
        self, node: nodes.Formula, subject: nodes.Term, concept: Concept, ranks: frozenset[int]
    ) -> rules.InClass:
        selection = subject.selection or "latest"
        if selection in ("highest", "lowest") and not concept.ordered:
            self._fail("E451", f"the values of `{concept.name}` have no order", subject.span, f"take out `{selection}`")
        window = self._window(subject.window) if subject.window else None
        return rules.InClass(concept, selection, window, ranks, print_formula(node), node.span)

    def _member(self, node: nodes.Member) -> rules.Rule:
        if not isinstance(node.operand, nodes.Term):
            self._fail(
                "E452",
                f"`{node.form}` goes with the name of a class",
                node.operand.span,
                "compare numbers with `>=`, `<=`, `<` or `>`",
            )
        concept = self._concept(node.operand.name)
        if concept.kind != "class":
            self._fail("E452", f"`{concept.name}` is {_article(concept.kind)}, and `{node.form}` goes with a class", node.operand.span,
                       "compare numbers with `>=`, `<=`, `<` or `>`; write the name of a condition alone, or `no` before it")  # fmt: skip
        ranks = frozenset(self._rank(concept, value) for value in node.values)
        if node.form == "is not":
            ranks = frozenset(range(len(concept.values))) - ranks
        return self._in_class(node, node.operand, concept, ranks)

    # --- names, windows, durations -----------------------------------------------------------------------------------

    def concept(self, name: nodes.Name) -> Concept:
        """The concept of a name. Reports one that is not declared, with the nearest that are."""
        return self._concept(name)

    def window(self, window: nodes.Window) -> rules.Window:
        """The checked window of a measurement."""
        return self._window(window)

    def duration(self, length: nodes.Length) -> Duration:
        """The checked duration."""
        return self._duration(length)

    def _concept(self, name: nodes.Name) -> Concept:
        if is_stub(name.text):
            raise _Wrong  # the line was reported already
        concept = self._vocabulary.find(name.text)
        if concept is None:
            self._fail_for_what_lacks(name)
            close = self._vocabulary.nearest(name.text)
            hint = did_you_mean(close)
            if hint is None and "/" in name.text:
                hint = "write spaces around `/` to divide; the vocabulary lists what is declared"
            self._fail("E400", f"`{_short(name.text)}` is not declared in the vocabulary", name.span,
                       hint or "declare it in a vocabulary file, or look for its name with `eligibility vocabulary`")  # fmt: skip
        return concept

    def _fail_for_what_lacks(self, name: nodes.Name) -> None:
        """A name that nothing has, since a word of the language in it stands wrongly or lacks something."""
        text, find = name.text, self._vocabulary.find
        if name.quoted:
            return
        first, _, rest = text.partition(" ")
        if first.casefold() in ("and", "or", "then", "unless") and rest:
            place = Span(name.span.start, name.span.start + len(first))
            self._fail("E127", f"something is missing before `{first}`", place, "name what it connects")
        if (near := near_miss(text, self._vocabulary)) is not None:
            start, end = place_in(self._source.words(name.span), text, near.start, near.end)
            place = Span(name.span.start + start, name.span.start + end)
            self._fail(near.code, near.message, place, near.help)
        within = re.match(r"(.+?) (within|for at least|over)\b ?(\S*)", text, re.IGNORECASE)
        if within and find(within[1]) is not None:
            place = Span(name.span.start + within.start(2), name.span.start + within.end(2))
            said = f" in digits, not `{within[3]}`" if within[3] and not time_unit(within[3]) else ""
            self._fail("E129", f"`{within[2]}` needs a duration{said}", place, f"write `{within[2]} 6 months`")
        number = re.match(r"(.+?) (\d+(?:\.\d+)?)\b", text)
        if number and find(number[1]) is not None:
            place = Span(name.span.start + number.start(2), name.span.start + number.end(2))
            self._fail("E141", f"a comparison is missing between `{number[1]}` and `{number[2]}`", place, f"write `{number[1]} >= {number[2]}`, or another sign")  # fmt: skip

    def unit_swallows(self, node: nodes.Formula) -> bool:
        """Does a unit go on with the name of something? Then what joins the two is missing; report it."""
        found = False
        if isinstance(node, nodes.Number) and node.unit and node.unit_span and " " in node.unit:
            words = node.unit.split(" ")
            for index in range(1, len(words)):
                head, tail = " ".join(words[:index]), " ".join(words[index:])
                if (isinstance(self._vocabulary.units.read(head), Unit) or time_unit(head)) and self._vocabulary.find(
                    tail
                ):
                    start = node.unit_span.start + self._source.words(node.unit_span).find(words[index])
                    place = Span(start, node.unit_span.end)
                    self._report(
                        "E141",
                        f"nothing joins `{head}` and `{tail}`",
                        place,
                        "write `and`, `or` or a window between them",
                    )
                    found = True
                    break
        return any([self.unit_swallows(child) for child in nodes.children(node)]) or found  # noqa: C419  # all are reported

    def _check_names(self, node: nodes.Formula) -> None:
        """Report undeclared names inside a formula that is refused as a whole."""
        if isinstance(node, nodes.Term):
            self._concept(node.name)
        for child in nodes.children(node):
            self._check_names(child)

    def _only_occurrence(self, concept: Concept, name: nodes.Name, what: str) -> None:
        if not concept.is_occurrence:
            self._fail("E423", f"`{name.text}` is {_article(concept.kind)}, and {what} goes with a condition or an event", name.span,
                       "name a condition or an event")  # fmt: skip

    def _duration(self, length: nodes.Length) -> Duration:
        found = duration(Fraction(length.value), length.unit)
        if found is not None and not (found.months or found.exact):
            self._fail(
                "E460",
                f"`{length.value} {length.unit}` is no length of time",
                length.span,
                "write a duration above zero",
            )
        if found is None:
            self._fail("E460", f"`{length.value} {length.unit}` is no duration", length.span,
                       "write whole months or years, or any number of minutes, hours, days or weeks")  # fmt: skip
        return found

    def _anchor(self, relation: nodes.Relation | None) -> rules.Anchor | None:
        if relation is None:
            return None
        concept = self._concept(relation.name)
        if concept.kind not in ("milestone", "condition", "event"):
            self._fail("E461", f"`{relation.name.text}` is {_article(concept.kind)}, and nothing is before or after it", relation.name.span,
                       "name a milestone, a condition or an event")  # fmt: skip
        if relation.onset and concept.kind == "milestone":
            self._fail(
                "E461", f"`{relation.name.text}` is a milestone and has no onset", relation.span, "take out `onset of`"
            )
        return rules.Anchor(concept, relation.after)

    def _window(self, window: nodes.Window, *, ahead: bool = True, presence: bool = False) -> rules.Window:
        if window.ahead and not (presence and ahead):
            self._fail("E462", "`within the next` looks ahead, and nothing is measured or begun there yet", window.span,
                       "write `within` for the time before now")  # fmt: skip
        if presence and window.relation:
            self._fail(
                "E463",
                "a window on a condition or an event has one `before` or `after`",
                window.relation.span,
                "take out the second one",
            )
        if window.ahead and window.anchor:
            self._fail(
                "E463", "`within the next` is measured from now", window.anchor.span, "write `within 28 days after ...`"
            )
        length = self._duration(window.length) if window.length else None
        return rules.Window(length, window.ahead, self._anchor(window.anchor), self._anchor(window.relation))


def _is_literal(node: nodes.Formula) -> bool:
    return isinstance(node, nodes.Number | nodes.Limit)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _short(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:60]}..."


def _side(bound: rules.Bound) -> str:
    words = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}
    return f"{words[bound.operator]} {bound.shown}"


def raise_if_wrong(diagnostics: list[Diagnostic]) -> None:
    """Raise RuleError if one of the diagnostics is an error."""
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
    if errors:
        raise RuleError(errors)
