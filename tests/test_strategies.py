"""Drawn patients, values and rules, and the ready properties: what an author of rules relies on."""

import re
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from eligibility import Patient, UsageError, compile_trial, load_trials, screen
from eligibility.strategies import facts, patients, quantities, rules
from eligibility.testing import (
    check_examples,
    check_knowing_more,
    check_reachable,
    check_trial,
    check_units,
    check_verdict,
)
from eligibility.vocabulary import bundled_vocabulary

TRIALS = {trial.id: trial for trial in load_trials()}
QUICK = settings(
    max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)  # fmt: skip


def trial_of(*lines, section="include"):
    body = "".join(f'  {number} "case": {line}\n' for number, line in enumerate(lines, 1))
    return compile_trial(f'trial MINE "mine"\n\n{section}:\n{body}')


def seen(strategy, count=400):
    drawn = []

    @settings(QUICK, max_examples=count)
    @given(strategy)
    def draw(value):
        drawn.append(value)

    draw()
    return drawn


# --- patients --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRIALS)
def test_drawn_patients_can_be_screened(name):
    @QUICK
    @given(patients(TRIALS[name]))
    def holds(patient):
        screen(patient, [name])

    holds()


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize("verdict", ["eligible", "ineligible", "review", "undetermined"])
def test_patients_of_a_verdict_have_it(name, verdict):
    if (name, verdict) == ("NCT03608592", "review"):
        with pytest.raises(UsageError, match="no attestation and no judgement"):
            patients(TRIALS[name], verdict=verdict)
        return

    @settings(QUICK, max_examples=15)
    @given(patients(TRIALS[name], verdict=verdict))
    def holds(patient):
        assert screen(patient, [name])[name].verdict == verdict

    holds()


def test_patients_stand_at_the_edges():
    """Just below, at and just above the threshold; in other units; censored; missing; as an interval; at the edge of a day."""
    drawn = seen(patients(trial_of("creatinine >= 442 umol/L")))
    values = [patient["creatinine"] for patient in drawn if isinstance(patient.get("creatinine"), str)]
    plain = [float(value.split()[0]) for value in values if re.fullmatch(r"[\d.]+ umol/L", value)]
    assert 442.0 in plain
    assert any(437 < value < 442 for value in plain)
    assert any(442 < value < 447 for value in plain)
    assert any(value.endswith("mg/dL") for value in values)
    assert {"<442 umol/L", ">442 umol/L"} <= set(values)
    assert any(" to " in value for value in values)
    assert any("creatinine" not in patient for patient in drawn)
    lists = [patient["creatinine"] for patient in drawn if isinstance(patient.get("creatinine"), list | dict)]
    assert lists


def test_windows_are_met_to_the_minute_and_partly_dated():
    drawn = seen(patients(trial_of("stroke within 6 months"), at="2024-08-31T12:00Z"))
    dates = {
        patient["stroke"]["at"]
        for patient in drawn
        if isinstance(patient.get("stroke"), dict) and "at" in patient["stroke"]
    }
    assert "2024-02-29T12:00:00+00:00" in dates  # six months before the end of August, clamped to the end of February
    assert {"2024-02-29T11:59:00+00:00", "2024-02-29T12:01:00+00:00", "2024-02"} <= dates


def test_a_failing_patient_shrinks_to_the_guilty_fact():
    trial = TRIALS["NCT06416709"]
    found = find(
        patients(trial),
        lambda patient: screen(patient, [trial])[trial.id].criteria["exclude.4.11"].outcome == "met",
        settings=settings(max_examples=5_000, database=None, derandomize=True),
    )
    assert set(found) == {"as_of", "hemoglobin"}


@pytest.mark.parametrize(
    ("lines", "verdict", "words"),
    [
        (("age >= 18 years", "age < 18 years"), "eligible", ["eligible", "include.1", "include.2"]),
        (("malignancy and no malignancy",), "eligible", ["eligible", "include.1"]),
        (("malignancy",), "review", ["review", "attestation"]),
    ],
)
def test_a_verdict_that_nobody_reaches_is_told_at_once(lines, verdict, words):
    with pytest.raises(UsageError) as error:
        patients(trial_of(*lines), verdict=verdict)
    for word in words:
        assert word in str(error.value)


def test_a_bad_instant_is_told():
    with pytest.raises(UsageError, match="not an instant"):
        patients(TRIALS["NCT03608592"], at="2024-03-04")


# --- values, facts, rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["creatinine", "FiO2", "platelets", "body temperature", "SOFA", "life expectancy"])
def test_values_of_a_quantity_can_be_read(name):
    @QUICK
    @given(quantities(name))
    def holds(value):
        Patient.parse({name: value})

    holds()


@pytest.mark.parametrize("name", ["malignancy", "age", "no such thing"])
def test_what_is_no_quantity_has_no_values(name):
    with pytest.raises(UsageError, match="no quantity"):
        quantities(name)


def test_drawn_facts_can_be_screened():
    @QUICK
    @given(facts())
    def holds(record):
        Patient.parse(record)

    holds()


def test_drawn_rules_compile():
    @QUICK
    @given(rules())
    def holds(text):
        compile_trial(
            'trial KIT "kit"\n\ninclude:\n  1 "case":\n' + "".join(f"    {line}\n" for line in text.splitlines())
        )

    holds()


def test_a_patient_is_drawn_for_its_type():
    @settings(QUICK, max_examples=10)
    @given(st.from_type(Patient))
    def holds(patient):
        assert isinstance(patient, Patient)

    holds()


def test_hypothesis_is_told_of_us_and_pays_nothing():
    assert [point.value for point in entry_points(group="hypothesis") if point.name == "eligibility"]
    code = "import hypothesis, sys; assert not [name for name in sys.modules if name.startswith('eligibility.') and name not in ('eligibility.hypothesis_entry', 'eligibility.version')]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_library_does_not_import_hypothesis():
    code = "import eligibility, sys; eligibility.screen({}); assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- ready properties ------------------------------------------------------------------------------------------------


def test_a_sound_trial_has_the_properties():
    trial = trial_of("creatinine >= 442 umol/L or malignancy", "stroke within 6 months")
    check_trial(trial, examples=30)
    check_verdict(trial, "eligible", examples=10)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("age >= 18 years and age < 18 years", "MINE/include.1 was never met"),
        ("age >= 18 years or age < 18 years", "MINE/include.1 was never not met"),
    ],
)
def test_a_criterion_that_says_nothing_is_found(line, words):
    with pytest.raises(AssertionError, match=re.escape(words)):
        check_reachable(trial_of(line))


def test_a_verdict_is_one_of_four():
    with pytest.raises(UsageError, match="eligible"):
        check_verdict(TRIALS["XHNKKY-DDSC"], "perhaps")


def test_a_fault_of_the_units_is_found(monkeypatch):
    """The ready property sees a creatinine that is read with the factor of another unit."""
    from fractions import Fraction

    from eligibility import values
    from eligibility.units import Scale

    real = values.QuantityReader.scale

    def scale(self, concept, unit):
        return Scale(Fraction(10)) if unit == "mg/dL" else real(self, concept, unit)

    monkeypatch.setattr(values.QuantityReader, "scale", scale)
    with pytest.raises(AssertionError, match=r"MINE/include\.1 is .* in other units"):
        check_units(trial_of("creatinine >= 442 umol/L"), examples=200)


def test_a_fault_of_missing_values_is_found(monkeypatch):
    from eligibility import evaluator
    from eligibility.logic import Truth

    real = evaluator.evaluate_atom

    def evaluate_atom(atom, situation):
        found = real(atom, situation)
        return Truth.FALSE if found is Truth.UNKNOWN else found

    monkeypatch.setattr(evaluator, "evaluate_atom", evaluate_atom)
    with pytest.raises(AssertionError, match=r"MINE/include\.1 is not met without `malignancy` and met with it"):
        check_knowing_more(trial_of("malignancy"), examples=200)


def test_examples_of_an_author_are_run(tmp_path):
    trial = trial_of("malignancy")
    path = tmp_path / "mine.examples.jsonl"
    path.write_text(
        '{"example": "a tumor", "patient": {"malignancy": true}, "at": "2024-03-04T08:00Z", "verdict": "eligible"}\n'
    )
    check_examples(trial, path)
    path.write_text(
        '{"example": "a tumor", "patient": {"malignancy": false}, "at": "2024-03-04T08:00Z", "verdict": "eligible"}\n'
    )
    with pytest.raises(AssertionError, match="a tumor: verdict: expected eligible, found ineligible"):
        check_examples(trial, path)


def test_the_vocabulary_can_be_brought(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[concept."spark count"]\nkind = "quantity"\nunit = "1"\nbare = "1"\nabout = "a count"\nsource = "own"\ncurrent_for = "7 days"\n'
    )
    words = type(bundled_vocabulary()).load(file)
    trial = compile_trial('trial MINE "mine"\n\ninclude:\n  1 "case": spark count >= 3\n', vocabulary=words)
    drawn = seen(patients(trial), 60)
    assert {"3", "3.003", "2.997"} & {
        patient.get("spark count") for patient in drawn if isinstance(patient.get("spark count"), str)
    }
