"""A trial goes in; what is found about its rules comes out, before any patient is.

Every `never` is proved over all fully known patients; every patient shown was confirmed by the reference evaluator; what is
too large to be decided is said to be so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from eligibility import rules
from eligibility.analysis.conflicts import fewest
from eligibility.analysis.derived import AsComputed
from eligibility.analysis.finding import Finding, FindingKind, listed, place_of, words_of
from eligibility.analysis.pairs import Pairs
from eligibility.analysis.reasoner import Answer, Goal, Reasoner, Witness, asker_of, confirmed, failing, passing
from eligibility.analysis.thresholds import threshold_findings
from eligibility.analysis.variants import Variant, concepts_of, is_newest, is_threshold, repeats, same_number, variants
from eligibility.errors import UsageError
from eligibility.facts import read_instant
from eligibility.instants import iso, local
from eligibility.library import Trial
from eligibility.source import Span


def analyse(trial: Trial, *, at: str | datetime | None = None) -> tuple[Finding, ...]:
    """What is to be found about the rules of a trial, without any patient; an empty tuple where nothing is.

    With `at` the findings hold for patients judged at that instant; without it at every instant (months are as long as they
    can be). Fully known patients are meant: of those everything asked about is known, and what was not measured in a window
    was not measured. That is enough: whoever is eligible on partial knowledge still is when more is known.

    Raises UsageError for an `at` that is no instant, and for a `trial` that is not compiled.
    """
    if not isinstance(trial, Trial):
        raise UsageError("`trial` is a compiled Trial; make one with `compile_trial` or `load_trials`")
    return tuple(_Analyst(trial, moment_of(at)).findings())


def moment_of(at: str | datetime | None) -> datetime | None:
    """The instant of an argument `at`, in its zone. Raises UsageError."""
    instant = read_instant(at)
    return None if instant is None else local(*instant)


class _Analyst:
    def __init__(self, trial: Trial, at: datetime | None) -> None:
        self._trial = trial
        self._at = at
        self._asker = asker_of(trial)
        statements = [(self._asker, criterion.rule) for criterion in trial.criteria]
        self._reasoner = Reasoner(statements, at, trial.vocabulary)
        self._passing = [passing(self._asker, criterion) for criterion in trial.criteria]
        self._found: list[Finding] = []
        self._open: dict[str, None] = {}
        self._constant: set[str] = set()
        self._settled: set[str] = set()
        self._constant_places: set[tuple[Span, str]] = set()

    def findings(self) -> list[Finding]:
        """All of them: of single criteria first, in the order of the file, then of several together."""
        self._found += threshold_findings(self._trial, self._at)
        flagged = {place for finding in self._found for place in finding.places}
        for criterion in self._trial.criteria:
            self._constants(criterion, flagged)
        for cluster in self._reasoner.clusters(self._passing):
            self._cluster(cluster)
        pairs = Pairs(self._trial, self._reasoner)
        self._found += pairs.opposites()
        known = {frozenset(finding.criteria) for finding in self._found if finding.kind != "impossible"}
        self._found += pairs.repeated(known)
        self._found += AsComputed(self._trial, self._reasoner, self._at, self._settled | self._constant).findings()
        if not any(finding.kind == "impossible" for finding in self._found):
            self._can_be_eligible()
        if self._open:
            message = "too large to be decided: whether they can be met, and whether other criteria decide them already"
            self._say("not decided", tuple(self._open), message)
        order = {criterion.address: index for index, criterion in enumerate(self._trial.criteria)}
        return sorted(self._found, key=lambda finding: order.get(finding.criteria[0], -1) if finding.criteria else -1)

    # --- telling -----------------------------------------------------------------------------------------------------

    def _say(
        self, kind: FindingKind, criteria: Sequence[str], message: str, witness: Witness | None = None,
        places: Sequence[Span] = (),
    ) -> None:  # fmt: skip
        by_address = {criterion.address: criterion for criterion in self._trial.criteria}
        shown = tuple(places) or tuple(place_of(by_address[address].rule) for address in criteria)
        self._found.append(Finding(kind, tuple(criteria), message, witness, shown, self._trial.source))

    def _never(self, goals: Sequence[Goal], *about: rules.Criterion) -> bool:
        """Is it proved that no patient makes all of these true?"""
        answer: Answer = self._reasoner.can(goals)
        if answer.kind == "not decided":
            self._open.update({criterion.address: None for criterion in about})
        return answer.kind == "never"

    def _never_beside(self, context: Sequence[Goal], focus: Sequence[Goal], *about: rules.Criterion) -> bool:
        """The same of some goals beside others that hold together."""
        answer = self._reasoner.can_beside(context, focus)
        if answer.kind == "not decided":
            self._open.update({criterion.address: None for criterion in about})
        return answer.kind == "never"

    # --- one criterion by itself -------------------------------------------------------------------------------------

    def _constants(self, criterion: rules.Criterion, flagged: set[Span]) -> None:
        for met in (True, False):
            if self._never([Goal(self._asker, criterion.rule, met)], criterion):
                self._constant.add(criterion.address)
                witness = self._reasoner.show([Goal(self._asker, criterion.rule, not met)])
                told = "no patient can meet it" if met else "every patient meets it"
                effect = (
                    "so nobody is eligible" if (criterion.section == "include") is met else "so it keeps nobody out"
                )
                if self._may_be_open(criterion.rule, not met):
                    told = f"{told} in whom it is decided"
                    if effect == "so it keeps nobody out":
                        effect = "so it keeps out only those in whom what it asks was not measured"
                message = f"`{words_of(criterion.rule)}`: {told}, {effect}"
                self._say("never met" if met else "always met", [criterion.address], message, witness)
                return
        self._constant_parts(criterion, criterion.rule, flagged)

    def _may_be_open(self, rule: rules.Rule, met: bool) -> bool:
        """May a rule that has one outcome in everybody in whom it is decided be open in others?"""
        return not self._never([Goal(self._asker, rule, met, denied=True)])

    def _constant_parts(self, criterion: rules.Criterion, rule: rules.Rule, flagged: set[Span]) -> None:
        match rule:
            case rules.Not(operand=operand):
                self._constant_parts(criterion, operand, flagged)
            case rules.And(operands=operands) | rules.Or(operands=operands) | rules.Count(operands=operands):
                for operand in operands:
                    self._constant_part(criterion, operand, flagged)
            case rules.Comparison(bounds=bounds) if len(bounds) > 1 and rule.span not in flagged:
                for bound in bounds:
                    single = replace(rule, bounds=(bound,))
                    if self._never([Goal(self._asker, single, False)], criterion):
                        whom = (
                            "every patient in whom it is decided"
                            if self._may_be_open(single, True)
                            else "every patient"
                        )
                        message = f"`{bound.operator} {bound.shown}` in `{rule.words}` holds for {whom}"
                        witness = self._reasoner.show([Goal(self._asker, single, True)])
                        self._constant_places.add((rule.span, f"{bound.operator} {bound.shown}"))
                        self._say("always met", [criterion.address], message, witness, [rule.span])
            case _:
                return

    def _constant_part(self, criterion: rules.Criterion, part: rules.Rule, flagged: set[Span]) -> None:
        for met in (True, False):
            if self._never([Goal(self._asker, part, met)], criterion):
                self._constant_places.add((place_of(part), ""))
                if place_of(part) not in flagged:
                    witness = self._reasoner.show([Goal(self._asker, part, not met)])
                    told = "no patient can meet" if met else "every patient meets"
                    if not met and self._may_be_open(part, True):
                        told = "every patient in whom it is decided meets"
                    message = f"{told} the part `{words_of(part)}`"
                    kind: FindingKind = "never met" if met else "always met"
                    self._say(kind, [criterion.address], message, witness, [place_of(part)])
                return
        self._constant_parts(criterion, part, flagged)

    # --- several criteria --------------------------------------------------------------------------------------------

    def _cluster(self, positions: Sequence[int]) -> None:
        criteria = [self._trial.criteria[position] for position in positions]
        goals = [self._passing[position] for position in positions]
        answer = self._reasoner.can(goals)
        if answer.kind == "not decided":
            self._open.update({criterion.address: None for criterion in criteria})
        elif answer.kind == "never":
            chosen = fewest(len(goals), lambda some: self._reasoner.can([goals[i] for i in some]).kind == "never")
            self._impossible([criteria[index] for index in chosen])
        else:
            self._redundant(criteria)

    def _impossible(self, criteria: Sequence[rules.Criterion]) -> None:
        addresses = [criterion.address for criterion in criteria]
        goals = [passing(self._asker, criterion) for criterion in criteria]
        witness = self._reasoner.show(
            *([*goals[:i], *goals[i + 1 :]] for i in range(len(goals) - 1, -1, -1) if len(goals) > 1)
        )
        if len(criteria) == 1:
            message = f"no patient can be eligible: nobody passes {addresses[0]}"
        else:
            message = f"no patient can be eligible: nobody passes {listed(addresses)} together"
            if witness is not None:
                missed = next(a for a, goal in zip(addresses, goals, strict=True) if not self._passes(witness, goal))
                message += f"; the patient shown passes all of them but {missed}"
        self._say("impossible", addresses, message, witness)

    def _passes(self, witness: Witness, goal: Goal) -> bool:
        worlds = (w for w in self._reasoner.worlds if iso(w.clock.now, w.clock.zone) == witness["as_of"])
        return any(confirmed(witness, [goal], world) for world in worlds)

    def _redundant(self, criteria: list[rules.Criterion]) -> None:
        """Criteria, then parts of them, that the others decide; what was found is left out before the search goes on, so
        that all of it could be struck out together."""
        kept = list(criteria)
        self._reasoner.remember([passing(self._asker, criterion) for criterion in criteria])
        for criterion in reversed(criteria):
            if criterion.address in self._constant:
                continue
            others = [other for other in kept if other is not criterion]
            goals = [passing(self._asker, other) for other in others]
            denied = failing(self._asker, criterion)
            if others and self._never_beside(goals, [denied], criterion):
                self._decided(criterion, [others[index] for index in self._reasons(goals, denied)])
                kept = others
        left = {criterion.address: criterion for criterion in kept}
        for criterion in reversed(kept):
            if criterion.address not in self._constant:
                others = [other for address, other in left.items() if address != criterion.address]
                left[criterion.address] = self._parts(criterion, others)

    def _reasons(self, goals: Sequence[Goal], denied: Goal) -> list[int]:
        """The fewest of some goals that forbid another, looked for first among those that speak of the same."""

        def forbid(some: Sequence[int]) -> bool:
            return self._reasoner.can([*(goals[i] for i in some), denied]).kind == "never"

        near = self._reasoner.near(goals, [denied])
        if forbid(near):
            found = [near[index] for index in fewest(len(near), lambda some: forbid([near[i] for i in some]))]
            if len(found) <= 2 or len(goals) > 30:
                return found
        return fewest(len(goals), forbid)

    def _decided(self, criterion: rules.Criterion, reasons: Sequence[rules.Criterion]) -> None:
        self._settled.add(criterion.address)
        failed = Goal(self._asker, criterion.rule, criterion.section != "include")
        witness = self._reasoner.show([failed], [passing(self._asker, criterion)])
        names = listed(reason.address for reason in reasons)
        verb = "decides" if len(reasons) == 1 else "decide"
        message = f"{names} already {verb} it: whoever passes {names} passes {criterion.address}"
        self._say("redundant", [criterion.address, *(reason.address for reason in reasons)], message, witness)

    def _parts(self, criterion: rules.Criterion, others: list[rules.Criterion]) -> rules.Criterion:
        """Parts of a criterion that others decide; returns what is left of it without them."""
        current = criterion
        told: dict[tuple[FindingKind, tuple[str, ...], tuple[rules.Rule, ...]], list[Variant]] = {}
        again = True
        while again:
            again = False
            for variant in variants(current.rule):
                changed = replace(current, rule=variant.rule)
                known = (place_of(variant.part), variant.shown if variant.how == "bound" else "")
                if self._is_idle(variant):
                    continue
                if known not in self._constant_places and self._same(current, changed, others):
                    kind, reasons, beside = self._why(current, changed, variant, others)
                    key = (kind, tuple(reason.address for reason in reasons), tuple(beside))
                    told.setdefault(key, []).append(variant)
                    current, again = changed, True
                    break
        for (kind, addresses, beside_them), found in told.items():
            self._part_finding(criterion, kind, addresses, beside_them, found)
        return current

    def _is_idle(self, variant: Variant) -> bool:
        """Does it ask that a number was measured, which goes without saying?"""
        counts = variant.how == "threshold" and isinstance(variant.part, rules.Comparison)
        return counts and not self._reasoner.may_be_unmeasured(self._asker, variant.part)

    def _same(
        self, one: rules.Criterion, other: rules.Criterion, context: Sequence[rules.Criterion], *, note: bool = True
    ) -> bool:
        """Do two versions of a criterion let in the same patients, among those who pass the others?"""
        goals = [passing(self._asker, criterion) for criterion in context]
        about = (one,) if note else ()
        return all(
            self._never_beside(goals, [passing(self._asker, first), failing(self._asker, second)], *about)
            for first, second in ((one, other), (other, one))
        )

    def _why(
        self, current: rules.Criterion, changed: rules.Criterion, variant: Variant, others: list[rules.Criterion]
    ) -> tuple[FindingKind, list[rules.Criterion], list[rules.Rule]]:
        context = [passing(self._asker, other) for other in others]
        focus = [passing(self._asker, current), failing(self._asker, changed)]
        near = self._reasoner.near(context, focus)
        close = [others[index] for index in near]
        if not self._same(current, changed, close, note=False):
            close = others
        chosen = fewest(len(close), lambda some: self._same(current, changed, [close[i] for i in some], note=False))
        reasons = [close[index] for index in chosen]
        beside: list[rules.Rule] = []
        if not reasons:
            for sibling in variant.siblings:
                goals = [Goal(self._asker, variant.part, True), Goal(self._asker, sibling, True)]
                given, follows = (goals[1], goals[0]) if variant.in_and else (goals[0], goals[1])
                if self._never([given, replace(follows, denied=True)]):
                    beside = [sibling]
                    break
        sources = [*(reason.rule for reason in reasons), *beside]
        if variant.how == "threshold" and repeats(variant.part, sources):
            return "repeated threshold", reasons, beside
        if variant.how != "part" or (is_threshold(variant.part) and same_number(variant.part, sources)):
            return "implied threshold", reasons, beside
        return "redundant", reasons, beside

    def _part_finding(
        self, criterion: rules.Criterion, kind: FindingKind, addresses: tuple[str, ...], beside: tuple[rules.Rule, ...],
        found: list[Variant],
    ) -> None:  # fmt: skip
        found = sorted(found, key=lambda variant: place_of(variant.part).start)
        parts = listed(f"`{_shown(variant)}`" for variant in found)
        names = listed(addresses or [f"`{words_of(rule)}`" for rule in beside] or ["the rest of the criterion"])
        by_address = {other.address: other for other in self._trial.criteria}
        reasons = [passing(self._asker, by_address[address]) for address in addresses]
        asked = "it asks" if len(found) == 1 else "they ask"
        if kind == "repeated threshold":
            newest = all(is_newest(variant.part) for variant in found)
            why = "it is the newest value" if newest else f"{names} {'decides' if len(addresses) == 1 else 'decide'} it"
            message = (
                f"{parts} {'repeats' if len(found) == 1 else 'repeat'} the threshold of {names} on another measurement: where both are decided {why}, "
                f"so the threshold adds nothing, but that there is such a measurement does"
            )
        else:
            message = (
                f"{parts} {'adds' if len(found) == 1 else 'add'} nothing to {names}: what {asked} is decided there"
            )
        if kind == "implied threshold" and found[0].how == "threshold":
            message = f"the limit of {parts} never decides: with {names}, the same patients pass without it"
            if isinstance(found[0].part, rules.Comparison):
                message += ", as long as there is such a measurement"
        witness = self._part_witness(criterion, kind, found[0], reasons)
        places = [place_of(variant.part) for variant in found]
        kin = self._kin(found[0].part)
        for address in addresses:
            rule = by_address[address].rule
            places += [atom.span for atom in rules.atoms(rule) if concepts_of(atom) & kin] or [place_of(rule)]
        places += [place_of(rule) for rule in beside]
        self._say(kind, [criterion.address, *addresses], message, witness, places)

    def _kin(self, part: rules.Rule) -> set[str]:
        """The concepts of a part, and what includes them or is included."""
        names = concepts_of(part)
        words = self._trial.vocabulary
        return names.union(*(({*words.wholes(name), *words.parts(name)}) for name in names))

    def _part_witness(
        self, criterion: rules.Criterion, kind: FindingKind, variant: Variant, reasons: list[Goal]
    ) -> Witness | None:
        """A patient in whom the reasons hold and the criterion fails (it matters all the same), or who shows the part."""
        part = variant.part
        attempts: list[list[Goal]] = []
        if kind != "redundant":
            attempts.append([*reasons, failing(self._asker, criterion)])
        attempts += [
            [*reasons, Goal(self._asker, part, True)],
            [Goal(self._asker, part, True)],
            [Goal(self._asker, part, False)],
        ]
        return self._reasoner.show(*attempts)

    def _can_be_eligible(self) -> None:
        answer = self._reasoner.example(self._passing)
        if answer.kind == "not decided" and not self._open:
            message = "whether any patient can be eligible: there is no proof that none can, and no example was found"
            self._say("not decided", (), message)


def _shown(variant: Variant) -> str:
    if variant.how == "bound":
        return f"{variant.shown}` in `{words_of(variant.part)}"
    return words_of(variant.part)
