"""Very many trials in an index: trials that come after patients were judged, clauses of several literals, bits and listings."""

import random

import pytest

import many_trials
from eligibility import Screener, compile_trial, literals, screen, screener
from eligibility.errors import EligibilityError
from properties import AT

STAMP = AT.isoformat()


@pytest.fixture(autouse=True)
def _always_an_index(monkeypatch):
    monkeypatch.setattr(screener, "FEW", 0)


def trial_named(name, *criteria):
    lines = [f'trial {name} "named"', "", "include:"]
    lines += [f'  {number} "case": {formula}' for number, formula in enumerate(criteria, 1)]
    return compile_trial("\n".join(lines) + "\n")


def expected(patient, trials):
    return {trial.id: trial.verdict for trial in screen(patient, trials, at=STAMP)}


def test_trials_that_come_after_patients_were_judged():
    chance = random.Random(5)
    made = many_trials.make(40, 5)
    compiled = Screener(made.trials[:10])
    held = dict(enumerate(made.trials[:10]))
    patients = list(many_trials.patients(many_trials.Registry(5), 20, 6))
    for number, patient in enumerate(patients):
        assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == expected(patient, held.values())
        newcomer = 10 + number
        compiled.add(made.trials[newcomer])
        held[newcomer] = made.trials[newcomer]
        if number % 3 == 0:
            gone = held.pop(chance.choice(list(held)))
            compiled.withdraw(gone.id)
    assert len(compiled.trials) == 10 + 20 - 7


def test_verdicts_that_were_given_keep_what_they_know():
    compiled = Screener([trial_named("A", "malignancy"), trial_named("B", "no malignancy")])
    verdicts = compiled.verdicts(compiled.prepare({"malignancy": True}, at=STAMP))
    compiled.withdraw("A")
    compiled.add(trial_named("C", "bleeding"))
    assert dict(verdicts) == {"A": "eligible", "B": "ineligible"}
    assert set(verdicts.eligible) == {"A"}
    assert "C" not in verdicts.undetermined


@pytest.mark.parametrize(
    "patient",
    [
        {}, {"bleeding": True}, {"bleeding": False}, {"bleeding": False, "migraine": False, "delirium": False},
        {"bleeding": False, "migraine": False, "creatinine": "500 umol/L"}, {"creatinine": "<500 umol/L", "migraine": True},
        {"informed consent": False}, {"informed consent": True, "creatinine": "1 umol/L", "delirium": True},
        {"bleeding": False, "migraine": False, "delirium": False, "creatinine": "1 umol/L", "informed consent": False},
        {"judgements": {"B/include.1": True}}, {"judgements": {"B/include.1": False}, "bleeding": False},
        {"NYHA class": "III"}, {"NYHA class": "I", "creatinine": "900 umol/L"},
    ],
)  # fmt: skip
def test_trials_of_several_clauses_of_several_literals(patient):
    trials = [
        trial_named("A", "bleeding or migraine", "bleeding or delirium or creatinine > 442 umol/L", "age >= 18 years or informed consent"),
        trial_named("B", 'bleeding or judgement "Is it so?"'), trial_named("C", "creatinine > 442 umol/L"),
        trial_named("D", "(bleeding and migraine) or (delirium and creatinine <= 442 umol/L)", "migraine or creatinine > 800 umol/L"),
        trial_named("E", "NYHA class >= III or creatinine > 442 umol/L", "no bleeding or NYHA class in (I, II)"), trial_named("F", "no migraine"),
    ]  # fmt: skip
    for order in (trials, trials[::-1]):
        compiled = Screener(order)
        verdicts = compiled.verdicts(compiled.prepare(patient, at=STAMP))
        assert dict(verdicts) == expected(patient, order)
        assert {name: verdicts[name] for name in reversed(list(verdicts))} == expected(patient, order)
        for verdict in ("eligible", "ineligible", "review", "undetermined"):
            found = getattr(verdicts, verdict)
            assert list(found) == [name for name, own in expected(patient, order).items() if own == verdict]
            assert len(found) == len(list(found))


def test_what_is_remembered_is_bounded_and_forgotten_without_harm(monkeypatch):
    monkeypatch.setattr(literals, "MOST_KEPT", 2)
    made = many_trials.make(30, 8, distinct=True)
    compiled = Screener(made.trials)
    for patient in many_trials.patients(many_trials.Registry(8, distinct=True), 12, 9):
        assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == expected(patient, made.trials)


def test_every_threshold_and_its_neighbours():
    limits = [100 + 7 * number for number in range(40)]
    signs = ("<", "<=", ">", ">=")
    trials = [trial_named(f"T{limit}-{place}", f"{'not ' if limit % 2 else ''}creatinine {sign} {limit} umol/L") for limit in limits for place, sign in enumerate(signs)]  # fmt: skip
    compiled = Screener(trials)
    for limit in limits[::3]:
        for value in (f"{limit} umol/L", f"{limit - 0.001} umol/L", f"{limit + 0.001} umol/L", f"<{limit} umol/L", f">={limit} umol/L", f"{limit} to {limit + 30} umol/L"):  # fmt: skip
            patient = {"creatinine": value}
            assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == expected(patient, trials), value


@pytest.mark.parametrize("signs", [(">=", "<="), (">", "<"), (">", None), (None, "<=")])
def test_numbers_at_the_ends_of_where_nothing_fails(signs):
    limits = {sign: limit for sign, limit in zip(signs, (50, 400), strict=True) if sign}
    trials = [trial_named(f"T{place}-{more}", f"creatinine {sign} {limit + more} umol/L") for place, (sign, limit) in enumerate(limits.items()) for more in (0, 10)]  # fmt: skip
    compiled = Screener(trials)
    for value in (0.5, 49.999, 50, 50.001, 59.999, 60, 60.001, 200, 399.999, 400, 400.001, 410, 410.001, 5000):
        patient = {"creatinine": f"{value} umol/L"}
        assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == expected(patient, trials), value


@pytest.mark.parametrize("bleeding", [True, False, None])
@pytest.mark.parametrize("consent", [True, False, None])
@pytest.mark.parametrize("creatinine", ["100 umol/L", "900 umol/L", "<500 umol/L", None])
def test_clauses_of_truths_that_must_be_so_and_others(bleeding, consent, creatinine):
    literals_ = ("bleeding", "no bleeding", "informed consent", "not informed consent", "creatinine > 442 umol/L", "not creatinine > 300 umol/L", 'judgement "Is it so?"', "migraine")  # fmt: skip
    pairs = [(one, other) for one in literals_ for other in literals_ if one < other]
    known = [("bleeding", bleeding), ("informed consent", consent), ("creatinine", creatinine)]
    patient = {name: value for name, value in known if value is not None}
    trials = [compile_or_none(f"P{number}", " or ".join(pair)) for number, pair in enumerate(pairs)]
    trials = [trial for trial in trials if trial]
    assert len(trials) > 20
    compiled = Screener(trials)
    assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == expected(patient, trials)


def compile_or_none(name, criterion):
    """The checker refuses what cannot be false, such as `bleeding or no bleeding`."""
    try:
        return trial_named(name, criterion)
    except EligibilityError:
        return None


def test_what_was_withdrawn_takes_no_room_for_ever():
    made = many_trials.make(12, 4)
    compiled = Screener(made.trials)
    patient = {"age": 50, "judgements": {"RND00003/exclude.1": True}}
    for _ in range(6):
        for trial in made.trials:
            compiled.withdraw(trial.id)
            compiled.add(trial)
    verdicts = compiled.verdicts(compiled.prepare(patient, at=STAMP))
    assert dict(verdicts) == expected(patient, compiled.trials)
    fresh = Screener(made.trials)
    others = fresh.verdicts(fresh.prepare(patient, at=STAMP))
    assert max(map(int.bit_length, verdicts.bits)) < 4 * max(map(int.bit_length, others.bits))


@pytest.mark.parametrize("few", [0, 1, 2, 3, 4])
def test_the_number_up_to_which_trials_are_few_is_crossed_in_both_directions(monkeypatch, few):
    monkeypatch.setattr(screener, "FEW", few)
    trials = [trial_named("A", "malignancy"), trial_named("B", 'judgement "Is it so?" or bleeding'), trial_named("C", "age >= 18 years"), trial_named("D", "informed consent")]  # fmt: skip
    patient = {"malignancy": True, "age": 18, "judgements": {"B/include.1": False}, "trials": {"D": {"informed consent": True}}}  # fmt: skip
    compiled = Screener([])
    assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == {}
    for trial in [*trials, None, None, None, None]:
        if trial is None:
            compiled.withdraw(compiled.trials[0].id)
        else:
            compiled.add(trial)
        verdicts = compiled.verdicts(compiled.prepare(patient, at=STAMP))
        assert dict(verdicts) == expected(patient, compiled.trials)
        assert list(verdicts.eligible) == [name for name, found in dict(verdicts).items() if found == "eligible"]
    assert list(compiled.verdicts(compiled.prepare({}, at=STAMP)).undetermined) == []
