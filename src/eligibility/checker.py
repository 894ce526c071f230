"""A syntax tree and a vocabulary go in; checked rules come out, or every diagnostic of the file at once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import assert_never

from eligibility import nodes, rules
from eligibility.comparisons import Comparisons
from eligibility.errors import Diagnostic, Related
from eligibility.expressions import Refused
from eligibility.idioms import meant
from eligibility.instants import Duration, read_duration
from eligibility.printer import print_formula
from eligibility.scope import Scope, Wrong, article
from eligibility.source import Span
from eligibility.tellings import short
from eligibility.vocabulary import Vocabulary


@dataclass
class Checked:
    """The rules of a trial file and what is to be said of it."""

    criteria: tuple[rules.Criterion, ...]
    values: Duration | None
    diagnostics: list[Diagnostic]


def check_trial(trial: nodes.TrialFile, vocabulary: Vocabulary) -> Checked:
    """Check every criterion; errors leave theirs out, and are all reported."""
    source = trial.source
    scope = Scope(vocabulary, source)

    def say(code: str, message: str, span: Span, help_text: str | None = None, *related: Related) -> None:
        scope.tell(Diagnostic(code, message, span, source, help_text, related=related))

    values = None
    if trial.values is not None:
        values = read_duration(trial.values)
        if values is None or not (values.months or values.exact):
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
            if scope.is_full:
                break
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
            checker = _CriterionChecker(scope, address)
            fits = scope.numbers_fit(criterion.formula) and not scope.unit_swallows(criterion.formula)
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
    if not any(section.criteria for section in trial.sections) and not scope.diagnostics:
        say(
            "E306",
            "the trial has no criteria",
            Span(0, min(1, len(source.text))),
            "write `include:` and `exclude:` with criteria",
        )
    told = dict.fromkeys(item if item.severity == "warning" else meant(item, vocabulary) for item in scope.diagnostics)
    return Checked(tuple(checked), values, sorted(told, key=lambda diagnostic: diagnostic.span.start))


_OF_STATEMENTS = (nodes.And, nodes.Or, nodes.Not, nodes.Unless, nodes.IfThen, nodes.Block)  # each is checked by itself


class _CriterionChecker:
    """Checks the formula of one criterion; reports and goes on."""

    def __init__(self, scope: Scope, address: str) -> None:
        self._scope = scope
        self._comparisons = Comparisons(scope)
        self._address = address
        self.judgements: list[Span] = []

    def statement(self, node: nodes.Formula) -> rules.Rule | None:
        """The checked statement, or None after what is wrong with it was reported."""
        if self._scope.is_full or (not isinstance(node, _OF_STATEMENTS) and self._scope.is_stubbed(node)):
            return None
        told_before = len(self._scope.diagnostics)
        try:
            return self._statement(node)
        except Wrong:
            pass
        except Refused as refused:
            self._scope.report(refused.code, refused.message, refused.span, refused.help)
        if not isinstance(node, _OF_STATEMENTS):
            self._scope.check_rest(node, told_before)
        return None

    def _all(self, operands: tuple[nodes.Formula, ...], word: str = "") -> tuple[rules.Rule, ...]:
        """Check every operand before giving up, so that all problems are reported."""
        bare = self._share_a_comparison(operands, word) if word else []
        checked: list[rules.Rule | None] = []
        for operand in operands:
            # of `creatinine betwen 3 and 4 mg/dL` the 4 is left over: that it is no statement follows from what was told
            follows = word and checked[-1:] == [None] and isinstance(operand, nodes.Number)
            checked.append(None if follows or operand in bare else self.statement(operand))
        if any(rule is None for rule in checked):
            raise Wrong
        return tuple(rule for rule in checked if rule is not None)

    def _statement(self, node: nodes.Formula) -> rules.Rule:
        match node:
            case nodes.And(operands=operands):
                return rules.And(self._all(operands, "and"))
            case nodes.Or(operands=operands):
                self._warn_of_mixing(node)
                return rules.Or(self._all(operands, "or"))
            case nodes.Not(operand=operand, word=negation):
                if negation == "no" and isinstance(operand, nodes.Lasting):
                    name, length = operand.name.text, short(self._scope.source.words(operand.length.span))
                    self._scope.warn("W203", f"met as long as `{name}` has lasted for less than {length}", node.span,
                               f"write `no {name} within {length}` if there must have been none, else `not` for `no`")  # fmt: skip
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
                return self._comparisons.compare(node)
            case nodes.Between(operand=operand, low=low, high=high):
                return self._comparisons.bounded(node, operand, ((">=", low), ("<=", high)))
            case nodes.Member():
                return self._comparisons.member(node)
            case nodes.Term():
                return self._presence(node)
            case nodes.History(name=name, window=window):
                if window:
                    self._scope.fail("E410", "`history of` cannot have a window", node.span,
                               f"write `{name.text} {short(self._scope.source.words(window.span))}` for what was present in the window")  # fmt: skip
                concept = self._scope.concept(name)
                self._scope.only_occurrence(concept, name, "`history of`")
                return rules.Ever(concept, print_formula(node), node.span)
            case nodes.Onset(name=name, window=window):
                concept = self._scope.concept(name)
                self._scope.only_occurrence(concept, name, "`onset of`")
                if window is None or window.length is None:
                    self._scope.fail("E411", "`onset of` needs a window", node.span,
                               f"write `onset of {name.text} within 7 days`, or compare `time since onset of {name.text}`")  # fmt: skip
                return rules.OnsetIn(concept, self._scope.window(window, ahead=False), print_formula(node), node.span)
            case nodes.Lasting(name=name, length=length):
                concept = self._scope.concept(name)
                if concept.kind != "condition":
                    self._scope.fail("E412", f"`{name.text}` is {article(concept.kind)}, and only a condition lasts", name.span,
                               "`for at least` asks how long a condition has been present")  # fmt: skip
                return rules.Lasting(concept, self._scope.duration(length), print_formula(node), node.span)
            case nodes.Judgement(text=text):
                self.judgements.append(node.span)
                if not text.strip():
                    self._scope.fail(
                        "E413", "the judgement asks nothing", node.span, "write what the investigator is asked"
                    )
                return rules.Judged(self._address, text, print_formula(node), node.span)
            case nodes.Elapsed(name=name):
                self._scope.concept(name)
                self._scope.fail("E420", f"`{print_formula(node)}` is a length of time, not a statement", node.span,
                           f"compare it: `{print_formula(node)} > 96 hours`")  # fmt: skip
            case nodes.Arithmetic(left=nodes.Term(name=name)) if self._is_occurrence(name):
                concept = self._scope.concept(name)
                self._scope.fail("E475", f"`{name.text}` is {article(concept.kind)}, not a number", name.span,
                                 "join statements with `and` or `or`")  # fmt: skip
            case nodes.Number() | nodes.Limit() | nodes.Change() | nodes.Arithmetic() | nodes.Call() | nodes.Choice():
                self._scope.fail("E420", f"`{short(print_formula(node))}` is a number, not a statement", node.span,
                           "compare it with a threshold, such as `>= 5 mg/dL`")  # fmt: skip
            case _:
                assert_never(node)
        return None

    def _share_a_comparison(self, operands: tuple[nodes.Formula, ...], word: str) -> list[nodes.Formula]:
        """`AST or ALT > 3 x ULN` compares ALT alone. Report and give the numbers in front that are compared with nothing."""
        last = operands[-1]
        if (
            not isinstance(last, nodes.Compare)
            or len(last.operands) != 2
            or not isinstance(last.operands[0], nodes.Term)
        ):
            return []
        whole = print_formula(last)
        sign = whole.removeprefix(print_formula(last.operands[0]))
        bare: list[nodes.Formula] = []
        for operand in operands[:-1]:
            concept = self._scope.named(operand)
            if concept is not None and concept.kind in ("quantity", "age"):
                bare.append(operand)
                said = print_formula(operand)
                self._scope.report("E421", f"`{short(said)}` is compared with nothing", operand.span,
                                   f"write `{short(said + sign)} {word} {short(whole)}`")  # fmt: skip
        return bare

    def _warn_of_mixing(self, node: nodes.Or) -> None:
        if any(isinstance(operand, nodes.And) and not operand.grouped for operand in node.operands):
            self._scope.warn("W201", "`and` and `or` are mixed without brackets; `and` binds tighter", node.span,
                       "set brackets around what belongs together")  # fmt: skip
        self._warn_of_negation(node)
        last = node.operands[-1]
        if isinstance(last, nodes.Term) and last.window and last.window.length and not node.grouped:
            before = [
                operand for operand in node.operands[:-1] if isinstance(operand, nodes.Term) and not operand.window
            ]
            if before and all(self._is_occurrence(operand.name) for operand in [*before, last]):
                self._scope.warn("W202", f"the window binds to `{last.name.text}` alone", node.span,
                           "write `(A or B) within ...` if it is meant for all of them")  # fmt: skip

    def _warn_of_negation(self, node: nodes.Or) -> None:
        """`no A or B` sounds as if both must be absent."""
        first, *others = node.operands
        if not isinstance(first, nodes.Not) or self._in_brackets(first.span):
            return
        names = [
            operand.name
            for operand in (first.operand, *others)
            if isinstance(operand, nodes.Term | nodes.History) and self._is_occurrence(operand.name)
        ]
        windowed = any(isinstance(item, nodes.History) and item.window for item in (first.operand, *others))  # an error
        if len(names) == len(node.operands) and not windowed:
            each = " and ".join(f"{first.word} {short(print_formula(item))}" for item in (first.operand, *others))
            self._scope.warn("W203", f"`{first.word}` binds to `{names[0].text}` alone", node.span,
                       f"write `{each}` if it is meant for all of them, else put the `{first.word}` last")  # fmt: skip

    def _in_brackets(self, span: Span) -> bool:
        text = self._scope.source.text
        return text[: span.start].rstrip().endswith("(") and text[span.end :].lstrip().startswith(")")

    def _is_occurrence(self, name: nodes.Name) -> bool:
        concept = self._scope.vocabulary.find(name.text)
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
                head = f"{block.form} {short(str(count))} of"
                if (
                    count > size
                    or (count == size and block.form == "at most")
                    or (count == 0 and block.form == "at least")
                ):
                    always = block.form != "exactly" and not (block.form == "at least" and count > size)
                    what = "can never fail" if always else "can never be met"
                    self._scope.fail("E430", f"`{head}` {what}: the block has {size} item{'' if size == 1 else 's'}", block.head,
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
                return rules.Or(self._each_windowed(operands, window))
            case nodes.And(operands=operands):
                return rules.And(self._each_windowed(operands, window))
            case nodes.Term(window=None, selection=None):
                return self._presence(replace(node, window=window))
            case _:
                self._scope.fail("E414", f"a window over a group goes with names of conditions and events, not with `{short(print_formula(node))}`",
                           node.span, f"write `{short(self._scope.source.words(window.span))}` behind each name that it is meant for")  # fmt: skip
        return None

    def _each_windowed(self, operands: tuple[nodes.Formula, ...], window: nodes.Window) -> tuple[rules.Rule, ...]:
        checked: list[rules.Rule] = []
        for operand in operands:
            with suppress(Wrong):
                checked.append(self._windowed(operand, window))
        if len(checked) < len(operands):
            raise Wrong
        return tuple(checked)

    def _presence(self, node: nodes.Term) -> rules.Rule:
        concept = self._scope.concept(node.name)
        words = print_formula(node)
        if node.selection and (concept.is_occurrence or concept.kind == "attestation"):
            self._scope.fail("E415", f"`{node.selection}` picks a measurement, and `{node.name.text}` is {article(concept.kind)}",
                       node.span, f"take out `{node.selection}`")  # fmt: skip
        match concept.kind:
            case "condition" | "event":
                if node.window is None:
                    return (rules.Ever if concept.kind == "event" else rules.Present)(concept, words, node.span)
                if node.window.length is None:
                    self._scope.fail("E416", f"`{words}` needs a duration", node.window.span,
                               f"write `{node.name.text} within 28 days {print_formula(node).removeprefix(node.name.text).strip()}`")  # fmt: skip
                return rules.InWindow(concept, self._scope.window(node.window, presence=True), words, node.span)
            case "attestation":
                if node.window:
                    self._scope.fail(
                        "E417",
                        f"`{node.name.text}` is an attestation and has no time",
                        node.window.span,
                        "take out the window",
                    )
                return rules.Attested(concept, words, node.span)
            case "class":
                self._scope.fail("E421", f"`{node.name.text}` is a class, not a condition", node.span,
                           f"compare it: `{node.name.text} is {concept.values[-1]}`")  # fmt: skip
            case "milestone":
                self._scope.fail("E421", f"`{node.name.text}` is a milestone, not a condition", node.span,
                           f"use it in a window: `surgery within 28 days before {node.name.text}`")  # fmt: skip
            case "quantity" | "age":
                unit = f" {concept.unit}" if concept.unit != "1" else ""
                kind, asked = ("quantity", short(words)) if concept.kind == "quantity" else ("number", node.name.text)
                self._scope.fail("E421", f"`{node.name.text}` is a {kind}, not a condition", node.span,
                                 f"compare it with a threshold, such as `{asked} >= 1{unit}`")  # fmt: skip
            case _:
                assert_never(concept.kind)
        return None
