"""A trial goes in; what is found about its rules comes out, before any patient is.

Every `never` is proved over all fully known patients; every patient shown was confirmed by the reference evaluator; what is
too large to be decided is said to be so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations

from eligibility import rules
from eligibility.analysis.finding import Finding, Kind, listed, place_of, words_of
from eligibility.analysis.reasoner import Answer, Goal, Reasoner, Witness, asker_of, confirmed, failing, passing
from eligibility.analysis.thresholds import threshold_findings
from eligibility.analysis.variants import Variant, variants
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


def fewest(count: int, impossible: Callable[[Sequence[int]], bool]) -> list[int]:
    """The fewest of so many conditions that are impossible together; they are so all together. Above three the set cannot be
    made smaller by leaving one out, and was not searched for a smaller one."""
    for size in (0, 1, 2, 3):
        if size < 2 or (size == 2 and count <= 60) or (size == 3 and count <= 15):
            for chosen in combinations(range(count), size):
                if impossible(chosen):
                    return list(chosen)
    return _shrunk(list(range(count)), impossible)


def _shrunk(positions: list[int], impossible: Callable[[Sequence[int]], bool]) -> list[int]:
    """Halving again and again (U. Junker, QuickXplain, AAAI 2004): those that cannot be spared."""

    def shrink(background: list[int], added: bool, candidates: list[int]) -> list[int]:
        if added and impossible(background):
            return []
        if len(candidates) <= 1:
            return candidates
        half = len(candidates) // 2
        left, right = candidates[:half], candidates[half:]
        second = shrink([*background, *left], bool(left), right)
        first = shrink([*background, *second], bool(second), left)
        return [*first, *second]

    return sorted(shrink([], False, positions))


class _Analyst:
    def __init__(self, trial: Trial, at: datetime | None) -> None:
        self._trial = trial
        self._asker = asker_of(trial)
        statements = [(self._asker, criterion.rule) for criterion in trial.criteria]
        self._reasoner = Reasoner(statements, at, trial.vocabulary)
        self._passing = [passing(self._asker, criterion) for criterion in trial.criteria]
        self._found: list[Finding] = []
        self._open: dict[str, None] = {}
        self._constant: set[str] = set()
        self._constant_places: set[tuple[Span, str]] = set()

    def findings(self) -> list[Finding]:
        """All of them: of single criteria first, in the order of the file, then of several together."""
        self._found += threshold_findings(self._trial)
        flagged = {place for finding in self._found for place in finding.places}
        for criterion in self._trial.criteria:
            self._constants(criterion, flagged)
        for cluster in self._reasoner.clusters(self._passing):
            self._cluster(cluster)
        self._opposites()
        self._repeated()
        if not any(finding.kind == "impossible" for finding in self._found):
            self._can_be_eligible()
        if self._open:
            message = "too large to be decided: whether they can be met, and whether other criteria decide them already"
            self._say("not decided", tuple(self._open), message)
        order = {criterion.address: index for index, criterion in enumerate(self._trial.criteria)}
        return sorted(self._found, key=lambda finding: order.get(finding.criteria[0], -1) if finding.criteria else -1)

    # --- telling -----------------------------------------------------------------------------------------------------

    def _say(
        self, kind: Kind, criteria: Sequence[str], message: str, witness: Witness | None = None,
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

    def _show(self, *attempts: Sequence[Goal]) -> Witness | None:
        """A confirmed patient for the first of several questions that has one."""
        for goals in attempts:
            witness = self._reasoner.example(goals).witness
            if witness is not None:
                return witness
        return None

    # --- one criterion by itself -------------------------------------------------------------------------------------

    def _constants(self, criterion: rules.Criterion, flagged: set[Span]) -> None:
        for met, kind in ((True, "never met"), (False, "always met")):
            if self._never([Goal(self._asker, criterion.rule, met)], criterion):
                self._constant.add(criterion.address)
                witness = self._show([Goal(self._asker, criterion.rule, not met)])
                told = "no patient can meet it" if met else "every patient meets it"
                effect = {
                    ("include", True): "so nobody is eligible",
                    ("include", False): "so it keeps nobody out",
                    ("exclude", True): "so it keeps nobody out",
                    ("exclude", False): "so nobody is eligible",
                }[criterion.section, met]
                message = f"`{words_of(criterion.rule)}`: {told}, {effect}"
                self._say("never met" if kind == "never met" else "always met", [criterion.address], message, witness)
                return
        self._constant_parts(criterion, criterion.rule, flagged)

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
                        message = f"`{bound.operator} {bound.shown}` in `{rule.words}` holds for every patient"
                        witness = self._show([Goal(self._asker, single, True)])
                        self._constant_places.add((rule.span, f"{bound.operator} {bound.shown}"))
                        self._say("always met", [criterion.address], message, witness, [rule.span])
            case _:
                return

    def _constant_part(self, criterion: rules.Criterion, part: rules.Rule, flagged: set[Span]) -> None:
        for met, kind, told in ((True, "never met", "no patient can meet"), (False, "always met", "every patient meets")):
            if self._never([Goal(self._asker, part, met)], criterion):
                self._constant_places.add((place_of(part), ""))
                if place_of(part) not in flagged:
                    witness = self._show([Goal(self._asker, part, not met)])
                    message = f"{told} the part `{words_of(part)}`"
                    self._say("never met" if kind == "never met" else "always met", [criterion.address], message, witness, [place_of(part)])
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
        witness = self._show(*([*goals[:i], *goals[i + 1 :]] for i in range(len(goals) - 1, -1, -1) if len(goals) > 1))
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
        for criterion in reversed(criteria):
            if criterion.address in self._constant:
                continue
            others = [other for other in kept if other is not criterion]
            goals = [passing(self._asker, other) for other in others]
            denied = failing(self._asker, criterion)
            if others and self._never([*goals, denied], criterion):
                chosen = fewest(
                    len(goals), lambda some, goals=goals, denied=denied: self._reasoner.can([*(goals[i] for i in some), denied]).kind == "never"  # type: ignore[misc]  # bound now
                )  # fmt: skip
                self._decided(criterion, [others[index] for index in chosen])
                kept = others
        for criterion in reversed(kept):
            if criterion.address not in self._constant:
                self._parts(criterion, [other for other in kept if other is not criterion])

    def _decided(self, criterion: rules.Criterion, reasons: Sequence[rules.Criterion]) -> None:
        failed = Goal(self._asker, criterion.rule, criterion.section != "include")
        witness = self._show([failed], [passing(self._asker, criterion)])
        names = listed(reason.address for reason in reasons)
        verb = "decides" if len(reasons) == 1 else "decide"
        message = f"{names} already {verb} it: whoever passes {names} passes {criterion.address}"
        self._say("redundant", [criterion.address, *(reason.address for reason in reasons)], message, witness)

    def _parts(self, criterion: rules.Criterion, others: list[rules.Criterion]) -> None:
        current = criterion
        told: dict[tuple[Kind, tuple[str, ...], tuple[rules.Rule, ...]], list[Variant]] = {}
        again = True
        while again:
            again = False
            for variant in variants(current.rule):
                changed = replace(current, rule=variant.rule)
                known = (place_of(variant.part), variant.shown if variant.how == "bound" else "")
                if known not in self._constant_places and self._same(current, changed, others):
                    kind, reasons, beside = self._why(current, changed, variant, others)
                    key = (kind, tuple(reason.address for reason in reasons), tuple(beside))
                    told.setdefault(key, []).append(variant)
                    current, again = changed, True
                    break
        for (kind, addresses, beside_them), found in told.items():
            self._part_finding(criterion, kind, addresses, beside_them, found, others)

    def _same(
        self, one: rules.Criterion, other: rules.Criterion, context: Sequence[rules.Criterion], *, note: bool = True
    ) -> bool:
        """Do two versions of a criterion let in the same patients, among those who pass the others?"""
        goals = [passing(self._asker, criterion) for criterion in context]
        about = (one,) if note else ()
        return self._never([*goals, passing(self._asker, one), failing(self._asker, other)], *about) and self._never(
            [*goals, passing(self._asker, other), failing(self._asker, one)], *about
        )

    def _why(
        self, current: rules.Criterion, changed: rules.Criterion, variant: Variant, others: list[rules.Criterion]
    ) -> tuple[Kind, list[rules.Criterion], list[rules.Rule]]:
        chosen = fewest(len(others), lambda some: self._same(current, changed, [others[i] for i in some], note=False))
        reasons = [others[index] for index in chosen]
        beside: list[rules.Rule] = []
        if not reasons:
            for sibling in variant.siblings:
                goals = [Goal(self._asker, variant.part, True), Goal(self._asker, sibling, True)]
                given, follows = (goals[1], goals[0]) if variant.in_and else (goals[0], goals[1])
                if self._never([given, replace(follows, denied=True)]):
                    beside = [sibling]
                    break
        sources = [*(reason.rule for reason in reasons), *beside]
        if variant.how == "threshold" and _repeats(variant.part, sources):
            return "repeated threshold", reasons, beside
        if variant.how != "part" or (_is_threshold(variant.part) and _same_number(variant.part, sources)):
            return "implied threshold", reasons, beside
        return "redundant", reasons, beside

    def _part_finding(
        self, criterion: rules.Criterion, kind: Kind, addresses: tuple[str, ...], beside: tuple[rules.Rule, ...],
        found: list[Variant], others: list[rules.Criterion],
    ) -> None:  # fmt: skip
        found = sorted(found, key=lambda variant: place_of(variant.part).start)
        parts = listed(f"`{_shown(variant)}`" for variant in found)
        names = listed(addresses or [f"`{words_of(rule)}`" for rule in beside] or ["the rest of the criterion"])
        by_address = {other.address: other for other in others}
        reasons = [passing(self._asker, by_address[address]) for address in addresses]
        asked = "it asks" if len(found) == 1 else "they ask"
        if kind == "repeated threshold":
            message = (
                f"{parts} {'repeats' if len(found) == 1 else 'repeat'} the threshold of {names} on another measurement: where both are decided it is the "
                f"newest value, so the threshold adds nothing, but that there is such a measurement does"
            )
        else:
            message = f"{parts} {'adds' if len(found) == 1 else 'add'} nothing to {names}: what {asked} is decided there"
        if kind == "implied threshold" and found[0].how == "threshold":
            message = f"the limit of {parts} never decides: with {names}, the same patients pass without it"
        witness = self._part_witness(criterion, kind, found[0], reasons)
        places = [place_of(variant.part) for variant in found]
        kin = self._kin(found[0].part)
        for address in addresses:
            rule = by_address[address].rule
            places += [atom.span for atom in rules.atoms(rule) if _concepts(atom) & kin] or [place_of(rule)]
        places += [place_of(rule) for rule in beside]
        self._say(kind, [criterion.address, *addresses], message, witness, places)

    def _kin(self, part: rules.Rule) -> set[str]:
        """The concepts of a part, and what includes them or is included."""
        names = _concepts(part)
        words = self._trial.vocabulary
        return names.union(*(({*words.wholes(name), *words.parts(name)}) for name in names))

    def _part_witness(
        self, criterion: rules.Criterion, kind: Kind, variant: Variant, reasons: list[Goal]
    ) -> Witness | None:
        """A patient in whom the reasons hold and the criterion fails (it matters all the same), or who shows the part."""
        part = variant.part
        attempts: list[list[Goal]] = []
        if kind != "redundant":
            attempts.append([*reasons, failing(self._asker, criterion)])
        attempts += [[*reasons, Goal(self._asker, part, True)], [Goal(self._asker, part, True)], [Goal(self._asker, part, False)]]
        return self._show(*attempts)

    # --- pairs that are worth a word ---------------------------------------------------------------------------------

    def _opposites(self) -> None:
        """The same fact asked for in one criterion and, the other way round, in another."""
        seen: dict[rules.Atom, list[tuple[rules.Criterion, bool]]] = {}
        for criterion in self._trial.criteria:
            for atom, plain in _demands(criterion.rule, criterion.section == "include"):
                if not isinstance(atom, rules.Comparison | rules.LimitComparison | rules.InClass):
                    seen.setdefault(replace(atom, words=""), []).append((criterion, plain))
        for atom, uses in seen.items():
            for (one, plain), (other, other_plain) in combinations(uses, 2):
                crossed = one.section != other.section
                if one is other or plain == other_plain and not crossed or plain != other_plain and not crossed and one is other:
                    continue
                if crossed and plain != other_plain:
                    meaning = "the same demand, the other way round"
                elif crossed or plain != other_plain:
                    meaning = "two demands that contradict each other"
                else:
                    continue
                name = _fact(atom)
                witness = self._show([passing(self._asker, one)])
                message = f"{one.address} and {other.address} ask for one fact, {name}, with opposite meanings: {meaning}"
                places = [p for criterion in (one, other) for a in rules.atoms(criterion.rule) if replace(a, words="") == atom for p in [a.span]]
                self._say("opposite meanings", [one.address, other.address], message, witness, places)

    def _repeated(self) -> None:
        """One threshold asked of one quantity on different measurements."""
        uses: list[tuple[rules.Criterion, rules.Comparison]] = [
            (criterion, atom)
            for criterion in self._trial.criteria
            for atom in rules.atoms(criterion.rule)
            if isinstance(atom, rules.Comparison) and isinstance(atom.number, rules.Measured)
        ]
        known = {frozenset(finding.criteria) for finding in self._found if finding.kind != "impossible"}
        groups: dict[object, list[tuple[rules.Criterion, rules.Comparison]]] = {}
        for criterion, atom in uses:
            groups.setdefault((atom.number.concept, atom.bounds), []).append((criterion, atom))  # type: ignore[union-attr]  # measured, see above
        for group in groups.values():
            for (one, first), (other, second) in combinations(group, 2):
                pair = frozenset((one.address, other.address))
                if one is other or first.number == second.number or pair in known:
                    continue
                known.add(pair)
                witness = self._show(
                    [Goal(self._asker, first, True), Goal(self._asker, second, False)],
                    [Goal(self._asker, first, False), Goal(self._asker, second, True)],
                )
                if witness is None:
                    continue
                message = (
                    f"`{first.words}` and `{second.words}` have one threshold on different measurements; neither decides the other, "
                    f"as the patient shown meets only one of them"
                )
                self._say("repeated threshold", [one.address, other.address], message, witness, [first.span, second.span])

    def _can_be_eligible(self) -> None:
        answer = self._reasoner.example(self._passing)
        if answer.kind == "not decided" and not self._open:
            message = "whether any patient can be eligible: there is no proof that none can, and no example was found"
            self._say("not decided", (), message)


def _demands(rule: rules.Rule, met: bool) -> Iterator[tuple[rules.Atom, bool]]:
    """The atoms that a rule needs to come out so, each with how it is written: plain, or behind a negation."""
    yield from _needed(rule, met, True)


def _needed(rule: rules.Rule, met: bool, plain: bool) -> Iterator[tuple[rules.Atom, bool]]:
    match rule:
        case rules.Not(operand=operand):
            yield from _needed(operand, not met, not plain)
        case rules.And(operands=operands):
            if met:
                for operand in operands:
                    yield from _needed(operand, met, plain)
        case rules.Or(operands=operands):
            if not met:
                for operand in operands:
                    yield from _needed(operand, met, plain)
        case rules.Count():
            return
        case _:
            yield rule, plain


def _fact(atom: rules.Atom) -> str:
    match atom:
        case rules.Judged(text=text):
            return f"the judgement `{text}`"
        case rules.Comparison(number=number):
            return "a number" if not isinstance(number, rules.Measured) else number.concept.name
        case _:
            return f"`{atom.concept.name}`"


def _shown(variant: Variant) -> str:
    if variant.how == "bound":
        return f"{variant.shown}` in `{words_of(variant.part)}"
    return words_of(variant.part)


def _is_threshold(rule: rules.Rule) -> bool:
    return isinstance(rule, rules.Comparison | rules.LimitComparison | rules.Elapsed | rules.OnsetIn | rules.Lasting | rules.InWindow)


def _concepts(rule: rules.Rule) -> set[str]:
    found: set[str] = set()
    for atom in rules.atoms(rule):
        match atom:
            case rules.Comparison(number=number):
                found |= {leaf.concept.name for leaf in rules.leaves(number)}
            case rules.Judged():
                pass
            case _:
                found.add(atom.concept.name)
    return found


def _same_number(part: rules.Rule, sources: Sequence[rules.Rule]) -> bool:
    """Do the reasons compare what the part compares?"""
    mine = _concepts(part)
    return any(_is_threshold(atom) and mine & _concepts(atom) for source in sources for atom in rules.atoms(source))


def _repeats(part: rules.Rule, sources: Sequence[rules.Rule]) -> bool:
    """Do the reasons hold the very threshold of the part, on another measurement?"""
    return isinstance(part, rules.Comparison) and any(
        isinstance(atom, rules.Comparison) and atom.bounds == part.bounds and atom.number != part.number
        for source in sources
        for atom in rules.atoms(source)
    )
