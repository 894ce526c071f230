"""Pairs of very small rules go in; all patients that can differ under them are tried, and every difference comes out."""

import random
from datetime import timedelta

from eligibility import compile_trial
from eligibility.analysis.reasoner import Reasoner, asker_of
from eligibility.logic import Truth
from eligibility.vocabulary import bundled_vocabulary
from proofs.cases import AT, Case
from proofs.patients import judged

HOUR = 3_600_000_000
NUMBERS = (  # at, within the tolerance of, and between the thresholds
    "0", "50", "99.99999", "100", "100.00001", "150", "199.9999", "199.99999985", "200", "200.0000001", "200.00000025", "200.0001", "250",
    "300", "400",
)  # fmt: skip
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
        for value in NUMBERS:
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
