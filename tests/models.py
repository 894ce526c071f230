"""Small independent models of single meanings, each compared with the engine on random instances.

A model is what a careful reader of the language page would compute by hand: no code of the engine is in it.
"""

import calendar
from datetime import UTC, datetime, timedelta

from eligibility import compile_trial, screen
from eligibility.vocabulary import bundled_vocabulary

AT = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)


def outcome(body, patient, at=AT):
    text = 'trial MODEL "model"\n\ninclude:\n  1 "case":\n' + "".join(f"    {line}\n" for line in body.splitlines())
    return screen(patient, [compile_trial(text)], at=at)["MODEL"].criteria["include.1"].outcome


def stamp(moment):
    return moment.isoformat()


def differs(expected, body, patient, at=AT):
    found = outcome(body, patient, at)
    return None if found == expected else f"`{body}` with {patient} at {at}: expected {expected}, found {found}"


def months_before(moment, months):
    """The same day so many months earlier, or the last day of that month."""
    index = moment.year * 12 + moment.month - 1 - months
    year, month = index // 12, index % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


_CONDITIONS = [c.name for c in bundled_vocabulary() if c.kind == "condition" and not c.has_limited_applicability]


def negation(chance):
    """`not` turns the outcome round, and is never pushed into what it stands before."""
    patient = chance.choice(
        ({"ARDS": False}, {"ARDS": {"onset": stamp(AT - timedelta(hours=chance.randint(1, 300)))}}, {})
    )
    body = chance.choice(
        ("time since onset of ARDS > 96 hours", "onset of ARDS within 4 days", "lactate after ARDS >= 2 mmol/L")
    )
    patient = {**patient, "lactate": f"{chance.choice((1, 2, 3))} mmol/L"}
    turned = {"met": "not met", "not met": "met", "unknown": "unknown"}[outcome(body, patient)]
    return differs(turned, f"not ({body})", patient)


def logic(chance):
    """`and`, `or`, `not` and counts over known and unknown facts, against numbers: false 0, unknown 1/2, true 1."""
    names = ["bleeding", "brain herniation", "delirium", "migraine"]
    values = {name: chance.choice((0, 0.5, 1)) for name in names}
    patient = {name: bool(value) for name, value in values.items() if value != 0.5}

    def grow(depth):
        if depth == 0:
            name = chance.choice(names)
            return name, values[name]
        form = chance.choice(("not", "and", "or", "unless", "if"))
        (a, x), (b, y) = grow(depth - 1), grow(depth - 1)
        return {
            "not": (f"not ({a})", 1 - x),
            "and": (f"({a}) and ({b})", min(x, y)),
            "or": (f"({a}) or ({b})", max(x, y)),
            "unless": (f"({a}) unless ({b})", min(x, 1 - y)),
            "if": (f"if ({a}) then ({b})", max(1 - x, y)),
        }[form]

    body, value = grow(chance.randint(1, 3))
    return differs({0: "not met", 0.5: "unknown", 1: "met"}[value], body, patient)


def counting(chance):
    """`at least n of`, against every way in which the unknown facts may turn out."""
    names = ["bleeding", "brain herniation", "delirium", "migraine"]
    facts = {name: chance.choice((True, False, None)) for name in names}
    form, n = chance.choice(("at least", "at most", "exactly")), chance.randint(1, 3)
    least, most = sum(v is True for v in facts.values()), sum(v is not False for v in facts.values())
    holds = {"at least": lambda k: k >= n, "at most": lambda k: k <= n, "exactly": lambda k: k == n}[form]
    ways = {holds(k) for k in range(least, most + 1)}
    expected = "unknown" if len(ways) == 2 else "met" if True in ways else "not met"
    body = f"{form} {n} of:\n" + "\n".join(f"  - {name}" for name in names)
    return differs(expected, body, {name: value for name, value in facts.items() if value is not None})


def missing(chance):
    """What is missing decides nothing."""
    name = chance.choice(_CONDITIONS)
    body = chance.choice(
        (
            f"`{name}`",
            f"not `{name}`",
            f"history of `{name}`",
            "creatinine >= 442 umol/L",
            "not (creatinine < 442 umol/L)",
        )
    )
    return differs("unknown", body, {})


def threshold(chance):
    """A value in another unit that equals the threshold is at it: mmHg and kPa, mg/dL and umol/L by the molar mass."""
    if chance.random() < 0.5:
        kpa = chance.randint(4, 60)
        share = chance.choice((21, 25, 30, 35, 40, 45, 50, 60, 75, 90, 100))
        mmhg = kpa / 0.133322387415 / (share / 100)
        return differs(
            "not met", f"PaO2/FiO2 < {mmhg:.15g} mmHg", {"PaO2": f"{kpa} kPa", "FiO2": f"{share} %"}
        ) or differs("met", f"PaO2/FiO2 >= {mmhg:.15g} mmHg", {"PaO2": f"{kpa} kPa", "FiO2": f"{share} %"})
    mg = chance.randint(3, 90) / 10
    umol = mg * 10_000 / 113.12
    body = f"creatinine {chance.choice(('>=', '<='))} {umol:.15g} umol/L"
    return differs("met", body, {"creatinine": f"{mg} mg/dL", "total bilirubin": f"{chance.randint(1, 9)} mg/dL"})


def analytes(chance):
    """mg/dL of one analyte is not mg/dL of another."""
    masses = {"creatinine": 113.12, "total bilirubin": 584.66, "uric acid": 168.11}
    names = chance.sample(sorted(masses), 2)
    mg = chance.randint(5, 90) / 10
    for name in names:
        umol = mg * 10_000 / masses[name]
        wrong = differs(
            "met",
            f"{umol * 0.999:.12g} umol/L < {name} < {umol * 1.001:.12g} umol/L",
            dict.fromkeys(names, f"{mg} mg/dL"),
        )
        if wrong:
            return wrong
    return None


def calendar_window(chance):
    """A window of months reaches back to the same day, or to the end of a shorter month."""
    at = datetime(chance.randint(2020, 2025), chance.randint(1, 12), 1, 12, tzinfo=UTC)
    at = at.replace(day=chance.randint(1, calendar.monthrange(at.year, at.month)[1]))
    months = chance.choice((1, 3, 6, 12, 18))
    edge = months_before(at, months)
    minutes = chance.choice((-1, 0, 1, 60, -60, 1440, -1440))
    moment = edge + timedelta(minutes=minutes)
    return differs(
        "met" if minutes >= 0 else "not met", f"stroke within {months} months", {"stroke": {"at": stamp(moment)}}, at
    )


def calendar_age(chance):
    """Completed years, counted by hand on the calendar; born on 29 February, one is a year older on 1 March."""
    born = datetime(chance.randint(1930, 2023), chance.randint(1, 12), 1)
    born = born.replace(day=chance.choice((1, 28, calendar.monthrange(born.year, born.month)[1])))
    at = datetime(chance.randint(2024, 2026), chance.randint(1, 12), chance.randint(1, 28), 12, tzinfo=UTC)
    years = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    limit = max(1, years + chance.choice((-1, 0, 1)))
    return differs(
        "met" if years >= limit else "not met", f"age >= {limit} years", {"birth_date": f"{born:%Y-%m-%d}"}, at
    )


def absent_whole(chance):
    """What never was holds nothing of what it includes."""
    words = bundled_vocabulary()
    name = chance.choice(
        [c.name for c in words if c.is_occurrence and words.wholes(c.name) and not c.has_limited_applicability]
    )
    whole = chance.choice(words.wholes(name))
    body = chance.choice((f"`{name}`", f"history of `{name}`", f"`{name}` within 1 year"))
    return differs("not met", body, {whole: False})


def open_end(chance):
    """`<t` is every value below t: it is below t, not at least t, and open for anything between."""
    limit = chance.randint(1, 500)
    sign, operator, expected = chance.choice((
        ("<", "<", "met"), ("<", ">=", "not met"), ("<=", "<", "unknown"), ("<=", "<=", "met"), ("<=", ">", "not met"),
        (">", ">", "met"), (">", "<=", "not met"), (">=", ">", "unknown"), (">=", ">=", "met"), (">=", "<", "not met"),
    ))  # fmt: skip
    return differs(
        expected, f"C-reactive protein {operator} {limit} mg/L", {"C-reactive protein": f"{sign}{limit} mg/L"}
    )


def currency(chance):
    """The latest value counts for its time, and for no minute longer."""
    name, unit, hours = chance.choice((("PEEP", "cmH2O", 24), ("creatinine", "umol/L", 168), ("SOFA", "", 24)))
    minutes = chance.choice((-1, 0, 1, 600, -600))
    when = AT - timedelta(hours=hours, minutes=minutes)
    body = f"{name} >= 5 {unit}".strip()
    return differs(
        "unknown" if minutes > 0 else "met", body, {name: {"value": f"20 {unit}".strip(), "at": stamp(when)}}
    )


def pairing(chance):
    """A blood gas meets the oxygen that was given at or before it, never a later one."""
    gas = AT - timedelta(hours=chance.randint(2, 12))
    earlier, later = chance.sample((30, 40, 50, 80, 100), 2)
    patient = {
        "PaO2": {"value": "80 mmHg", "at": stamp(gas)},
        "FiO2": [
            {"value": f"{earlier} %", "at": stamp(gas - timedelta(minutes=chance.choice((0, 1, 300))))},
            {"value": f"{later} %", "at": stamp(gas + timedelta(minutes=chance.choice((1, 60))))},
        ],
    }
    ratio = 8000 / earlier
    return differs("met", f"{ratio * 0.999:.9g} < PaO2/FiO2 < {ratio * 1.001:.9g} mmHg", patient)


def future(chance):
    """A fact dated after the instant changes nothing."""
    later = stamp(AT + timedelta(minutes=chance.choice((1, 600, 100_000))))
    return differs(
        "unknown", "creatinine >= 5 umol/L", {"creatinine": [{"value": "900 umol/L", "at": later}]}
    ) or differs("unknown", "history of stroke", {"stroke": {"at": later}})


MODELS = (
    negation, logic, counting, missing, threshold, analytes, calendar_window, calendar_age, absent_whole, open_end, currency,
    pairing, future,
)  # fmt: skip


def run(model, seed, cases):
    """What differs between a model and the engine on so many random instances."""
    import random

    chance = random.Random(seed)
    return [wrong for wrong in (model(chance) for _ in range(cases)) if wrong]
