"""The screener agrees with the reference: few trials in one function, many in an index, plain records by the short way."""

import random

import pytest

from eligibility import (
    EligibilityError,
    PatientError,
    Screener,
    UsageError,
    compile_trial,
    load_trials,
    screen,
    screener,
)
from eligibility.building import consistent, merged
from eligibility.regions import judgements, variables
from eligibility.states import states
from eligibility.vocabulary import bundled_vocabulary
from eligibility.writing import Writer
from properties import AT, is_plain

WORDS = bundled_vocabulary()
STAMP = AT.isoformat()


def random_trial(number, chance):
    """A trial of a few random criteria on both sides, and the pieces of records about what it reads."""
    lines = [f'trial T{number} "random"', ""]
    for section in ("include", "exclude"):
        lines.append(f"{section}:")
        for index in range(chance.randint(1, 3)):
            body = Writer(WORDS, chance, deepest=2).body()
            lines.append(f'  {index + 1} "case":')
            lines += [f"    {line}" for line in body.splitlines()]
        lines.append("")
    trial = compile_trial("\n".join(lines))
    rules = [criterion.rule for criterion in trial.criteria]
    pieces = {name: states(variable, WORDS, AT) for name, variable in variables(rules, WORDS).items()}
    for address in judgements(rules):
        pieces[address] = tuple({"judgements": {address: answer}} for answer in (True, False, None))
    return trial, pieces


def random_record(pieces, chance):
    options = list(pieces.values())
    if chance.random() < 0.4:
        options = [[piece for piece in group if is_plain(piece)] for group in options]
    share = chance.choice((0.2, 0.6, 0.95))
    drawn = [chance.choice(group) for group in options if group and chance.random() < share]
    return consistent(merged(drawn), WORDS)


def judged(patient, trials, **options):
    """Verdicts by the reference, or None for a record that contradicts itself."""
    try:
        screening = screen(patient, trials, at=STAMP, **options)
    except EligibilityError:
        return None
    return {trial.id: trial.verdict for trial in screening}


@pytest.fixture(params=["one function", "an index"])
def engine(request, monkeypatch):
    if request.param == "an index":
        monkeypatch.setattr(screener, "FEW", 0)
    return request.param


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("absent", ["unknown", "no"])
def test_verdicts_of_random_trials_are_those_of_the_reference(engine, seed, absent):
    chance = random.Random(seed)
    made = [random_trial(number, chance) for number in range(9)]
    trials = [trial for trial, _ in made]
    compiled = Screener(trials)
    compared = 0
    for _ in range(36):
        pieces = {}
        for _, own in chance.sample(made, 3):
            pieces |= own
        patient = random_record(pieces, chance)
        if chance.random() < 0.3:
            patient["trials"] = {
                chance.choice(trials).id: {
                    "informed consent": chance.choice((True, False, None)),
                    "first dose": "2024-03-01T08:00Z",
                }
            }
        expected = judged(patient, trials, absent=absent)
        if expected is None:
            with pytest.raises(PatientError):
                compiled.screen(patient, at=STAMP, absent=absent)
            continue
        compared += 1
        verdicts = compiled.verdicts(compiled.prepare(patient, at=STAMP, absent=absent))
        assert dict(verdicts) == expected, patient
        assert {trial.id: trial.verdict for trial in compiled.screen(patient, at=STAMP, absent=absent)} == expected
        for verdict in ("eligible", "ineligible", "review", "undetermined"):
            assert set(getattr(verdicts, verdict)) == {name for name, found in expected.items() if found == verdict}
    assert compared > 15


def test_a_screening_tells_the_same_as_the_reference(engine):
    chance = random.Random(9)
    trials = load_trials()
    compiled = Screener()
    rules = [criterion.rule for trial in trials for criterion in trial.criteria]
    pieces = {name: states(variable, WORDS, AT) for name, variable in variables(rules, WORDS).items()}
    told = 0
    for _ in range(16):
        patient = random_record(pieces, chance) | {"id": "p 1", "no such key": 3}
        try:
            expected = screen(patient, at=STAMP).to_dict()
        except PatientError:
            continue
        told += 1
        assert compiled.screen(patient, at=STAMP).to_dict() == expected
    assert told > 5


def test_what_was_changed_after_the_screening_does_not_change_its_reasons():
    patient = {"creatinine": "500 umol/L"}
    screening = Screener(["NCT06416709"]).screen(patient, at=STAMP)
    patient["creatinine"] = "100 umol/L"
    assert "500 umol/L" in screening["NCT06416709"].criteria["exclude.4.7"].reason


def trial_named(name, formula):
    return compile_trial(f'trial {name} "named"\n\ninclude:\n  1 "case": {formula}\n')


def test_trials_come_and_go(engine):
    compiled = Screener([trial_named("A", "age >= 18 years"), trial_named("B", "malignancy")])
    patient = {"age": 40, "malignancy": False, "creatinine": "2 mg/dL"}
    assert dict(compiled.verdicts(compiled.prepare(patient))) == {"A": "eligible", "B": "ineligible"}
    old = compiled.prepare(patient)
    compiled.add(trial_named("C", "creatinine > 1 mg/dL or bleeding"))
    verdicts = compiled.verdicts(compiled.prepare(patient))
    assert dict(verdicts) == {"A": "eligible", "B": "ineligible", "C": "eligible"}
    compiled.withdraw("a")
    verdicts = compiled.verdicts(compiled.prepare(patient))
    assert dict(verdicts) == {"B": "ineligible", "C": "eligible"}
    assert set(verdicts.eligible) == {"C"}
    assert len(verdicts.eligible) == 1
    assert [trial.id for trial in compiled.screen(patient)] == ["B", "C"]
    compiled.add(trial_named("A", "age >= 60 years"))
    assert compiled.verdicts(compiled.prepare(patient))["A"] == "ineligible"
    with pytest.raises(UsageError, match="prepare them"):
        compiled.verdicts(old)


def test_facts_belong_to_the_screener_that_prepared_them():
    one, other = Screener(["XHNKKY-DDSC"]), Screener(["XHNKKY-DDSC"])
    with pytest.raises(UsageError, match="prepare them"):
        other.verdicts(one.prepare({"age": 40}))


def test_what_cannot_be_added_or_withdrawn_is_told(engine):
    compiled = Screener([trial_named("A", "malignancy")])
    with pytest.raises(UsageError, match="`A` is there already"):
        compiled.add(trial_named("A", "bleeding"))
    with pytest.raises(UsageError, match="`a` is there already"):
        compiled.add(trial_named("a", "bleeding"))
    with pytest.raises(UsageError, match="no trial `B`"):
        compiled.withdraw("B")
    assert dict(compiled.verdicts(compiled.prepare({"malignancy": True}))) == {"A": "eligible"}


@pytest.mark.parametrize(
    "patient",
    [
        {"creatinine": 5}, {"creatinine": "5 mmHg"}, {"age": "54 years", "birth_date": "1999-01-01"}, {"malignancy": False, "leukemia": True},
        {"sex": "male", "pregnancy": True}, {"WBC": "5 x10^9/L", "white cell count": "9 x10^9/L"}, {"FiO2": "5 %"}, {"creatinine": "1,2 mg/dL"},
        {"pulmonary hypertension": False, "pulmonary hypertension stage": "III"}, {"informed consent": "yes"}, {"sex": "none of these"},
        {"creatinine": "\u0661 mg/dL"}, {"creatinine": "5. mg/dL"}, {"creatinine": ".mg/dL"}, {"creatinine": "1e400 mg/dL"}, {1: 2},
        {"judgements": {"nonsense": True}}, {"as_of": "2024-03-04"}, {"age": -3}, {"planned pregnancy": True, "sex": "male"},
    ],
)  # fmt: skip
def test_what_the_reference_refuses_is_refused(engine, patient):
    with pytest.raises(EligibilityError) as reference:
        screen(patient)
    with pytest.raises(EligibilityError) as found:
        Screener().screen(patient)
    assert str(found.value) == str(reference.value)


@pytest.mark.parametrize(
    "value",
    ["<0.05 ng/mL", "5 to 10 ng/mL", ">=3 ng/mL", {"value": "2 ng/mL", "upper_limit": "0.5 ng/mL"}, "0.5 ug/L", None],
)
@pytest.mark.parametrize("formula", ["procalcitonin > 0.5 ng/mL", "procalcitonin >= 2 x ULN", "highest procalcitonin within 2 days < 4 ng/mL"])  # fmt: skip
def test_values_of_every_form(engine, value, formula):
    trial = trial_named("A", formula)
    for patient in ({"procalcitonin": value}, {"procalcitonin": value, "sex": "male", "birth_date": "1970-02"}):
        compiled = Screener([trial])
        assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == judged(patient, [trial])


def test_an_open_interval_within_the_tolerance_of_a_threshold(engine):
    """`> 5` to `< 5.000000001`: equal to 5 under the tolerance, whatever it is."""
    patient = {"CRP": "4.9999999999 to 5.0000000001 mg/L"}
    for sign in ("<", "<=", ">", ">="):
        for word in ("", "not "):
            trial = trial_named("A", f"{word}CRP {sign} 5 mg/L")
            compiled = Screener([trial])
            assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == judged(patient, [trial])
