"""A pair of rules goes in; records of patients come out, and what the reference evaluator makes of them."""

from datetime import timedelta

from eligibility import EligibilityError, rules
from eligibility.evaluator import Situation, evaluate
from eligibility.facts import prepare
from eligibility.formulas import check_formula
from eligibility.instants import Duration, instant_of, shift
from eligibility.intervals import INFINITY
from eligibility.logic import Truth
from eligibility.patient import Patient
from eligibility.regions import Variable, edges, judgements, touched, variables
from eligibility.states import spell
from proofs.cases import AT


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


def against_computed_patients(case, answers, counts, records, told):
    """No patient in whom the derived quantity is computed, from inputs measured together, does what was called impossible."""
    cut = variables(case.rules, case.words)
    names = set().union(*(touched(rule, case.words) for rule in case.rules)) & set(case.words.concepts)
    names |= {source.name for source in check_formula(case.words, case.words[case.derived]).inputs}
    known = Known(case, None)
    for _ in range(records):
        record = {}
        for name in sorted(names - {case.derived}):
            concept = case.words[name]
            if concept.kind == "quantity":
                record[name] = spell(concept, drawn(concept, cut, case.chance))
            elif concept.kind == "age":
                record[name] = f"{case.chance.choice((0, 20, 40, 65, 90))} years"
            elif concept.kind == "class":
                record[name] = case.chance.choice(concept.values)
            elif concept.is_occurrence:
                record[name] = known.occurrences(concept)
            elif concept.kind == "attestation":
                record[name] = case.chance.random() < 0.5
        outcomes = judged(case, known.whole(record))
        if outcomes is None or Truth.UNKNOWN in outcomes[0]:
            continue
        counts["computed patients"] += 1
        for key, answer in answers.items():
            if answer == "never" and all(
                (outcomes[0][which] is (Truth.TRUE if met else Truth.FALSE)) is not denied for which, met, denied in key
            ):
                yield f"{key} was called impossible as computed{told}\n  patient: {record}"


def drawn(concept, cut, chance):
    """A number at, beside or between the thresholds of a quantity, or a plausible one."""
    low, high = concept.possible.low, concept.possible.high
    span = concept.plausible or concept.possible
    top = span.high if span.high < INFINITY else 1_000.0
    options = [
        v for v in edges(cut.get(concept.name, Variable(concept)).thresholds, concept.possible) if low <= v <= high
    ]
    plausible = max(low, span.low) + (top - max(low, span.low)) * chance.random() ** chance.choice((1, 3))
    return chance.choice(options) if options and chance.random() < 0.5 else float(f"{plausible:.4g}")
