"""Pairs of random rules go in; where the analysis and an independent prover differ comes out as a sentence.

The prover is z3: patients are real numbers and truth values there, without any cells. Three more judges keep it company: the
reference evaluator (no random record may show what was called impossible), every patient that the analysis shows, and an
enumeration of all combinations of simple facts (nothing that it finds may be missed).

`python tests/prove.py --cases 20000 --seed 1` runs it at length; the tests run a few hundred at a fixed seed.
"""

import argparse
import sys
import time
from collections import Counter
from datetime import timedelta

from eligibility.analysis.reasoner import Reasoner
from eligibility.building import consistent, merged
from eligibility.logic import Truth
from eligibility.regions import Variable, touched
from eligibility.states import states, states_for
from eligibility.vocabulary import bundled_vocabulary
from proofs.cases import AT, Case
from proofs.enumeration import run_enumeration
from proofs.patients import against_computed_patients, against_known_patients, judged
from proofs.prover import Prover

# --- judging ---------------------------------------------------------------------------------------------------------


def check_case(case, counts, *, records=12, examples=True):
    """What does not agree."""
    statements = [(case.asker, rule) for rule in case.rules]
    told = f"\n  a: {case.texts[0]}\n  b: {case.texts[1]}"
    if case.derived:
        reasoner = Reasoner(statements, AT, case.words, as_computed=True)
        answers = yield from against_prover(case, reasoner, Prover(case.rules, case.words, AT, True), counts, told)
        yield from against_computed_patients(case, answers, counts, records, told)
    reasoner = Reasoner(statements, AT, case.words)
    answers = yield from against_prover(case, reasoner, Prover(case.rules, case.words, AT), counts, told)
    yield from against_records(case, answers, counts, records, told)
    yield from against_known_patients(case, answers, reasoner.worlds[0], counts, records, told)
    if examples:
        yield from shown(case, reasoner, answers, counts, told)


def against_prover(case, reasoner, prover, counts, told):
    """The prover says the same of every question. Returns the answers.

    Where numbers are computed, the analysis reasons by ranges, which may leave possible what the prover refutes; and it bounds
    `ln`, `exp` and powers, which are free numbers to the prover."""
    answers = {}
    questions = case.goals()
    for goals, proved in zip(questions, prover.can(questions), strict=True):
        key = case.key(goals)
        answer = answers[key] = reasoner.can(goals).kind
        if len(goals) == 2 and reasoner.can(goals[:1]).kind == "possible":
            reasoner.remember(goals[:1])
            beside = reasoner.can_beside(goals[:1], goals[1:]).kind
            if beside != answer:
                yield f"{key}: {answer}, and {beside} beside the first{told}"
        expected = {"sat": "possible", "unsat": "never"}.get(proved, "unknown")
        among = " (computed)" if prover.tied else ""
        counts[f"{answer}, prover {expected}{among}"] += 1
        coarser = prover.tied and answer == "possible"
        finer = prover.abstracted and answer == "never"
        if answer != "not decided" and expected != "unknown" and answer != expected and not coarser and not finer:
            yield f"{key}: {answer}, and the prover says {expected}{told}"
    return answers


def against_records(case, answers, counts, records, told):
    """No record of a patient does what was called impossible."""
    pieces = states_for(case.rules, case.words, AT)
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


def run(cases, seed, theme=None, **options):
    """Check so many pairs; returns what is wrong and how often each answer was given."""
    words = bundled_vocabulary()
    wrong, counts = [], Counter()
    number = seed * 1_000_003
    for done in range(cases):
        number += 1
        case = Case(number, words, theme)
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
