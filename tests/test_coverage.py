"""What examples show of a trial, worked out by hand from `docs/explanation/coverage.md`; and the examples themselves."""

import json
import re

import pytest

from eligibility import UsageError, compile_trial, load_trials
from eligibility.coverage import coverage, share
from eligibility.examples import examples_path, read_examples, run_example
from eligibility.facts import prepare
from eligibility.files import bundled
from eligibility.patient import Patient

AT = "2024-03-04T08:00Z"


def trial_of(formula):
    return compile_trial(f'trial MINE "mine"\n\ninclude:\n  1 "case": {formula}\n')


def missing(formula, *patients):
    facts = [prepare(Patient.parse(patient), AT) for patient in patients]
    (covered,) = coverage(trial_of(formula), facts)
    return set(covered.missing)


OUTCOMES = {"a patient for whom it is met", "a patient for whom it is not met", "a patient for whom it is unknown"}


def test_nothing_shows_nothing():
    assert missing("malignancy") == OUTCOMES


def test_one_patient_shows_one_outcome():
    assert missing("malignancy", {"malignancy": True}) == OUTCOMES - {"a patient for whom it is met"}


def test_three_patients_cover_a_presence():
    assert missing("malignancy", {"malignancy": True}, {"malignancy": False}, {}) == set()


@pytest.mark.parametrize(
    ("value", "side"),
    [("442 umol/L", "at"), ("5 mg/dL", "just above"), ("440 umol/L", "just below"), ("443 umol/L", "just above")],
)
def test_a_comparison_is_seen_at_its_threshold(value, side):
    left = missing("creatinine >= 442 umol/L", {"creatinine": value})
    assert f"a patient {side} 442 umol/L (creatinine)" not in left
    assert len([goal for goal in left if "442" in goal]) == 2


@pytest.mark.parametrize("value", ["400 umol/L", "500 umol/L", "<442 umol/L", "441 to 443 umol/L"])
def test_far_from_the_threshold_or_not_known_exactly_shows_no_side(value):
    assert len([goal for goal in missing("creatinine >= 442 umol/L", {"creatinine": value}) if "442" in goal]) == 3


def test_a_whole_number_is_just_beside_when_one_apart():
    assert "a patient just below 3 (failing organs)" not in missing("failing organs > 3", {"failing organs": 2})
    assert "a patient just above 18 years (age)" not in missing("age >= 18 years", {"age": 19})


def test_nothing_lies_below_the_least_possible_value():
    assert not [goal for goal in missing("failing organs > 0") if "just below" in goal]


def test_an_operand_decides_alone():
    formula = "malignancy or bleeding"
    alone = "a patient for whom `malignancy` decides alone"
    assert alone in missing(formula, {"malignancy": True, "bleeding": True})  # either would do
    assert alone in missing(formula, {"malignancy": False})  # the other may make it met
    assert alone not in missing(formula, {"malignancy": True, "bleeding": False})
    assert alone not in missing(formula, {"malignancy": True})


def test_an_operand_of_a_conjunction_decides_alone():
    formula = "malignancy and bleeding"
    alone = "a patient for whom `bleeding` decides alone"
    assert alone in missing(formula, {"malignancy": False, "bleeding": False})
    assert alone not in missing(formula, {"malignancy": True, "bleeding": False})


def test_a_part_beside_its_whole_is_not_asked_to_decide():
    assert not [goal for goal in missing("malignancy or leukemia") if "leukemia" in goal]
    assert [goal for goal in missing("leukemia or bleeding") if "leukemia" in goal]


def test_the_example_of_the_page():
    """docs/explanation/coverage.md"""
    facts = [prepare(Patient.parse({"creatinine": f"{value} umol/L"}), AT) for value in (400, 500)]
    (covered,) = coverage(trial_of("creatinine >= 442 umol/L"), facts)
    assert len(covered.wanted) == 6
    assert covered.missing == (
        "a patient for whom it is unknown", "a patient just below 442 umol/L (creatinine)",
        "a patient at 442 umol/L (creatinine)", "a patient just above 442 umol/L (creatinine)",
    )  # fmt: skip


def test_the_share_is_of_goals():
    facts = [prepare(Patient.parse({"malignancy": True}), AT)]
    assert share(coverage(trial_of("malignancy"), facts)) == pytest.approx(1 / 3)
    assert share([]) == 1.0


@pytest.mark.parametrize("trial", load_trials(), ids=lambda trial: trial.id)
def test_the_bundled_trials_are_covered_and_their_examples_hold(trial):
    path = examples_path(bundled("rules", "trials") / f"{trial.id}.elig")
    ran = [run_example(trial, example) for example in read_examples(path)]
    assert [item.differences for item in ran if item.differences] == []
    lost = {item.address: item.missing for item in coverage(trial, [item.facts for item in ran]) if item.missing}
    assert lost == {}


# --- example files ---------------------------------------------------------------------------------------------------


def written(tmp_path, *examples):
    path = tmp_path / "mine.examples.jsonl"
    path.write_text(
        "".join(f"{example if isinstance(example, str) else json.dumps(example)}\n" for example in examples)
    )
    return path


@pytest.mark.parametrize(
    ("example", "words"),
    [
        ("{", ["mine.examples.jsonl:1"]),
        ({"example": "x"}, ["mine.examples.jsonl:1", "`x`", "patient"]),
        ({"example": "x", "patient": {}, "verdikt": "eligible"}, ["`x`", "`verdikt`", "verdict"]),
        ({"example": "x", "patient": {}, "verdict": "yes"}, ["`x`", "verdict", "undetermined"]),
        ({"example": "x", "patient": {}, "criteria": {"include.1": "yes"}}, ["`x`", "criteria.include.1", "not met"]),
        ({"example": "x", "patient": [], "needs": "creatinine"}, ["patient", "needs"]),
        ({"example": "x", "patient": {}, "at": 3}, ["`x`", "`at`", "instant"]),
        ({"example": "x", "patient": {}, "reasons": {"include.1": 3}}, ["`x`", "`reasons.include.1`", "words"]),
        ({"patient": {}}, ["example", "title"]),
        ("[1]", ["mine.examples.jsonl:1"]),
    ],
)
def test_a_broken_example_names_the_file_the_example_and_the_key(tmp_path, example, words):
    with pytest.raises(UsageError) as error:
        read_examples(written(tmp_path, example))
    for word in words:
        assert word in str(error.value)


def test_everything_wrong_is_told_at_once(tmp_path):
    with pytest.raises(UsageError) as error:
        read_examples(written(tmp_path, "{", {"example": "x"}, {"example": "y", "patient": {}, "absent": "maybe"}))
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["1", "2", "3"]


def test_a_difference_shows_the_values_under_each_comparison(tmp_path):
    path = written(tmp_path, {
        "example": "x", "patient": {"creatinine": "5 mg/dL"}, "at": AT, "criteria": {"include.1": "not met"}, "verdict": "ineligible",
    })  # fmt: skip
    trial = trial_of("creatinine >= 442 umol/L")
    (ran,) = (run_example(trial, example) for example in read_examples(path))
    told = "\n".join(str(difference) for difference in ran.differences)
    assert "expected ineligible, found eligible" in told
    assert re.search(r"creatinine >= 442 umol/L\s+<-\s+44\d", told)


def test_needs_and_reasons_are_compared(tmp_path):
    path = written(
        tmp_path,
        {"example": "x", "patient": {}, "at": AT, "needs": ["creatinine"], "reasons": {"include.1": "not known"}},
        {"example": "y", "patient": {}, "at": AT, "needs": ["malignancy"], "reasons": {"include.1": "too high"}},
    )
    trial = trial_of("creatinine >= 442 umol/L")
    first, second = (run_example(trial, example) for example in read_examples(path))
    assert first.differences == ()
    told = "\n".join(str(difference) for difference in second.differences)
    assert "not asked: malignancy" in told
    assert "also asked: creatinine" in told
    assert "“too high”" in told


def test_a_key_that_nobody_reads_is_a_difference(tmp_path):
    """A slip in the name of a fact would leave an example that says nothing."""
    path = written(tmp_path, {"example": "x", "patient": {"malignacy": True}, "at": AT, "verdict": "undetermined"})
    (ran,) = (run_example(trial_of("malignancy"), example) for example in read_examples(path))
    (told,) = map(str, ran.differences)
    assert "malignacy" in told
    assert "malignancy" in told


def test_a_refused_patient_is_a_difference(tmp_path):
    path = written(tmp_path, {"example": "x", "patient": {"creatinine": 5}, "at": AT, "verdict": "eligible"})
    (ran,) = (run_example(trial_of("malignancy"), example) for example in read_examples(path))
    assert "creatinine" in str(ran.differences[0])
    assert ran.facts is None
