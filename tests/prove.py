"""Pairs of random rules go in; where the analysis and an independent prover differ comes out as a sentence.

The prover is z3: patients are real numbers and truth values there, without any cells. Three more judges keep it company: the
reference evaluator (no random record may show what was called impossible), every patient that the analysis shows, and an
enumeration of all combinations of simple facts (nothing that it finds may be missed).

`python tests/prove.py --cases 20000 --seed 1` runs it at length; the tests run a few hundred at a fixed seed.
"""

import argparse
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import product

import z3

from eligibility import EligibilityError, compile_trial, rules
from eligibility.analysis.reasoner import Goal, Reasoner, asker_of
from eligibility.building import consistent, merged
from eligibility.evaluator import Situation, evaluate
from eligibility.expressions import check_formula
from eligibility.facts import prepare
from eligibility.instants import Duration, instant_of, shift
from eligibility.intervals import INFINITY
from eligibility.logic import Truth
from eligibility.patient import Patient
from eligibility.regions import Variable, edges, judgements, touched, variables
from eligibility.states import spell, states
from eligibility.vocabulary import bundled_vocabulary
from eligibility.writing import Writer

AT = datetime(2024, 3, 4, 8, tzinfo=UTC)
THEMES = (
    ("tumor", "malignancy", "solid tumor", "lymphoma"), ("acute lung injury", "ARDS", "protective ventilation"),
    ("myocardial infarction", "acute myocardial infarction", "serious cardiopulmonary disease"),
    ("infection", "severe infectious disease", "septic shock", "sepsis"), ("pregnancy", "lactation", "planned pregnancy", "sex"),
    ("pulmonary hypertension", "pulmonary hypertension stage"), ("stroke", "acute cerebral infarction", "surgery"),
    ("PaO2/FiO2", "SOFA"), ("creatinine", "ALT"), ("NYHA class", "heart failure"), ("SpO2 on room air", "hemoglobin"),
)  # fmt: skip
ALWAYS = ("age", "informed consent", "first dose", "creatinine", "NYHA class", "malignancy", "stroke")
KINDS = (
    "_comparison", "_comparison", "_comparison", "_class", "_class", "_presence", "_presence", "_presence", "_onset", "_limit", "_change",
    "_attestation", "_arithmetic", "_age", "_judgement",
)  # fmt: skip


class Small(Writer):
    """Writes rules about few concepts and few thresholds, so that they meet each other."""

    def __init__(self, words, chance, deepest, names, plain, kinds):
        super().__init__(words, chance, deepest)
        self._by_kind = {}
        self._plainly = plain
        self._few = [getattr(self, name) for name in kinds]
        for name in names:
            concept = words[name]
            self._by_kind.setdefault(concept.kind, []).append(concept)

    def _atom(self):
        return self._chance.choice(self._few)()

    def _value(self, concept, share):
        span = concept.plausible or concept.possible
        low = max(span.low, -100.0) if span.low > -INFINITY else -100.0
        high = span.high if span.high < INFINITY else max(low, 1.0) * 10
        return float(f"{low + (high - low) * self._chance.choice((0.0, 0.25, 0.5, 0.75, 1.0)):.3g}")

    def _duration(self):
        return self._chance.choice(("24 hours", "3 days", "30 days", "1 month", "1 year"))

    def _plain_quantity(self):
        return self._chance.choice([c for c in self._by_kind["quantity"] if not c.unit.startswith("/")])

    def _limit(self):
        if not any(c.formula is None and c.possible.low >= 0 and c.unit != "degC" for c in self._by_kind["quantity"]):
            return self._comparison()
        return super()._limit()

    def _presence(self):
        text = super()._presence()
        while self._plainly and any(word in text for word in (" before ", " after ", "the next")):
            text = super()._presence()
        return text

    def _measured(self, concept):
        text = super()._measured(concept)
        while self._plainly and (" before " in text or " after " in text):
            text = super()._measured(concept)
        return text


class Case:
    """Two rules about the same few facts."""

    def __init__(self, seed, words):
        self.chance = random.Random(seed)
        self.words = words
        self.plain = self.chance.random() < 0.6
        theme = [*self.chance.choice(THEMES)]
        found = {words[name].kind for name in theme}
        if not found & {"condition", "event"}:
            found.add("event")
            theme.append("malignancy")
        names = list(dict.fromkeys([*theme, *(name for name in ALWAYS if words[name].kind not in found)]))
        kinds = self.chance.sample(KINDS, self.chance.randint(1, 3))
        self.trials, self.texts = [], []
        for _ in range(2):
            writer = Small(words, self.chance, self.chance.choice((0, 1, 1, 2)), names, self.plain, kinds)
            text = writer.body()
            lines = "".join(f"    {line}\n" for line in text.splitlines())
            self.trials.append(
                compile_trial(f'trial PROOF "proof"\n\ninclude:\n  1 "case":\n{lines}', vocabulary=words)
            )
            self.texts.append(text)
        self.rules = [trial.criteria[0].rule for trial in self.trials]
        self.asker = asker_of(self.trials[0])

    def goals(self):
        """The questions: each rule met, not met, not made to be met; and the two together in every way."""
        first, second = self.rules
        sides = [
            [Goal(self.asker, rule, met, denied) for met, denied in ((True, False), (False, False), (True, True))]
            for rule in (first, second)
        ]
        return [[goal] for side in sides for goal in side] + [[a, b] for a, b in product(*sides)]

    def key(self, goals):
        """Which rule, met or not, denied or not."""
        return tuple((0 if goal.rule is self.rules[0] else 1, goal.met, goal.denied) for goal in goals)


# --- the prover ------------------------------------------------------------------------------------------------------


class Prover:
    """The two rules as statements of z3 about one fully known patient."""

    def __init__(self, listed, words, at):
        self.words, self.at, self.zone = words, at, at.tzinfo
        self.now = instant_of(at, at.tzinfo)
        self.facts = []
        self.known = {}
        self.onsets = {}
        self.windows = {}
        self.ordered = {}
        self.nexts = {}
        self.withins = {}
        self.listed = listed
        for rule in listed:
            for atom in rules.atoms(rule):
                self.collect(atom)
        self.axioms()

    def back(self, duration):
        return self.now - shift(self.now, Duration("", duration.months, duration.exact), self.zone, -1)

    def ahead(self, duration):
        return shift(self.now, Duration("", duration.months, duration.exact), self.zone, 1) - self.now

    def var(self, kind, *key, sort=z3.Real):
        key = (kind, *key)
        if key not in self.known:
            self.known[key] = sort(f"v{len(self.known)}")
        return self.known[key]

    # --- gathering

    def window(self, window):
        """(duration, ahead, anchor, relation), screening taken for now."""
        if window is None:
            return (None, False, None, None)
        length = (window.duration.months, window.duration.exact) if window.duration else None
        marks = [m and (m.concept.name, m.after) for m in (window.anchor, window.relation)]
        ahead = window.ahead
        if marks[0] and marks[0][0] == "screening":
            ahead, marks[0] = marks[0][1], None
        return (length, ahead, *marks)

    def read(self, atom):
        """The window that a measurement is chosen from."""
        if atom.window is None and atom.selection == "latest":
            limit = atom.concept.current_for
            return ((limit.months, limit.exact) if limit else None, False, None, None)
        return self.window(atom.window)

    def stream(self, leaf):
        if isinstance(leaf, rules.Changed):
            return (leaf.concept.name, "rise" if leaf.rise else "fall")
        return (leaf.concept.name, "class" if isinstance(leaf, rules.InClass) else "value")

    def collect(self, atom):
        if isinstance(atom, rules.Comparison):
            for leaf in rules.leaves(atom.number):
                if isinstance(leaf, rules.Measured):
                    self.measure(self.stream(leaf), self.read(leaf), None, ("value", leaf.selection))
                elif isinstance(leaf, rules.Changed):
                    over = (leaf.over.months, leaf.over.exact)
                    self.measure(self.stream(leaf), self.window(leaf.window), over, ("change", ""))
        elif isinstance(atom, rules.LimitComparison):
            kind = "upper" if atom.upper else "lower"
            self.measure((atom.concept.name, "value"), self.read(atom), None, (kind, atom.selection))
        elif isinstance(atom, rules.InClass):
            self.measure(self.stream(atom), self.read(atom), None, ("class", atom.selection))
        elif isinstance(atom, rules.Present | rules.Ever | rules.Elapsed | rules.Lasting):
            self.occurrence(atom.concept)
        elif isinstance(atom, rules.InWindow | rules.OnsetIn):
            self.occurrence(atom.concept)
            window = self.window(atom.window)
            self.marks(window)
            if window[2]:
                self.withins[isinstance(atom, rules.OnsetIn), atom.concept.name, window] = None
            elif window[1]:
                self.nexts[atom.concept.name] = None

    def measure(self, stream, window, over, pick):
        self.windows.setdefault(stream, {})[window, over] = None
        self.ordered.setdefault(stream, {})[(*pick, window, over)] = None
        self.marks(window)

    def marks(self, window):
        for mark in window[2:]:
            if mark and self.words[mark[0]].is_occurrence:
                self.occurrence(self.words[mark[0]])

    def occurrence(self, concept):
        self.onsets[concept.name] = concept

    # --- what holds

    def ever(self, name):
        return self.var("ever", name, sort=z3.Bool)

    def present(self, name):
        return self.var("present", name, sort=z3.Bool) if self.words[name].kind == "condition" else self.ever(name)

    def onset(self, name):
        return self.var("onset", name)

    def end(self, name):
        return self.var("end", name) if self.words[name].kind == "condition" else self.onset(name)

    def axioms(self):
        say = self.facts.append
        for name, concept in self.onsets.items():
            say(self.onset(name) >= 0)
            if concept.kind == "condition":
                say(z3.Implies(self.present(name), self.ever(name)))
                say(z3.And(self.end(name) >= 0, self.end(name) <= self.onset(name)))
            for whole in self.words.wholes(name):
                if whole in self.onsets:
                    self.part(concept, self.onsets[whole])
            self.applies(concept, z3.Not(self.ever(name)))
        for stream, asked in self.windows.items():
            self.measured_somewhere(stream, asked)
            self.order(stream)
            self.absent_class(stream)
        for is_onset, name, window in self.withins:
            here = self.var("within", is_onset, name, window, sort=z3.Bool)
            anchor = self.words[window[2][0]]
            if is_onset or (anchor.is_occurrence and not window[2][1]):
                say(z3.Implies(here, self.ever(name)))
            if anchor.is_occurrence:
                say(z3.Implies(here, self.ever(anchor.name)))
            self.applies(self.words[name], z3.Not(here))
            for other_onset, other, wider in self.withins:
                same_time = self.words[other].kind == "condition" or self.words[name].kind == "event"
                fits = other == name or (not is_onset and same_time and other in self.words.wholes(name))
                if other_onset == is_onset and fits and self.inside(window, wider):
                    say(z3.Implies(here, self.var("within", other_onset, other, wider, sort=z3.Bool)))
        for name in self.nexts:
            until = self.var("next", name)
            say(until >= 0)
            if self.words[name].kind == "condition":
                say(z3.Implies(self.present(name), z3.And(until == 0, self.var("planned", name, sort=z3.Bool))))
            for whole in self.words.wholes(name):
                if whole in self.nexts and (self.words[whole].kind == "condition" or self.words[name].kind == "event"):
                    say(z3.Implies(self.var("planned", name, sort=z3.Bool),
                                   z3.And(self.var("planned", whole, sort=z3.Bool), self.var("next", whole) <= until)))  # fmt: skip
            self.applies(self.words[name], z3.Not(self.var("planned", name, sort=z3.Bool)))
        for rule in self.listed:
            for atom in rules.atoms(rule):
                if isinstance(atom, rules.Attested):
                    self.applies(atom.concept, z3.Not(self.var("attested", atom.concept.name, sort=z3.Bool)))
        age = self.var("age", sort=z3.Int)
        say(z3.And(age >= 0, age <= 24_400))

    def applies(self, concept, otherwise):
        """What cannot apply is absent."""
        if concept.applies_to_sex:
            rank = self.words["sex"].values.index(concept.applies_to_sex)
            sex = self.var("pick", ("sex", "class"), "class", "latest")
            self.facts.append(z3.And(sex >= 0, sex <= 1, z3.IsInt(sex)))
            self.facts.append(z3.Implies(sex != rank, otherwise))
        if concept.applies_from_months:
            self.facts.append(z3.Implies(self.var("age", sort=z3.Int) < concept.applies_from_months, otherwise))

    def part(self, part, whole):
        say, p, w = self.facts.append, part.name, whole.name
        say(z3.Implies(self.ever(p), self.ever(w)))
        if whole.kind == "event":
            say(z3.Implies(self.ever(p), self.onset(w) <= self.onset(p)))
            return
        if part.kind == "event":
            say(z3.Implies(self.ever(p), z3.Or(self.present(w), self.end(w) <= self.onset(p))))
            return
        say(z3.Implies(self.present(p), z3.And(self.present(w), self.onset(w) >= self.onset(p))))
        ended = z3.And(self.ever(p), z3.Not(self.present(p)))
        say(z3.Implies(ended, z3.Or(self.present(w), self.end(w) <= self.end(p))))
        say(z3.Implies(ended, z3.Or(self.onset(w) >= self.onset(p), self.onset(w) < self.end(p))))

    def ends_now(self, window):
        return not window[1] and window[2] is None and (window[3] is None or window[3][1])

    def measured(self, stream, window, over):
        """Is there an observation in the window?"""
        exists = [self.ever(mark[0]) for mark in window[2:] if mark and self.words[mark[0]].is_occurrence]
        if len(self.windows[stream]) == 1:
            return z3.And(*exists)
        if not self.ends_now(window) or stream[1] in ("rise", "fall"):
            return z3.And(*exists, self.var("measured", stream, window, over, sort=z3.Bool))
        newest = self.var("newest", stream)
        tests = [newest >= 0, *exists]
        if window[0]:
            tests.append(newest <= self.back(Duration("", *window[0])))
        if window[3]:
            name = window[3][0]
            if self.words[name].is_occurrence:
                tests.append(newest <= self.onset(name))
            else:
                tests.append(self.var("since", stream, window[3], sort=z3.Bool))
        return z3.And(*tests)

    def measured_somewhere(self, stream, asked):
        if len(asked) < 2:
            return
        say = self.facts.append
        exist = [
            z3.And(*[self.ever(mark[0]) for mark in window[2:] if mark and self.words[mark[0]].is_occurrence])
            for window, _ in asked
        ]
        say(z3.Or(z3.Not(z3.Or(*exist)), *[self.measured(stream, window, over) for window, over in asked]))
        say(self.var("newest", stream) >= 0)
        for window, over in asked:
            for wider, longer in asked:
                both = [not self.ends_now(x) or over is not None for x in (window, wider)]
                if all(both) and self.inside(window, wider) and self.no_longer(over, longer, True):
                    a, b = (
                        self.var("measured", stream, x, o, sort=z3.Bool) for x, o in ((window, over), (wider, longer))
                    )
                    exists = [self.ever(m[0]) for m in window[2:] if m and self.words[m[0]].is_occurrence]
                    say(z3.Implies(z3.And(a, *exists), b))

    def no_longer(self, a, b, from_now, ahead=False):
        if b is None or a is None:
            return b is None
        if a[0] == b[0]:
            return a[1] <= b[1]
        if not a[1] and not b[1]:
            return a[0] <= b[0]
        if from_now:
            measure = self.ahead if ahead else self.back
            return measure(Duration("", *a)) <= measure(Duration("", *b))
        day = 86_400_000_000
        lengths = [
            (a[0] * 31 + 3) * day + a[1] if a[0] else a[1],
            (b[0] * 30 - 2) * day + b[1] if b[0] else b[1],
        ]
        return lengths[0] + day <= lengths[1]

    def inside(self, inner, outer):
        if inner[1:3] != outer[1:3] or outer[3] not in (None, inner[3]):
            return False
        return self.no_longer(inner[0], outer[0], inner[2] is None, inner[1])

    def number(self, stream, kind, selection, window, over):
        if selection == "latest" and self.ends_now(window):
            return self.var("pick", stream, kind, "latest")
        return self.var("pick", stream, kind, selection, window, over)

    def order(self, stream):
        picks = list(self.ordered[stream])
        concept = self.words[stream[0]]
        for kind, selection, window, over in picks:
            x = self.number(stream, kind, selection, window, over)
            if kind == "class":
                self.facts.append(z3.And(x >= 0, x <= len(concept.values) - 1, z3.IsInt(x)))
            elif kind == "value":
                low, high = reach(concept, self.words)
                self.facts += between(x, low, high)
            elif kind == "change":
                low, high = reach(concept, self.words)
                if low > -INFINITY and high < INFINITY:
                    self.facts.append(z3.And(x <= q(high) - q(low), x >= q(low) - q(high)))
            else:
                self.facts.append(x >= 0)
        if stream[1] == "class" and not concept.ordered:
            return
        for one, other in product(picks, picks):
            if one != other and self.not_above(one, other):
                self.facts.append(self.number(stream, *one) <= self.number(stream, *other))

    def not_above(self, one, other):
        (kind, sel, window, over), (other_kind, other_sel, other_window, other_over) = one, other
        if kind == "change":
            return self.no_longer(over, other_over, True) and self.inside(window, other_window)
        if kind != other_kind:
            both_newest = sel == other_sel == "latest" and self.ends_now(window) and self.ends_now(other_window)
            return (
                (kind, other_kind) == ("upper", "lower")
                and sel == other_sel
                and (window == other_window or both_newest)
            )
        newest = sel == "latest" and self.ends_now(window)
        other_newest = other_sel == "latest" and self.ends_now(other_window)
        if other_sel == "highest" and (self.inside(window, other_window) or (newest and self.ends_now(other_window))):
            return True
        if sel == "lowest" and (self.inside(other_window, window) or (other_newest and self.ends_now(window))):
            return True
        return sel == "lowest" and other_sel == "highest" and self.inside(other_window, window)

    def absent_class(self, stream):
        condition = self.words[stream[0]].none_when_absent
        if stream[1] != "class" or condition is None:
            return
        for name in (condition, *self.words.wholes(condition)):
            if name in self.onsets:
                for pick in self.ordered[stream]:
                    self.facts.append(z3.Implies(z3.Not(self.ever(name)), self.number(stream, *pick) == 0))

    # --- rules

    def outcome(self, rule, met):
        match rule:
            case rules.Not(operand=operand):
                return self.outcome(operand, not met)
            case rules.And(operands=operands):
                return (z3.And if met else z3.Or)(*[self.outcome(o, met) for o in operands])
            case rules.Or(operands=operands):
                return (z3.Or if met else z3.And)(*[self.outcome(o, met) for o in operands])
            case rules.Count(low=low, high=high, operands=operands):
                yes = z3.Sum([z3.If(self.outcome(o, True), 1, 0) for o in operands])
                no = z3.Sum([z3.If(self.outcome(o, False), 1, 0) for o in operands])
                size = len(operands)
                if met:
                    return z3.And(yes >= low, size - no <= high)
                return z3.Or(size - no < low, yes > high)
        return self.atom(rule, met)

    def atom(self, atom, met):
        two_sided = (lambda x: x) if met else z3.Not
        match atom:
            case rules.Comparison(number=rules.Age(), bounds=bounds):
                return two_sided(z3.And(*[self.age(bound) for bound in bounds]))
            case rules.Comparison(number=rules.Measured() as number, bounds=bounds):
                pick = ("value", number.selection, self.read(number), None)
                x = self.number(self.stream(number), *pick)
                decided = decides(bounds, *reach(number.concept, self.words))
                return self.picked(self.stream(number), pick, z3.And(*[bounded(x, b) for b in bounds]), met, decided)
            case rules.Comparison(number=rules.Changed() as number, bounds=bounds):
                pick = ("change", "", self.window(number.window), (number.over.months, number.over.exact))
                x = self.number(self.stream(number), *pick)
                low, high = reach(number.concept, self.words)
                decided = decides(bounds, low - high, high - low)
                return self.picked(self.stream(number), pick, z3.And(*[bounded(x, b) for b in bounds]), met, decided)
            case rules.Comparison(number=number, bounds=bounds):
                marks, key = [], []
                for leaf in rules.leaves(number):
                    window = self.window(leaf.window) if isinstance(leaf, rules.Changed) else self.read(leaf)
                    marks += [self.ever(m[0]) for m in window[2:] if m and self.words[m[0]].is_occurrence]
                    key.append((leaf.concept.name, window))
                x = self.var("computed", number, tuple(key))
                low, high = computed_reach(number, self.words)
                self.facts += between(x, low, high)
                holds = z3.And(*marks, *[bounded(x, b) for b in bounds])
                return two_sided(holds)
            case rules.LimitComparison(operator=operator, multiple=multiple):
                kind = "upper" if atom.upper else "lower"
                pick = (kind, atom.selection, self.read(atom), None)
                bound = rules.Bound(operator, multiple, multiple, "")
                stream = (atom.concept.name, "value")
                return self.picked(stream, pick, bounded(self.number(stream, *pick), bound), met, None)
            case rules.InClass(ranks=ranks):
                pick = ("class", atom.selection, self.read(atom), None)
                x = self.number(self.stream(atom), *pick)
                every = len(ranks) == len(atom.concept.values)
                decided = True if every else None if ranks else False
                return self.picked(self.stream(atom), pick, z3.Or(*[x == rank for rank in ranks]), met, decided)
            case rules.Present(concept=concept):
                return two_sided(self.present(concept.name))
            case rules.Ever(concept=concept):
                return two_sided(self.ever(concept.name))
            case rules.Elapsed(concept=concept, bounds=spans):
                tests = [compare(self.onset(concept.name), op, self.back(duration)) for op, duration in spans]
                return two_sided(z3.And(self.ever(concept.name), *tests))
            case rules.Lasting(concept=concept, duration=duration):
                return two_sided(z3.And(self.present(concept.name), self.onset(concept.name) >= self.back(duration)))
            case rules.InWindow(concept=concept, window=window):
                return two_sided(self.in_window(concept, window))
            case rules.OnsetIn(concept=concept, window=window):
                keyed = self.window(window)
                if keyed[2]:
                    return two_sided(self.var("within", True, concept.name, keyed, sort=z3.Bool))
                return two_sided(
                    z3.And(self.ever(concept.name), self.onset(concept.name) <= self.back(window.duration))
                )
            case rules.Attested(concept=concept):
                return two_sided(self.var("attested", concept.name, sort=z3.Bool))
            case rules.Judged(text=text):
                return two_sided(self.var("judged", atom.address, text, sort=z3.Bool))
        raise TypeError(atom)

    def in_window(self, concept, window):
        keyed, name = self.window(window), concept.name
        if keyed[2]:
            return self.var("within", False, name, keyed, sort=z3.Bool)
        if keyed[1]:
            return z3.And(
                self.var("planned", name, sort=z3.Bool), self.var("next", name) <= self.ahead(window.duration)
            )
        if concept.kind == "event":
            return z3.And(self.ever(name), self.onset(name) <= self.back(window.duration))
        return z3.Or(self.present(name), z3.And(self.ever(name), self.end(name) < self.back(window.duration)))

    def picked(self, stream, pick, holds, met, decided):
        """`decided` is the outcome for every number, where it is the same; then nothing needs to be measured."""
        _, _, window, over = pick
        exists = [self.ever(m[0]) for m in window[2:] if m and self.words[m[0]].is_occurrence]
        anyway = window[3] is None or stream[1] == "class"
        measured = self.measured(stream, window, over)
        if met:
            if decided is True and anyway:
                return z3.And(*exists)
            return z3.And(*exists, measured, holds)
        missing = z3.Or(*[z3.Not(e) for e in exists])
        if decided is False and anyway:
            return z3.BoolVal(True)
        return z3.Or(missing, z3.And(measured, z3.Not(holds)))

    def age(self, bound):
        unit = 1 if bound.shown.endswith(("month", "months")) else 12
        completed = self.var("age", sort=z3.Int) / unit
        return compare(completed, bound.operator, int(bound.low))

    def goal(self, goal):
        node = self.outcome(goal.rule, goal.met)
        return z3.Not(node) if goal.denied else node

    def can(self, questions):
        """sat, unsat or unknown for each list of goals."""
        asked = [[self.goal(goal) for goal in goals] for goals in questions]
        solver = z3.Solver()
        solver.set("timeout", 20_000)
        solver.add(*self.facts)
        for goals in asked:
            solver.push()
            solver.add(*goals)
            yield str(solver.check())
            solver.pop()


def q(value):
    return z3.RealVal(str(Fraction(value)))


def between(x, low, high):
    """That a number lies in a range, whose ends may be infinite."""
    return [*([x >= q(low)] if low > -INFINITY else []), *([x <= q(high)] if high < INFINITY else [])]


def bounded(x, bound):
    """A comparison with the tolerance of the contract."""
    low, high = Fraction(bound.low), Fraction(bound.high)
    low, high = low - abs(low) * Fraction(1e-9), high + abs(high) * Fraction(1e-9)
    return {"<": x < q(low), ">=": x >= q(low), "<=": x <= q(high), ">": x > q(high)}[bound.operator]


def compare(x, operator, value):
    return {"<": x < value, "<=": x <= value, ">": x > value, ">=": x >= value}[operator]


def decides(bounds, low, high):
    """The outcome of bounds for every number of a range, or None where it differs."""
    x = z3.Real("x")
    span = between(x, low, high)
    outcomes = []
    for wanted in (z3.And(*[bounded(x, b) for b in bounds]), z3.Not(z3.And(*[bounded(x, b) for b in bounds]))):
        solver = z3.Solver()
        solver.add(*span, wanted)
        outcomes.append(str(solver.check()) == "sat")
    return None if all(outcomes) else outcomes[0]


def reach(concept, words):
    """The numbers that a quantity can be."""
    low, high = concept.possible.low, concept.possible.high
    if concept.formula is not None:
        other_low, other_high = computed_reach(check_formula(words, concept).expression, words)
        low, high = min(low, other_low), max(high, other_high)
    return low, high


def computed_reach(number, words):
    from eligibility.analysis.keys import computed_range

    found = computed_range(number, words)
    return found.low, found.high


# --- judging ---------------------------------------------------------------------------------------------------------


def check_case(case, counts, *, records=12, examples=True):
    """What does not agree."""
    statements = [(case.asker, rule) for rule in case.rules]
    reasoner = Reasoner(statements, AT, case.words)
    prover = Prover(case.rules, case.words, AT)
    told = f"\n  a: {case.texts[0]}\n  b: {case.texts[1]}"
    answers = {}
    questions = case.goals()
    for goals, proved in zip(questions, prover.can(questions), strict=True):
        key = case.key(goals)
        answer = reasoner.can(goals).kind
        answers[key] = answer
        expected = {"sat": "possible", "unsat": "never"}.get(proved, "unknown")
        counts[f"{answer}, prover {expected}"] += 1
        if answer != "not decided" and expected != "unknown" and answer != expected:
            yield f"{key}: {answer}, and the prover says {expected}{told}"
    yield from against_records(case, answers, counts, records, told)
    yield from against_known_patients(case, answers, reasoner.worlds[0], counts, records, told)
    if examples:
        yield from shown(case, reasoner, answers, counts, told)


def against_records(case, answers, counts, records, told):
    """No record of a patient does what was called impossible."""
    pieces = {}
    for name, variable in variables(case.rules, case.words).items():
        pieces[name] = states(variable, case.words, AT)
    for address in judgements(case.rules):
        pieces[address] = tuple({"judgements": {address: answer}} for answer in (True, False))
    for name in set().union(*(touched(rule, case.words) for rule in case.rules)) - set(pieces):
        if name in case.words.concepts:
            pieces[name] = states(Variable(case.words[name]), case.words, AT)
    for _ in range(records):
        share = case.chance.choice((0.6, 1.0))
        drawn = [case.chance.choice(options) for options in pieces.values() if options and case.chance.random() < share]
        outcomes = judged(case, consistent(merged(drawn), case.words))
        if outcomes is not None:
            counts["records"] += 1
            yield from contradicted(answers, outcomes[0], f"{told}\n  patient: {outcomes[1]}")


# --- patients of whom everything is known -----------------------------------------------------------------------------


class Known:
    """Draws records in which everything asked about is answered, and each number was measured in one of its windows."""

    def __init__(self, case, world):
        self.case, self.chance, self.words, self.world = case, case.chance, case.words, world
        self.cut = variables(case.rules, case.words)
        names = set().union(*(touched(rule, case.words) for rule in case.rules)) & set(case.words.concepts)
        self.names = sorted(names)
        self.now = instant_of(AT, AT.tzinfo)
        lengths = {d for v in self.cut.values() for d in v.durations} | {Duration("", exact=86_400_000_000)}
        self.edges = sorted({self.now - shift(self.now, d, AT.tzinfo, -1) for d in lengths})

    def ago(self, longest=None):
        edge = self.chance.choice([0, *self.edges])
        found = max(
            0, edge + self.chance.choice((0, -3_600_000_000, 3_600_000_000, 7_200_000_000, 40 * 86_400_000_000))
        )
        return found if longest is None else min(found, longest)

    def stamp(self, ago):
        return (AT - timedelta(microseconds=ago)).isoformat()

    def longest(self, concept, kind):
        """How long ago the newest observation may be so that it lies in one of the windows; None for any time."""
        found = []
        for stream, asked in self.world.stretches.items():
            if stream.concept == concept and stream.kind in kind:
                plain = [s for s, _ in asked if s.ends_now and s.relation is None]
                if not plain:
                    return 0
                if not any(s.is_endless for s in plain):
                    found.append(max(self.world.clock.back(s.months, s.exact) for s in plain))
        return min(found, default=None)

    def record(self):
        record = {}
        for name in self.names:
            concept = self.words[name]
            match concept.kind:
                case "quantity":
                    if concept.formula is None or name in self.cut:
                        record[name] = self.numbers(concept)
                case "class":
                    rank = lambda values: self.chance.choice(values)  # noqa: E731  # one line is plain enough
                    times = self.times(self.longest(concept, ("class",))) if name != "sex" else [0]
                    record[name] = [{"value": rank(concept.values), "at": self.stamp(t)} for t in times]
                case "age":
                    edges = [m for v in self.cut.get("age", Variable(concept)).thresholds for m in (v, v - 1, v + 12)]
                    record[name] = f"{int(max(0, self.chance.choice([100, 480, *edges])))} months"
                case "condition" | "event":
                    record[name] = self.occurrences(concept)
                case "attestation":
                    record[name] = self.chance.random() < 0.5
                case "milestone" if name != "screening":
                    record[name] = self.stamp(self.ago() - self.chance.choice((0, 5 * 86_400_000_000)))
        for address in judgements(self.case.rules):
            record.setdefault("judgements", {})[address] = self.chance.random() < 0.5
        return self.whole(record)

    def times(self, longest):
        return sorted({self.ago(longest), *(self.ago() for _ in range(self.chance.choice((0, 0, 1, 2))))})

    def numbers(self, concept):
        cut = self.cut.get(concept.name, Variable(concept))
        low, high = concept.possible.low, concept.possible.high
        options = [v for v in (*edges(cut.thresholds, concept.possible), 1.0, 50.0) if low <= v <= high] or [low]
        found = []
        for t in self.times(self.longest(concept, ("value", "rise", "fall"))):
            value = self.chance.choice(options)
            told = {"value": spell(concept, value), "at": self.stamp(t)}
            multiple = self.chance.choice([m for _, m in cut.multiples] or [1.0]) * self.chance.choice((0.9, 1.0, 1.1))
            limit = value / multiple
            if cut.multiples and 0 < limit <= high and limit >= low:
                told["upper_limit"] = spell(concept, limit)
                lower = limit * self.chance.choice((1.0, 0.5))
                told["lower_limit"] = spell(concept, lower if lower >= low else limit)
            found.append(told)
        return found

    def occurrences(self, concept):
        if self.chance.random() < 0.35:
            return False
        found, ends = [], sorted({self.ago() for _ in range(self.chance.choice((2, 2, 4)))}, reverse=True)
        if concept.kind == "event":
            return [{"at": self.stamp(t)} for t in ends]
        for begin, end in zip(ends[::2], ends[1::2], strict=False):
            found.append({"onset": self.stamp(begin), "resolved": self.stamp(end)})
        if self.chance.random() < 0.5:
            found.append({"onset": self.stamp(self.ago()), "present": True})
        return found or False

    def whole(self, record):
        """Add to each whole what its parts say, so that no record leaves its own part out."""
        for name in list(record):
            concept = self.words.concepts.get(name)
            if concept is None or not concept.is_occurrence:
                continue
            listed = record[name] or []
            for part in self.words.parts(name):
                for item in record.get(part) or []:
                    when = item.get("at") or item["onset"]
                    listed = [*listed, {"at": when} if concept.kind == "event" else
                              {"onset": when, **{k: item[k] for k in ("resolved", "present") if k in item}}]  # fmt: skip
            record[name] = listed or False
        return record


def against_known_patients(case, answers, world, counts, records, told):
    """No fully known patient does what was called impossible; here `denied` questions are judged, too."""
    known = Known(case, world)
    for _ in range(records):
        record = known.record()
        outcomes = judged(case, record)
        if outcomes is None or any(
            truth is Truth.UNKNOWN and not measured(case, rule, record)
            for truth, rule in zip(outcomes[0], case.rules, strict=True)
        ):
            counts["known patients left out"] += 1
            continue
        counts["known patients"] += 1
        for key, answer in answers.items():
            if answer == "never" and all(
                (outcomes[0][which] is (Truth.TRUE if met else Truth.FALSE)) is not denied for which, met, denied in key
            ):
                yield f"{key} was called impossible{told}\n  known patient: {record}"


def measured(case, rule, record):
    """Is a rule open only because of plain windows in which nothing was measured? (Other windows need a judge of their own.)"""
    facts = prepare(Patient.parse(record, vocabulary=case.words), AT)
    situation = Situation(facts, facts.at, "PROOF", None)
    for atom in rules.atoms(rule):
        if evaluate(atom, situation) is Truth.UNKNOWN:
            if isinstance(atom, rules.LimitComparison):
                return False
            numbers = list(rules.leaves(atom.number)) if isinstance(atom, rules.Comparison) else [atom]
            for leaf in numbers:
                window = getattr(leaf, "window", None)
                if not isinstance(leaf, rules.Measured | rules.InClass) or (
                    window and (window.anchor or window.relation)
                ):
                    return False
            if isinstance(atom, rules.Comparison) and (
                not isinstance(atom.number, rules.Measured) or atom.number.concept.formula
            ):
                return False
    return True


def judged(case, record):
    """What the reference makes of the rules for a record that does not contradict itself; None otherwise."""
    try:
        facts = prepare(Patient.parse(record, vocabulary=case.words), AT)
    except EligibilityError:
        return None
    situation = Situation(facts, facts.at, "PROOF", None)
    outcomes = [evaluate(rule, situation) for rule in case.rules]
    noted = facts.computed.get("warnings", {})
    contradicts = any("leaves out" in warning for warning in facts.warnings) or noted
    several = isinstance(record.get("sex"), list)
    return None if contradicts or several else (outcomes, record)


def contradicted(answers, outcomes, told):
    for key, answer in answers.items():
        if answer != "never":
            continue
        if any(denied for _, _, denied in key):
            continue
        if all(outcomes[which] is (Truth.TRUE if met else Truth.FALSE) for which, met, _ in key):
            yield f"{key} was called impossible{told}"


def shown(case, reasoner, answers, counts, told):
    """A patient is found for what is possible, nearly always; the answers agree."""
    for goals in case.goals()[:6]:
        key = case.key(goals)
        answer = reasoner.example(goals).kind
        counts[f"example {answer} for {answers[key]}, {'plain' if case.plain else 'with anchors'}"] += 1
        if (answer == "never") is not (answers[key] == "never") and "not decided" not in (answer, answers[key]):
            yield f"{key}: can says {answers[key]}, example says {answer}{told}"


# --- enumeration -----------------------------------------------------------------------------------------------------

HOUR = 3_600_000_000
FAMILIES = (
    ("sepsis", "septic shock"),
    ("stroke", "acute cerebral infarction"),
    ("myocardial infarction", None),
    ("creatinine", None),
)


def small_rule(chance, names):
    """A rule of a few atoms about a whole and its part, or about one number."""

    def atom():
        name = chance.choice([name for name in names if name])
        if name == "creatinine":
            return f"creatinine {chance.choice(('<', '<=', '>', '>='))} {chance.choice((100, 200, 200.0000001, 300))} umol/L"
        length = chance.choice(("2 days", "1 week"))
        forms = [name, f"history of {name}", f"{name} within {length}", f"onset of {name} within {length}",
                 f"time since onset of {name} {chance.choice(('<', '<=', '>', '>='))} {length}"]  # fmt: skip
        if name in ("sepsis", "septic shock", "acute cerebral infarction"):
            forms.append(f"{name} for at least {length}")
        return chance.choice(forms)

    parts = [f"{chance.choice(('', '', 'not '))}({atom()})" for _ in range(chance.choice((1, 2, 3)))]
    return (
        f" {chance.choice(('and', 'or'))} ".join(parts)
        if len(parts) < 3
        else f"({parts[0]} and {parts[1]}) or {parts[2]}"
    )


def all_patients(names, words):
    """Every patient that differs in what such rules can see: at, before, between and behind the edges of their windows, with
    room for three times between two edges."""
    whole, part = names
    if whole == "creatinine":
        for value in (
            "0",
            "50",
            "99.99999",
            "100",
            "100.00001",
            "150",
            "200",
            "200.0000001",
            "200.0000004",
            "250",
            "300",
            "400",
        ):
            yield {"creatinine": f"{value} umol/L"}
        return
    two, week = 48 * HOUR, 168 * HOUR
    times = [
        HOUR,
        10 * HOUR,
        40 * HOUR,
        two,
        60 * HOUR,
        90 * HOUR,
        120 * HOUR,
        week,
        200 * HOUR,
        300 * HOUR,
        400 * HOUR,
    ]

    def stamp(ago):
        return (AT - timedelta(microseconds=ago)).isoformat()

    def histories(name):
        yield []
        for onset in times:
            if words[name].kind == "event":
                yield [{"at": stamp(onset)}]
                continue
            yield [{"onset": stamp(onset), "present": True}]
            for end in times:
                if end <= onset:
                    yield [{"onset": stamp(onset), "resolved": stamp(end)}]

    for own in histories(whole):
        if part is None:
            yield {whole: own or False}
            continue
        for theirs in histories(part):
            listed = list(own)
            for item in theirs:
                if words[whole].kind == "event":
                    listed.append({"at": item["onset"]})
                else:
                    listed.append(item)
            yield {whole: listed or False, part: theirs or False}


def enumerate_case(seed, words):
    """The analysis says exactly what the enumeration of all patients finds."""
    chance = random.Random(seed)
    names = chance.choice(FAMILIES)
    texts = [small_rule(chance, names) for _ in range(2)]
    case = Case.__new__(Case)
    case.words, case.texts = words, texts
    case.trials = [
        compile_trial(f'trial PROOF "proof"\n\ninclude:\n  1 "case": {text}\n', vocabulary=words) for text in texts
    ]
    case.rules = [trial.criteria[0].rule for trial in case.trials]
    case.asker = asker_of(case.trials[0])
    reasoner = Reasoner([(case.asker, rule) for rule in case.rules], AT, words)
    seen = set()
    for record in all_patients(names, words):
        outcomes = judged(case, record)
        if outcomes is not None:
            seen.add(tuple(outcomes[0]))
    for goals in case.goals():
        key = case.key(goals)
        here = any(
            all((outcome[which] is (Truth.TRUE if met else Truth.FALSE)) is not denied for which, met, denied in key)
            for outcome in seen
        )
        if reasoner.can(goals).kind != ("possible" if here else "never"):
            yield f"{key}: enumeration says {here}, the analysis {reasoner.can(goals).kind}\n  a: {texts[0]}\n  b: {texts[1]}"


def run_enumeration(cases, seed):
    """Compare so many small pairs with the enumeration of all patients."""
    words = bundled_vocabulary()
    return [
        f"seed {number}: {wrong}" for number in range(seed, seed + cases) for wrong in enumerate_case(number, words)
    ]


def run(cases, seed, **options):
    """Check so many pairs; returns what is wrong and how often each answer was given."""
    words = bundled_vocabulary()
    wrong, counts = [], Counter()
    number = seed * 1_000_003
    for done in range(cases):
        number += 1
        case = Case(number, words)
        try:
            wrong += [f"seed {number}: {text}" for text in check_case(case, counts, **options)]
        except Exception as error:
            wrong.append(f"seed {number}: {type(error).__name__}: {error}\n  {case.texts}")
        if len(wrong) >= 30:
            break
        if done % 1000 == 999:
            print(f"{done + 1:,} pairs", file=sys.stderr, flush=True)
    return wrong, counts


def main():
    parser = argparse.ArgumentParser(description="Compare the analysis with z3, the reference and random records.")
    parser.add_argument("--cases", type=int, default=20_000, help="how many pairs of rules")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.perf_counter()
    wrong, counts = run(arguments.cases, arguments.seed)
    small = max(1, arguments.cases // 50)
    wrong += run_enumeration(small, arguments.seed)
    counts["small pairs enumerated"] = small
    print("\n".join(wrong))
    for name, count in sorted(counts.items()):
        print(f"{count:>9,}  {name}")
    print(f"{arguments.cases:,} pairs, {len(wrong)} differences, {timedelta(seconds=int(time.perf_counter() - began))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
