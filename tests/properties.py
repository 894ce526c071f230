"""Random rules and random patients go in; every property of the engine that does not hold comes out as a sentence.

`python tests/properties.py --cases 100000 --seed 1`, or `--minutes 30`, runs them at length; the tests run a few thousand at a fixed seed.
"""

import argparse
import math
import random
import re
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime

from answers import BEYOND, Answers, Unanswered, inputs
from eligibility import EligibilityError, Screener, compile_trial, rules, screen
from eligibility.building import consistent, merged
from eligibility.evaluator import Situation, changed, evaluate, measured, truths_of, value_of
from eligibility.explanation import explain
from eligibility.facts import prepare
from eligibility.formulas import check_formula
from eligibility.instants import Span
from eligibility.logic import Truth
from eligibility.needs import needs_of, open_atoms
from eligibility.parser import parse_trial
from eligibility.patient import Patient
from eligibility.printer import print_trial
from eligibility.regions import Variable, touched
from eligibility.series import input_at
from eligibility.states import spell, states, states_for, units_of
from eligibility.validity import first_change
from eligibility.vocabulary import bundled_vocabulary
from eligibility.writing import CONSTRUCTS, Writer

AT = datetime.fromisoformat("2024-03-04T08:00:00+00:00")
HEAD = 'trial SOAK "soak"\n\ninclude:\n  1 "case":\n'
U = Truth.UNKNOWN


def wrapped(body):
    return HEAD + "".join(f"    {line}\n" for line in body.splitlines())


class Case:
    """One rule, and the pieces of records about what it reads."""

    def __init__(self, seed, words, per_rule):
        self.chance = random.Random(seed)
        self.words = words
        writer = Writer(words, self.chance, deepest=2)
        self.text = writer.body()
        self.used = writer.used
        self.trial = compile_trial(wrapped(self.text))
        self.criterion = self.trial.criteria[0]
        self.screener = Screener([self.trial])
        self.pieces = states_for([self.criterion.rule], words, AT)
        related = sorted(touched(self.criterion.rule, words) - set(self.pieces))
        for name in self.chance.sample(related, min(2, len(related))):
            self.pieces[name] = states(Variable(words[name]), words, AT)
        self.counted = 0  # records that do not contradict themselves
        self.answered, self.unanswered = Counter(), Counter()  # what was asked for, and what could not be answered
        self.records = [self.record() for _ in range(per_rule)]

    def record(self):
        share = self.chance.choice((0.3, 0.6, 0.9, 1.0))
        pieces = list(self.pieces.values())
        if self.chance.random() < 0.4:  # without any time: such records are read by a way of their own
            pieces = [[piece for piece in options if is_plain(piece)] for options in pieces]
        drawn = [self.chance.choice(options) for options in pieces if options and self.chance.random() < share]
        self.chance.shuffle(drawn)
        return consistent(merged(drawn), self.words)

    def situation(self, record, absent="unknown"):
        facts = prepare(Patient.parse(record, vocabulary=self.words), AT, absent)
        return Situation(facts, facts.at, "SOAK", self.trial.values)

    def needs(self, record):
        """What an open criterion asks for, and what is known of each of its statements."""
        situation = self.situation(record)
        truths = truths_of(self.criterion.rule, situation)
        return needs_of(self.criterion, truths, situation), truths

    def outcome(self, record, absent="unknown"):
        """The outcome, or None for a record that contradicts itself."""
        try:
            return evaluate(self.criterion.rule, self.situation(record, absent))
        except EligibilityError:
            return None


def is_plain(piece):
    """Does a piece of a record bear no time?"""
    return all(not isinstance(value, dict | list) or key == "judgements" for key, value in piece.items())


def check_case(case, only=None):
    """What does not hold for one rule and its records."""
    yield from printed_and_parsed(case)
    for record in case.records:
        outcome = case.outcome(record)
        if outcome is None:
            continue
        case.counted += 1
        for check in CHECKS:
            if only not in (None, check.__name__):
                continue
            for wrong in check(case, record, outcome):
                yield f"{check.__name__}: {wrong}\n  rule: {case.text}\n  patient: {record}"


def printed_and_parsed(case):
    tree, _ = parse_trial(wrapped(case.text), case.words)
    text = print_trial(tree)
    again, diagnostics = parse_trial(text, case.words)
    if diagnostics or again.sections != tree.sections or print_trial(again) != text:
        yield f"printed_and_parsed: {text}"


def compiled(case, record, outcome):
    """The compiled trial gives the verdict of the reference."""
    for absent in ("unknown", "no"):
        try:
            expected = screen(record, [case.trial], at=AT, absent=absent)["SOAK"].verdict
        except EligibilityError:
            continue
        found = case.screener.screen(record, at=AT.isoformat(), absent=absent)["SOAK"].verdict
        if found != expected:
            yield f"compiled it is {found}, by the reference {expected}, with absent={absent}"


def knowing_more(case, record, outcome):
    """A fact less never gives another settled outcome."""
    for key in record:
        concept = case.words.concepts.get(key)
        if key == "judgements" or concept is None or concept.formula or concept.assumed is not None:
            continue
        if any(key in inputs(case.words, other) for other in record):
            continue  # it adds a computed observation to those that were brought
        less = {name: value for name, value in record.items() if name != key}
        before = case.outcome(less)
        if before is not None and {before, outcome} == {Truth.TRUE, Truth.FALSE} and not disagrees(case, record):
            yield f"without {key} it is {before.value}, with it {outcome.value}"
    for key, value in record.items():
        if isinstance(value, dict):
            for field, when in value.items():
                if isinstance(when, str) and re.fullmatch(r"\d{4}-\d{2}", when):
                    sharper = case.outcome(
                        {
                            **record,
                            key: {
                                **value,
                                field: f"{when}-{case.chance.randint(1, 3 if when == '2024-03' else 28):02}",
                            },
                        }
                    )
                    if {sharper, outcome} == {Truth.TRUE, Truth.FALSE}:
                        yield f"a day for {key} turns {outcome.value} into {sharper.value}"


def disagrees(case, record):
    """Does a whole leave out its part? Then the union counts, with a warning: that is other knowledge, not more."""
    return any("leaves out" in warning for warning in case.situation(record).facts.warnings)


def respelled(case, record, outcome):
    """Other units change nothing."""
    other = dict(record)
    for key, value in record.items():
        concept = case.words.concepts.get(key)
        if concept is None or concept.kind != "quantity" or not isinstance(value, str):
            continue
        match = re.fullmatch(r"(-?[\d.]+(?:e[-+]?\d+)?)(?: (.+))?", value)
        if match and (match[2] or "1") == concept.unit:
            units = list(units_of(concept, case.words))
            if units:
                text, unit = case.chance.choice(units)
                other[key] = spell(concept, float(match[1]), unit, text)
    found = case.outcome(other)
    if found is not None and found is not outcome:
        yield f"{outcome.value} becomes {found.value} as {other}"


def reordered(case, record, outcome):
    """The order of keys and of rows changes nothing."""
    keys = list(record)
    case.chance.shuffle(keys)
    other = {key: list(reversed(record[key])) if isinstance(record[key], list) else record[key] for key in keys}
    found = case.outcome(other)
    if found is not outcome:
        yield f"{outcome.value} becomes {'a refusal' if found is None else found.value}"


def needs_are_exact(case, record, outcome):
    """An open criterion has needs; what is neither named nor kin to a named fact cannot decide it."""
    needs, _ = case.needs(record)
    if (outcome is U) is not bool(needs):
        yield f"{outcome.value} with needs {[need.concept for need in needs]}"
    if outcome is not U:
        return
    named = {need.concept for need in needs}
    kin = set(named)
    for name in named & set(case.words.concepts):
        concept = case.words[name]
        kin |= {*case.words.wholes(name), *case.words.parts(name), *inputs(case.words, name)}
        if concept.has_limited_applicability:
            kin |= {"sex", "age"}
        if concept.none_when_absent:
            kin |= {concept.none_when_absent, *case.words.wholes(concept.none_when_absent)}
    for name, options in case.pieces.items():
        concept = case.words.concepts.get(name)
        if name in kin or name in record or concept is None or concept.formula or concept.assumed is not None:
            continue
        if name == "age" and "birth_date" in record:
            continue
        if any(name in inputs(case.words, other) for other in record) or concept.none_when_absent in record:
            continue  # another observation beside those that were brought; a stage of what is absent
        richer = merged([record, case.chance.choice(options)])
        more = case.outcome(richer)
        if more is not None and more is not U and not disagrees(case, richer):
            yield f"{name} is not named in {sorted(named)}, and decides it"


def needs_are_enough(case, record, outcome):
    """Answering everything that is asked decides the criterion. Where the time of an anchor was asked, what is measured
    from it is asked next; where a formula has no result for the answers, that is said, and nothing else is asked."""
    richer, found = record, outcome
    while found is U:
        needs, _ = case.needs(richer)
        try:
            answers = Answers(case.words, case.criterion.rule, richer, case.situation(richer), case.chance, AT)
            answered = answers.supply(needs)
        except Unanswered as reason:
            case.unanswered[str(reason)] += 1
            return
        found = case.outcome(answered)
        if found is None or disagrees(case, answered):  # the answers contradict what the record says
            case.unanswered["refused"] += 1
            return
        case.answered.update(need.asks for need in needs)
        before, richer = richer, answered
        if not any(asked in ANCHORS for need in needs for asked in need.asks.split("; ")):
            break
    if found is not U:
        return
    again, truths = case.needs(richer)
    situation = case.situation(richer)
    beyond = [atom for atom in open_atoms(case.criterion.rule, truths) if has_no_result(atom, situation)]
    if set(beyond) != set(open_atoms(case.criterion.rule, truths)) or {need.asks for need in again} != {BEYOND}:
        asked = [f"{need.concept}: {need.asks}" for need in needs]
        yield f"of {before}: {asked} answered by {richer} leaves it open: {[f'{need.concept}: {need.asks}' for need in again]}"


ANCHORS = ("time", "exact time", "whether and when it began")


def has_no_result(atom, situation):
    """Is a comparison open since its formula, computed as on a pocket calculator, has no result for what is known?"""
    return isinstance(atom, rules.Comparison) and is_undefined(
        lambda: computed(atom.number, lambda leaf: known_now(leaf, situation))
    )


def is_undefined(compute):
    try:
        compute()
    except (ValueError, ZeroDivisionError):  # what `math` says of the logarithm of 0, of the root of -1, and of 1 / 0
        return True
    except (NotKnown, OverflowError):
        return False
    return False


def known_now(leaf, situation):
    """The number of a measurement; that of a derived one from its inputs, at the instants at which it was computed."""
    known = value_of(leaf, situation)
    if known.is_point:
        return known.low
    if isinstance(leaf, rules.Measured | rules.Changed) and leaf.concept.formula is not None:
        chosen = measured(leaf, situation) if isinstance(leaf, rules.Measured) else changed(leaf, situation)
        for observation in chosen.used:
            if observation.computed and not observation.value.is_point:
                return computed_then(leaf.concept, observation.when, situation)
    raise NotKnown


def computed_then(concept, when, situation):
    """A derived quantity at an instant, from inputs that are known exactly."""
    formula = check_formula(situation.facts.vocabulary, concept)

    def leaf(number):
        if not isinstance(number, rules.Measured):
            raise NotKnown
        source = number.concept
        known, _ = input_at(situation.facts, source, when, situation.values, source in formula.sampled_with)
        if known.is_point:
            return known.low
        if source.formula is not None:
            return computed_then(source, when, situation)
        raise NotKnown

    return computed(formula.expression, leaf)


def computed(number, leaf):
    """A formula with a number for each leaf. Raises what `math` raises, and NotKnown for what hangs on an open input."""
    match number:
        case rules.Constant(value=value):
            return value
        case rules.Scaled(operand=operand, factor=factor, offset=offset):
            return computed(operand, leaf) * factor + offset
        case rules.Applied(function=function, operand=operand):
            return math.log(computed(operand, leaf)) if function == "ln" else math.exp(computed(operand, leaf))
        case rules.Combined(operator="/", left=left, right=right):
            divisor = computed(right, leaf)
            if not divisor:
                raise ZeroDivisionError
            return computed(left, leaf) / divisor
        case rules.Combined(operator="*", left=left, right=right):
            factors = []
            for operand in (left, right):
                with suppress(NotKnown):
                    factors.append(computed(operand, leaf))
            if 0.0 not in factors and len(factors) < 2:
                raise NotKnown
            return math.prod(factors)
        case rules.Combined(operator=operator, left=left, right=right):
            a, b = computed(left, leaf), computed(right, leaf)
            return (
                math.pow(a, b)
                if operator == "^"
                else {"+": a + b, "-": a - b, "min": min(a, b), "max": max(a, b)}[operator]
            )
        case _:
            return leaf(number)


class NotKnown(Exception):
    """An input is not known exactly."""


def reasons(case, record, outcome):
    """Every reason is a sentence."""
    situation = case.situation(record)
    sentence, evidence = explain(case.criterion.rule, truths_of(case.criterion.rule, situation), situation)
    if not sentence.endswith(".") or not evidence or "None" in sentence or re.search(r"\bnan\b", sentence):
        yield f"reason: {sentence!r}"


def holds_until(case, record, outcome):
    """The same facts give the same outcome until `valid_until`, and another then."""
    if case.chance.random() > 0.2:
        return
    situation = case.situation(record)
    facts = situation.facts

    def at(now):
        return evaluate(case.criterion.rule, Situation(facts, now, "SOAK", case.trial.values)).value

    found = first_change(
        [case.criterion], facts, "SOAK", case.trial.values, lambda _, now: at(now), lambda states: "".join(states)
    )
    end = facts.at + 3 * 366 * 86_400_000_000 if found is None else found
    if found is not None and (at(found) == outcome.value or at(found - 1) != outcome.value):
        yield f"valid_until {Span(found, found)}: {at(found - 1)} then {at(found)}"
    for _ in range(6):
        between = case.chance.randint(facts.at, end - 1)
        if at(between) != outcome.value:
            yield f"it turns {at(between)} at {between}, before {found}"
            return


CHECKS = (
    compiled, knowing_more, respelled, reordered, needs_are_exact, needs_are_enough, reasons, holds_until,
)  # fmt: skip


def run(cases, seed, per_rule=10, report=lambda done: None, only=None, most=50, tell=lambda fault: None):
    """Check so many (rule, patient) pairs; returns what is wrong, how many were judged, and the constructs written.

    `report` is told how many are done, and ends the run by saying so; `tell` is told each fault when it is found, so that an
    interrupted run loses none. `only` names one property to check; after `most` faults there is an end.
    """
    words = bundled_vocabulary()
    wrong, used, done = [], Counter(), 0
    number = seed * 1_000_003
    while done < cases:
        number += 1
        case = Case(number, words, per_rule)
        used.update(case.used)
        try:
            found = [f"seed {number}: {text}" for text in check_case(case, only)]
        except Exception as error:
            found = [f"seed {number}: {type(error).__name__}: {error}\n  rule: {case.text}"]
        for fault in found:
            tell(fault)
        wrong += found
        done += case.counted
        if report(done) or len(wrong) >= most:
            break
    return wrong, done, used


def main():
    parser = argparse.ArgumentParser(description="Check the properties of the engine on random rules and patients.")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--cases", type=int, default=100_000, help="how many (rule, patient) pairs")
    length.add_argument("--minutes", type=float, help="how long, instead of how many")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = told = time.perf_counter()
    cases = math.inf if arguments.minutes else arguments.cases

    def report(done):
        """A line every ten seconds; the run is over when its time is."""
        nonlocal told
        now = time.perf_counter()
        if now - told >= 10:
            told = now
            print(f"{done:,} cases, {done / (now - began):.0f} a second", file=sys.stderr, flush=True)
        return arguments.minutes is not None and now - began >= 60 * arguments.minutes

    wrong, done, used = run(cases, arguments.seed, report=report, tell=lambda fault: print(fault, flush=True))
    missing = sorted(set(CONSTRUCTS) - set(used))
    seconds = time.perf_counter() - began
    print(
        f"{done:,} cases, {len(wrong)} differences, {seconds:.0f} s, {done / seconds:.0f} cases a second; "
        f"constructs never written: {', '.join(missing) or 'none'}"
    )
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
