"""The conformance kit through the cohort: each record becomes rows of the long table. The cases of a frequent instant are one cohort;
the others are one together, each patient at its own instant."""

import json
import random
import re
from collections import defaultdict
from pathlib import Path

from differences import MET, dicts, frames
from rows import Inexpressible, rows_of

from eligibility import compile_trial
from eligibility.cohort import screen
from eligibility.vocabulary import bundled_vocabulary

KIT = Path(__file__).parent.parent / "kit"
ZONED = re.compile(r"(Z|[+-]\d\d:\d\d)$")


def cases():
    for path in sorted(KIT.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            if "outcome" in case and "rule" in case and expressible(case["patient"]):
                yield case


def expressible(record):
    """The long table has no empty list, no number of its own unit for a limit, and no name that nobody knows."""
    words = bundled_vocabulary()
    known = [words.find(key) for key in record if key not in ("as_of", "birth_date", "judgements", "trials", "id")]
    if None in known or len({concept.name for concept in known}) < len(known) or [] in record.values():
        return False
    try:
        rows_of(record, "k", words, random.Random(0))
    except Inexpressible:
        return False
    return True


def compiled(number, rule):
    lines = "".join(f"    {line}\n" for line in rule.splitlines())
    return compile_trial(f'trial K{number} "kit"\n\ninclude:\n  1 "case":\n{lines}'.replace("KIT", f"K{number}"))


def test_every_formula_of_the_kit_has_the_same_outcome_in_a_cohort():
    groups = defaultdict(list)
    for number, case in enumerate(cases()):
        groups[case.get("at"), case.get("absent") or "unknown"].append((number, case))
    for (at, absent), group in list(groups.items()):
        if at is not None and ZONED.search(at) and len(group) < 10:
            groups[None, absent] += [
                (number, {**case, "patient": {**case["patient"], "as_of": at}}) for number, case in group
            ]
            del groups[at, absent]
    words = bundled_vocabulary()
    wrong, done = [], 0
    for (at, absent), group in groups.items():
        facts, people = [], []
        trials = [compiled(number, case["rule"]) for number, case in group]
        for number, case in group:
            record = json.loads(re.sub(r"\bkit\b", f"k{number}", json.dumps(case["patient"]), flags=re.IGNORECASE))
            rows, person = rows_of(record, f"k{number}", words, random.Random(number))
            facts += rows
            people.append(person)
        long, small = frames("polars", facts, people)
        cohort = screen(long, trials, patients=small, at=at, absent=absent)
        met = {row["patient"]: row for row in dicts(cohort.criteria)}
        rejected = {row["patient"]: row["reason"] for row in dicts(cohort.rejects)}
        for number, case in group:
            found = met[f"k{number}"][f"K{number}/include.1"]
            done += 1
            if found is not MET[case["outcome"]]:
                wrong.append((case["case"], found, case["outcome"], rejected.get(f"k{number}")))
    assert wrong == [], "\n".join(map(str, wrong))
    assert done >= 250
