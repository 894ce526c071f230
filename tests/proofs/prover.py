"""Two rules go in; what z3 says of every question about them comes out. Patients are real numbers and truth values here."""

from fractions import Fraction
from itertools import product

import z3

from eligibility import rules
from eligibility.evaluator import check_formula
from eligibility.instants import Duration, instant_of, shift
from eligibility.intervals import INFINITY


class Prover:
    """The two rules as statements of z3 about one fully known patient."""

    def __init__(self, listed, words, at, as_computed=False):
        self.as_computed = as_computed
        self.tied = self.abstracted = False
        self.written = {}
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
        if self.as_computed:
            self.formulas()
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

    def formulas(self):
        """Derived quantities are computed from the newest of each input, where one of them is asked for."""
        for stream in list(self.ordered):
            concept = self.words[stream[0]]
            newest = [p for p in self.ordered[stream] if p[:2] == ("value", "latest") and self.ends_now(p[2])]
            if stream[1] != "value" or concept.formula is None or not newest:
                continue
            formula = check_formula(self.words, concept)
            leaves = list(rules.leaves(formula.expression))
            if any(not isinstance(leaf, rules.Measured) for leaf in leaves):
                continue
            for leaf in leaves:
                low, high = reach(leaf.concept, self.words)
                self.facts += between(self.value(leaf, []), low, high)
            self.facts += self.tie(self.number(stream, *newest[0]), formula.expression)

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
                self.facts += [*between(x, low, high), *self.tie(x, number)]
                outcome = z3.And(*[bounded(x, b) for b in bounds])
                decided = decides(bounds, low, high)
                known = z3.BoolVal(True) if decided is met else self.computable(number, tuple(key))
                missing = z3.BoolVal(False) if met else z3.Or(*[z3.Not(mark) for mark in marks])
                exists = z3.And(*marks) if met else z3.BoolVal(True)
                return z3.Or(missing, z3.And(exists, known, two_sided(outcome)))
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

    # --- arithmetic

    def computable(self, number, key):
        """That arithmetic has an outcome: for sure where all that it reads was measured."""
        known = self.var("computable", number, key, sort=z3.Bool)
        tests = []
        for leaf in rules.leaves(number):
            changed = isinstance(leaf, rules.Changed)
            over = (leaf.over.months, leaf.over.exact) if changed else None
            window = self.window(leaf.window) if changed else self.read(leaf)
            if len(self.windows[self.stream(leaf)]) == 1:
                continue
            tests.append(self.measured(self.stream(leaf), window, over))
        self.facts.append(z3.Implies(z3.And(*tests), known))
        return known

    def tie(self, x, number):
        """What a number is tied to; `ln`, `exp` and powers other than whole ones are free numbers."""
        self.tied = True
        domains = []
        value = self.value(number, domains)
        return [z3.Implies(z3.And(*domains), x == value)]

    def value(self, number, domains):
        match number:
            case rules.Constant(value=value):
                return q(value)
            case rules.Scaled(operand=operand, factor=factor, offset=offset):
                return self.value(operand, domains) * q(factor) + q(offset)
            case rules.Measured():
                return self.number(self.stream(number), "value", number.selection, self.read(number), None)
            case rules.Changed():
                over = (number.over.months, number.over.exact)
                return self.number(self.stream(number), "change", "", self.window(number.window), over)
            case rules.Combined(operator=operator, left=left, right=right) if operator != "^":
                a, b = self.value(left, domains), self.value(right, domains)
                if operator == "/":
                    domains.append(b != 0)
                    return a / b
                lesser = a <= b if operator == "min" else a >= b
                return {"+": a + b, "-": a - b, "*": a * b}.get(operator, z3.If(lesser, a, b))
            case rules.Combined(left=left, right=rules.Constant(value=2.0)):
                a = self.value(left, domains)
                return a * a
        self.abstracted = True
        return self.var("abstracted", number)

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
        key = (id(goal.rule), goal.met)
        if key not in self.written:
            self.written[key] = self.outcome(goal.rule, goal.met)
        return z3.Not(self.written[key]) if goal.denied else self.written[key]

    def can(self, questions):
        """sat, unsat or unknown for each list of goals."""
        asked = [[self.goal(goal) for goal in goals] for goals in questions]
        solver = z3.Solver()
        solver.set("timeout", 200 if self.tied else 20_000)  # products of unknowns take long, or for ever
        solver.add(*self.facts)
        given_up = 0
        for goals in asked:
            if given_up == 3:
                yield "unknown"
                continue
            solver.push()
            solver.add(*goals)
            answer = str(solver.check())
            given_up += answer == "unknown"
            yield answer
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
