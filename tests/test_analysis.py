"""What the analysis finds in small trials, one for each kind and as many that are clean; what it finds in the bundled ones; that
every patient it shows does what is said; that hostile trials are answered; that it agrees with an independent prover."""

import json
import re
from pathlib import Path

import pytest

from eligibility import RuleError, UsageError, Vocabulary, cli, compile_trial, load_trials, screen
from eligibility.analysis import KINDS, RELATIONS, analyse, compare, laws
from eligibility.analysis.cells import number_grid
from eligibility.analysis.encoding import Encoder
from eligibility.analysis.solver import Budget, Search, TooLarge
from eligibility.analysis.statements import AtLeast, In, Ordered, Space
from eligibility.intervals import Interval
from proofs.cases import THEMES
from proofs.enumeration import run_enumeration
from prove import run

BUNDLED = {trial.id: trial for trial in load_trials()}
AT = "2024-05-31T12:00Z"


def trial(*criteria, name="T", head=""):
    """A trial of criteria: `+ rule` is an inclusion, `- rule` an exclusion."""
    lines = [f'trial {name} "test"', *([f"  {head}"] if head else []), ""]
    for section, sign in (("include", "+"), ("exclude", "-")):
        own = [rule[2:] for rule in criteria if rule[0] == sign]
        if own:
            lines.append(f"{section}:")
            lines += [f'  {number} "criterion {number}": {rule}' for number, rule in enumerate(own, 1)]
    return compile_trial("\n".join(lines) + "\n")


def found(*criteria, at=None, **more):
    """(kind, criteria) of each finding."""
    return [(finding.kind, finding.criteria) for finding in analyse(trial(*criteria, **more), at=at)]


# --- each kind -------------------------------------------------------------------------------------------------------

IMPOSSIBLE = [
    (("+ age >= 18 years", "- age > 10 years"), {"include.1", "exclude.1"}),
    (("+ leukemia", "- malignancy"), {"include.1", "exclude.1"}),
    (("+ pregnancy", "+ sex is male", "+ age >= 18 years"), {"include.1", "include.2"}),
    (("+ pregnancy", "+ age < 8 years"), {"include.1", "include.2"}),
    (("+ stroke within 27 days", "- stroke within 1 month"), {"include.1", "exclude.1"}),
    (("+ onset of ARDS within 2 days", "+ time since onset of ARDS > 48 hours"), {"include.1", "include.2"}),
    (("+ ARDS for at least 3 days", "+ onset of ARDS within 2 days"), {"include.1", "include.2"}),
    (("+ creatinine < 1 mg/dL", "+ creatinine > 88.5 umol/L"), {"include.1", "include.2"}),
    (("+ highest lactate within 24 hours < 2 mmol/L", "+ lactate >= 2 mmol/L"), {"include.1", "include.2"}),
    (("+ lowest lactate within 48 hours > 3 mmol/L", "+ first lactate within 24 hours < 3 mmol/L"), {"include.1", "include.2"}),
    (("+ lactate > 3 mmol/L", "+ latest lactate within 30 days < 3 mmol/L"), {"include.1", "include.2"}),
    (("+ rise in creatinine over 1 day >= 50 umol/L", "- rise in creatinine over 2 days >= 40 umol/L"), {"include.1", "exclude.1"}),
    (("+ ALT > 5 x ULN", "+ ALT < 2 x ULN"), {"include.1", "include.2"}),
    (("+ NYHA class >= III", "+ NYHA class in (I, II)"), {"include.1", "include.2"}),
    (("+ no history of pulmonary hypertension", "+ pulmonary hypertension stage in (III, IV)"), {"include.1", "include.2"}),
    (("+ informed consent", "+ no informed consent"), {"include.1", "include.2"}),
    (("+ sepsis or stroke", "- history of sepsis", "- stroke"), {"include.1", "exclude.1", "exclude.2"}),
    (("+ PaO2/FiO2 after ARDS < 100 mmHg", "- history of ARDS"), {"include.1", "exclude.1"}),
    (("+ chemotherapy within 14 days before first dose", "- chemotherapy within 28 days before first dose"), {"include.1", "exclude.1"}),
    (("+ surgery within the next 7 days", "- surgery within the next 30 days"), {"include.1", "exclude.1"}),
]  # fmt: skip


@pytest.mark.parametrize(("criteria", "conflict"), IMPOSSIBLE, ids=[str(c[0]) for c in IMPOSSIBLE])
def test_a_trial_that_nobody_can_enter_names_the_criteria_in_conflict(criteria, conflict):
    findings = [finding for finding in analyse(trial(*criteria)) if finding.kind == "impossible"]
    assert [set(finding.criteria) for finding in findings] == [conflict]


@pytest.mark.parametrize(("criteria", "conflict"), IMPOSSIBLE, ids=[str(c[0]) for c in IMPOSSIBLE])
def test_the_patient_of_an_impossible_trial_passes_all_of_the_conflict_but_one(criteria, conflict):
    tested = trial(*criteria)
    finding = next(finding for finding in analyse(tested) if finding.kind == "impossible")
    passes = [screen(finding.witness, tested)[tested.id].criteria[address].passes for address in finding.criteria]
    assert passes.count(True) == len(passes) - 1


POSSIBLE = [
    ("+ age >= 18 years", "- age > 65 years"),
    ("+ malignancy", "- leukemia"),
    ("+ pregnancy or sepsis", "+ sex is female", "+ age >= 18 years"),
    ("+ stroke within 1 month", "- stroke within 27 days"),
    ("+ onset of ARDS within 3 days", "+ time since onset of ARDS > 48 hours"),
    ("+ ARDS for at least 2 days", "+ onset of ARDS within 2 days"),
    ("+ creatinine < 1.1 mg/dL", "+ creatinine > 88.5 umol/L"),
    ("+ lowest lactate within 24 hours < 2 mmol/L", "+ lactate >= 2 mmol/L"),
    ("+ lowest lactate within 24 hours > 3 mmol/L", "+ first lactate within 48 hours < 3 mmol/L"),
    ("+ highest lactate within 30 days > 3 mmol/L", "+ lactate < 3 mmol/L"),
    ("+ rise in creatinine over 2 days >= 50 umol/L", "+ fall in creatinine over 2 days >= 40 umol/L"),
    ("+ ALT > 2 x ULN", "+ ALT < 5 x ULN", "+ ALT > 100 U/L"),
    ("+ NYHA class >= III", "+ NYHA class in (II, III)"),
    ("+ no pulmonary hypertension", "+ pulmonary hypertension stage is none"),
    ("+ informed consent", "+ agreement to study restrictions"),
    ("+ sepsis or stroke", "- septic shock", "- stroke within 30 days"),
    ("+ PaO2/FiO2 after ARDS < 100 mmHg", "- ARDS"),
    ("+ chemotherapy within 28 days before first dose", "- chemotherapy within 14 days before first dose"),
    ("+ surgery within the next 30 days", "- surgery within the next 7 days"),
    ("+ PaO2 < 60 mmHg", "+ PaO2/FiO2 > 200 mmHg"),
    ("+ acute lung injury", "+ onset of acute lung injury within 3 days", "- ARDS"),
    ("+ time since onset of acute lung injury > 5 days", "+ onset of ARDS within 2 days"),
    ("+ acute myocardial infarction", "- serious cardiopulmonary disease for at least 2 days"),
    ("+ life expectancy >= 3 months", "+ life expectancy < 1 year"),
    ("+ ln(creatinine / (1 umol/L)) > 4", "+ creatinine < 100 umol/L"),
]


@pytest.mark.parametrize("criteria", POSSIBLE, ids=str)
def test_nothing_is_found_where_each_criterion_matters_and_somebody_passes_all(criteria):
    assert found(*criteria) == []


@pytest.mark.parametrize("criteria", POSSIBLE, ids=str)
def test_somebody_is_shown_who_passes_a_possible_trial(criteria):
    tested = trial(*criteria)
    witness = compare(tested, tested).both
    assert screen(witness, tested)[tested.id].verdict == "eligible"


CONSTANT = [
    ("+ SpO2 on room air > 100 %", "never met"),
    ("+ creatinine < 0 umol/L", "never met"),
    ("+ sepsis and no sepsis", "never met"),
    ("+ septic shock and no infection", "never met"),
    ("+ age < 18 years and age >= 18 years", "never met"),
    ("- stroke within 3 days and no history of stroke", "never met"),
    ("+ FiO2 >= 20.9 %", "always met"),
    ("+ age >= 0 years", "always met"),
    ("- creatinine < 3 mg/dL or creatinine > 200 umol/L", "always met"),
    ("+ infection or no septic shock", "always met"),
    ("+ NYHA class in (none, I, II, III, IV)", "always met"),
    ("- if stroke within 3 days then history of stroke", "always met"),
]


@pytest.mark.parametrize(("rule", "kind"), CONSTANT, ids=[rule for rule, _ in CONSTANT])
def test_a_criterion_with_one_outcome_for_every_patient(rule, kind):
    address = "include.1" if rule[0] == "+" else "exclude.1"
    assert (kind, (address,)) in found(rule, "+ age >= 18 years")


@pytest.mark.parametrize(("rule", "kind"), CONSTANT, ids=[rule for rule, _ in CONSTANT])
def test_the_patient_of_a_constant_criterion_has_that_outcome(rule, kind):
    tested = trial(rule, "+ age >= 18 years")
    finding = next(finding for finding in analyse(tested) if finding.kind == kind)
    outcome = screen(finding.witness, tested)["T"].criteria[finding.criteria[0]].outcome
    assert outcome == ("met" if kind == "always met" else "not met")


@pytest.mark.parametrize(
    "rule",
    [
        "SpO2 on room air >= 100 %", "creatinine <= 0 umol/L", "sepsis and no septic shock", "infection and no septic shock",
        "age < 18 years or age >= 20 years", "stroke and no stroke within 3 days", "FiO2 > 20.9 %", "age >= 1 years",
        "creatinine < 2 mg/dL or creatinine > 200 umol/L", "septic shock or no infection", "NYHA class in (none, II)",
        "if history of stroke then stroke within 3 days",
    ],
)  # fmt: skip
def test_a_criterion_that_some_meet_and_some_do_not(rule):
    assert found(f"+ {rule}") == []


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("sepsis or SpO2 on room air > 100 %", "never met"),
        ("sepsis and (stroke or no stroke)", "always met"),
        ("age between 0 and 65 years", "always met"),
    ],
)
def test_a_part_with_one_outcome_for_every_patient(rule, kind):
    assert (kind, ("include.1",)) in found(f"+ {rule}")


REDUNDANT = [
    (("+ age >= 18 years", "+ age between 20 and 50 years"), ("include.1", "include.2")),
    (("+ platelets >= 60 x 10^9/L", "- platelets < 60 x 10^9/L"), ("exclude.1", "include.1")),
    (("- malignancy", "- leukemia"), ("exclude.2", "exclude.1")),
    (("- history of stroke", "- stroke within 6 months"), ("exclude.2", "exclude.1")),
    (("+ sepsis", "+ infection or sepsis"), ("include.2", "include.1")),
    (("+ lactate >= 4 mmol/L", "+ highest lactate within 7 days >= 2 mmol/L"), ("include.2", "include.1")),
    (("- sex is male", "- pregnancy", "- age >= 8 years"), ("exclude.2", "exclude.3")),
    (("+ sepsis or stroke", "- sepsis", "+ stroke"), ("include.2", "include.1", "exclude.1")),
    (("+ ALT < 2 x ULN", "- ALT >= 5 x ULN"), ("exclude.1", "include.1")),
    (("+ ARDS for at least 2 days", "+ time since onset of ARDS >= 48 hours"), ("include.2", "include.1")),
]


@pytest.mark.parametrize(("criteria", "expected"), REDUNDANT, ids=[str(c[0]) for c in REDUNDANT])
def test_a_criterion_that_others_decide(criteria, expected):
    assert ("redundant", expected) in found(*criteria)


@pytest.mark.parametrize(("criteria", "expected"), REDUNDANT, ids=[str(c[0]) for c in REDUNDANT])
def test_a_redundant_criterion_can_be_struck_and_another_cannot_be_missed(criteria, expected):
    whole = trial(*criteria)
    section, number = expected[0].split(".")
    kept = [rule for rule in criteria if rule[0] == ("+" if section == "include" else "-")]
    struck = [rule for rule in criteria if rule is not kept[int(number) - 1]]
    assert compare(whole, trial(*struck)).relation == "equivalent"


@pytest.mark.parametrize(
    "criteria",
    [
        ("+ age >= 20 years", "+ age between 18 and 50 years"), ("+ platelets >= 60 x 10^9/L", "- platelets > 600 x 10^9/L"),
        ("- lymphoma", "- leukemia"), ("- stroke within 6 months", "- history of malignancy"), ("+ sepsis or stroke", "+ infection or sepsis"),
        ("+ lactate >= 2 mmol/L", "+ highest lactate within 24 hours >= 4 mmol/L"), ("- pregnancy", "- age >= 9 years"),
        ("+ ALT < 2 x ULN", "- ALT >= 5 x LLN"), ("+ latest lactate within 30 days < 4 mmol/L", "+ lactate < 5 mmol/L"),
    ],
    ids=str,
)  # fmt: skip
def test_no_criterion_is_called_redundant_that_matters(criteria):
    assert [kind for kind, _ in found(*criteria) if kind == "redundant"] == []


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (("+ onset of ARDS within 1 week", "- time since onset of ARDS > 96 hours"), ("implied threshold", ("include.1", "exclude.1"))),
        (("+ 10 umol/L < creatinine < 100 umol/L", "+ creatinine > 20 umol/L"), ("implied threshold", ("include.1", "include.2"))),
        (("+ sepsis and lactate >= 2 mmol/L", "+ lactate > 4 mmol/L"), ("implied threshold", ("include.1", "include.2"))),
        (("- stroke or acute cerebral infarction or acute cerebral hemorrhage",), ("redundant", ("exclude.1",))),
        (("+ sepsis", "+ (infection or sepsis) and age >= 18 years"), ("redundant", ("include.2", "include.1"))),
        (("+ lactate < 4 mmol/L", "+ lactate after sepsis < 4 mmol/L"), ("repeated threshold", ("include.2", "include.1"))),
        (("+ highest lactate within 24 hours >= 4 mmol/L", "+ lowest lactate within 48 hours >= 4 mmol/L or sepsis"),
         ("repeated threshold", ("include.1", "include.2"))),
    ],
    ids=str,
)  # fmt: skip
def test_parts_that_add_nothing_and_thresholds_that_are_repeated(criteria, expected):
    assert expected in found(*criteria)


@pytest.mark.parametrize(
    "criteria",
    [
        ("+ onset of ARDS within 3 days", "- time since onset of ARDS > 96 hours"),
        ("+ 20 umol/L < creatinine < 100 umol/L", "+ creatinine > 10 umol/L"),
        ("- stroke within 3 days or acute cerebral infarction",),
        ("+ sepsis or stroke", "+ (infection or sepsis) and age >= 18 years"),
        ("+ lactate < 4 mmol/L", "+ highest lactate within 24 hours < 5 mmol/L"),
    ],
    ids=str,
)
def test_parts_that_matter_are_not_called_idle(criteria):
    assert [kind for kind, _ in found(*criteria) if kind not in ("redundant",)] == []


# --- thresholds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "unit"),
    [
        ("creatinine >= 442 mg/dL", "442 umol/L"), ("creatinine > 1.5 umol/L", "1.5 mg/dL"), ("hemoglobin < 6 g/L", "6 g/dL"),
        ("FiO2 > 45", "45 %"), ("PaO2 < 60 kPa or PaO2 < 8 mmHg", "8 kPa"), ("total bilirubin > 600 mg/dL", "600 umol/L"),
    ],
)  # fmt: skip
def test_a_threshold_in_the_wrong_unit(rule, unit):
    slips = [finding.message for finding in analyse(trial(f"- {rule}")) if finding.kind == "unit slip"]
    assert slips
    assert any(f"did you mean `{unit}`?" in message for message in slips)


@pytest.mark.parametrize(
    "rule",
    ["creatinine >= 442 umol/L", "creatinine > 1.5 mg/dL", "hemoglobin < 6 g/dL", "FiO2 > 0.45", "FiO2 > 45 %", "PaO2 < 8 kPa",
     "total bilirubin > 600 umol/L", "platelets < 60 x 10^9/L", "platelets < 60000 /uL", "rise in creatinine over 1 day >= 44.2 umol/L"],
)  # fmt: skip
def test_a_threshold_in_the_right_unit(rule):
    assert found(f"- {rule}") == []


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("SpO2 on room air > 110 %", "outside the possible range"), ("age < 151 years", "outside the possible range"),
        ("FiO2 < 10 %", "outside the possible range"), ("SOFA > 24", "score outside its bounds"), ("GCS >= 3", "score outside its bounds"),
        ("failing organs > 6", "score outside its bounds"), ("qSOFA < 4", "score outside its bounds"),
    ],
)  # fmt: skip
def test_a_comparison_beyond_what_can_be(rule, kind):
    assert (kind, ("include.1",)) in found(f"+ {rule}")


@pytest.mark.parametrize(
    "rule",
    ["SpO2 on room air < 95 %", "age < 90 years", "SOFA >= 24", "GCS > 3", "MELD > 40", "base excess < -5 mmol/L"],
)
def test_a_comparison_within_what_can_be(rule):
    assert found(f"+ {rule}") == []


def test_the_same_fact_with_opposite_meanings():
    assert ("opposite meanings", ("include.1", "exclude.1")) in found("+ informed consent", "- no informed consent")
    assert ("opposite meanings", ("include.1", "exclude.1")) in found("+ sepsis and stroke", "- sepsis or malignancy")
    assert ("opposite meanings", ("include.1", "include.2")) in found("+ sepsis", "+ no sepsis")


@pytest.mark.parametrize(
    "criteria", [("+ sepsis", "- stroke"), ("+ sepsis or stroke", "- sepsis"), ("+ no sepsis", "- malignancy")], ids=str
)
def test_different_facts_are_no_opposites(criteria):
    assert [kind for kind, _ in found(*criteria) if kind == "opposite meanings"] == []


# --- the calendar ----------------------------------------------------------------------------------------------------


def test_what_holds_at_one_instant_is_not_claimed_for_all():
    criteria = ("+ stroke within 30 days", "- stroke within 1 month")
    assert found(*criteria) == []  # after a February, 30 days reach further back than a month
    assert [kind for kind, _ in found(*criteria, at="2024-05-31T12:00Z")] == ["impossible"]
    assert found(*criteria, at="2024-03-04T08:00Z") == []


@pytest.mark.parametrize(("days", "months", "impossible"), [(27, 1, True), (28, 1, True), (29, 1, False), (181, 6, True), (182, 6, False), (365, 12, True), (366, 12, False), (1460, 48, True), (1461, 48, False)])  # fmt: skip
def test_days_inside_of_months_at_every_instant(days, months, impossible):
    kinds = [kind for kind, _ in found(f"+ stroke within {days} days", f"- stroke within {months} months")]
    assert kinds == (["impossible"] if impossible else [])


# --- the bundled trials ----------------------------------------------------------------------------------------------

EXPECTED = {
    "NCT02444455": [("opposite meanings", ("include.1", "exclude.1")), ("redundant", ("exclude.1", "include.1"))],
    "NCT03608592": [("implied threshold", ("include.2.4", "exclude.12")), ("repeated threshold", ("include.2.5", "include.2.1"))],
    "NCT06416709": [("opposite meanings", ("include.2", "exclude.5")), ("redundant", ("exclude.5", "include.2"))],
    "NCT06882811": [
        ("always met", ("include.1",)), ("redundant", ("include.2", "include.1")), ("redundant", ("include.3", "include.1")),
        ("redundant", ("exclude.5.2", "exclude.5.1")),
    ],
    "XHNKKY-DDSC": [("redundant", ("exclude.3",))],
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_found_in_the_bundled_trials(name):
    assert [(finding.kind, finding.criteria) for finding in analyse(BUNDLED[name])] == EXPECTED[name]


def test_neither_the_week_nor_the_four_days_of_ards_are_redundant():
    ards = BUNDLED["NCT03608592"]
    witness = analyse(ards)[0].witness
    result = screen(witness, ards)["NCT03608592"]
    assert witness["ARDS"] is False
    assert (result.criteria["include.2.4"].passes, result.criteria["exclude.12"].passes) == (False, True)


def test_one_blood_gas_cannot_be_above_and_below_200():
    found = compare(BUNDLED["NCT02444455"], BUNDLED["NCT03608592"])
    assert found.relation == "disjoint"
    assert set(found.conflict) == {"NCT02444455/include.4", "NCT03608592/include.2.1"}
    assert found.both is None


@pytest.mark.parametrize(
    ("gases", "verdicts"),
    [
        ("250 mmHg", (True, False)),
        ("150 mmHg", (False, True)),
        (
            [{"value": "250 mmHg", "at": "2024-03-04T05:00Z"}, {"value": "150 mmHg", "at": "2024-03-04T07:00Z"}],
            (False, True),
        ),
        (
            [{"value": "150 mmHg", "at": "2024-03-04T05:00Z"}, {"value": "250 mmHg", "at": "2024-03-04T07:00Z"}],
            (True, False),
        ),
        (
            [{"value": "150 mmHg", "at": "2024-03-04T07:00Z"}, {"value": "250 mmHg", "at": "2024-03-04T07:00Z"}],
            (None, None),
        ),
    ],
)
def test_several_blood_gases_do_not_let_both_accept_at_one_instant(gases, verdicts):
    """Both trials read the newest: two gases open one trial in the morning and the other later, never both at once."""
    results = screen(
        {"PaO2/FiO2": gases, "A-a gradient": "100 mmHg", "invasive ventilation": True}, at="2024-03-04T08:00Z"
    )
    assert (
        results["NCT02444455"].criteria["include.4"].passes,
        results["NCT03608592"].criteria["include.2.1"].passes,
    ) == verdicts


def test_a_child_of_17_is_out_of_four_of_five():
    kinds = {result.id: result.verdict for result in screen({"age": 17})}
    assert sorted(kinds.values()).count("ineligible") == 4
    assert kinds["NCT06882811"] == "undetermined"


RELATED = {
    ("NCT02444455", "NCT03608592"): "disjoint", ("NCT02444455", "NCT06416709"): "overlap", ("NCT02444455", "NCT06882811"): "overlap",
    ("NCT02444455", "XHNKKY-DDSC"): "disjoint", ("NCT03608592", "NCT06416709"): "disjoint", ("NCT03608592", "NCT06882811"): "overlap",
    ("NCT03608592", "XHNKKY-DDSC"): "overlap", ("NCT06416709", "NCT06882811"): "overlap", ("NCT06416709", "XHNKKY-DDSC"): "overlap",
    ("NCT06882811", "XHNKKY-DDSC"): "disjoint",
}  # fmt: skip


@pytest.mark.parametrize("pair", RELATED, ids=str)
def test_how_the_bundled_trials_are_related(pair):
    a, b = (BUNDLED[name] for name in pair)
    found = compare(a, b)
    assert found.relation == RELATED[pair]
    for witness, wanted in ((found.only_a, (True, False)), (found.only_b, (False, True)), (found.both, (True, True))):
        if witness is None:
            assert (wanted, found.relation) == ((True, True), "disjoint")
            continue
        verdicts = screen(witness, [a, b])
        assert tuple(verdicts[trial.id].verdict == "eligible" for trial in (a, b)) == wanted


# --- comparing -------------------------------------------------------------------------------------------------------

PAIRS = [
    (("+ age >= 18 years",), ("- age < 18 years",), "equivalent"),
    (("+ creatinine < 2 mg/dL",), ("+ creatinine < 176.84 umol/L",), "equivalent"),
    (("+ creatinine < 2 mg/dL",), ("+ creatinine < 176.8 umol/L",), "equivalent"),
    (("+ creatinine < 2 mg/dL",), ("+ creatinine < 177 umol/L",), "implies"),
    (("+ age between 18 and 65 years",), ("+ age >= 18 years",), "implies"),
    (("+ age >= 18 years",), ("+ age >= 21 years",), "implied"),
    (("+ leukemia",), ("+ malignancy",), "implies"),
    (("+ stroke within 6 months",), ("+ stroke within 14 days",), "implied"),
    (("+ lactate < 4 mmol/L",), ("+ latest lactate within 30 days < 4 mmol/L",), "implies"),
    (("+ age < 18 years",), ("+ age >= 18 years",), "disjoint"),
    (("+ sepsis",), ("+ stroke",), "overlap"),
    (("+ age >= 18 years", "- sepsis"), ("+ age < 65 years",), "overlap"),
    (("+ highest lactate within 24 hours < 4 mmol/L",), ("+ lactate < 4 mmol/L",), "implies"),
    (("+ sepsis and no sepsis",), ("+ age >= 18 years",), "disjoint"),
    (("+ sepsis and no sepsis",), ("+ age < 0 years",), "equivalent"),
]


@pytest.mark.parametrize(("one", "other", "relation"), PAIRS, ids=str)
def test_how_two_trials_are_related(one, other, relation):
    if one == ("+ creatinine < 2 mg/dL",) and "176.8" in other[0]:
        mass = (2 * 10 / 113.12) * 1000  # mg/dL to umol/L, by the molar mass of creatinine
        relation = (
            "equivalent"
            if abs(float(other[0].split()[3]) - mass) <= 1e-9 * mass
            else "implies"
            if float(other[0].split()[3]) > mass
            else "implied"
        )
    assert compare(trial(*one), trial(*other)).relation == relation


@pytest.mark.parametrize(("one", "other", "relation"), PAIRS, ids=str)
def test_a_comparison_turned_round(one, other, relation):
    turned = {"implies": "implied", "implied": "implies"}
    found = compare(trial(*one), trial(*other))
    back = compare(trial(*other), trial(*one))
    assert back.relation == turned.get(found.relation, found.relation)


def test_attestations_belong_to_each_trial_and_are_shared_by_versions_of_one():
    consents, refuses = trial("+ informed consent", name="A"), trial("+ no informed consent", name="B")
    apart = compare(consents, refuses)
    assert apart.relation == "overlap"
    verdicts = screen(apart.both, [consents, refuses])
    assert {result.verdict for result in verdicts} == {"eligible"}
    assert compare(consents, trial("+ no informed consent", name="A")).relation == "disjoint"


def test_an_amendment_tells_what_changed_in_meaning_and_what_in_wording():
    first = compile_trial(
        'trial V "one"\n\ninclude:\n  1 "Adult": age >= 18 years\n  2 "Sepsis": sepsis\n  3 "Mild": creatinine < 2 mg/dL\n'
        '\nexclude:\n  1 "Tumor": malignancy\n  2 "Gone": stroke\n'
    )
    second = compile_trial(
        'trial V "two"\n\ninclude:\n  1 "Grown up": not age < 18 years\n  2 "Sepsis": sepsis\n  3 "Mild": creatinine < 3 mg/dL\n'
        '\nexclude:\n  1 "Tumor": history of malignancy\n  3 "New": pregnancy\n'
    )
    found = compare(first, second)
    assert (found.changed, found.reworded) == (("include.3", "exclude.1"), ("include.1",))
    assert (found.added, found.removed) == (("exclude.3",), ("exclude.2",))
    assert found.relation == "overlap"


def test_another_question_of_a_judgement_is_another_judgement():
    first, second = trial('+ judgement "Is it safe?"'), trial('+ judgement "Is it useful?"')
    assert compare(first, second).relation == "not decided"  # one record has one answer for both
    assert compare(first, second).changed == () or compare(first, second).undecided == ("include.1",)
    assert compare(first, trial('+ judgement "is it  safe?"')).relation == "equivalent"


def test_how_long_values_count_changes_the_meaning():
    found = compare(trial("+ creatinine < 2 mg/dL"), trial("+ creatinine < 2 mg/dL", head='values "30 days"'))
    assert found.relation == "implies"
    assert found.changed == ("include.1",)


def test_comparisons_that_cannot_be_made_are_refused():
    with pytest.raises(UsageError, match="compiled"):
        compare("NCT02444455", BUNDLED["NCT03608592"])
    with pytest.raises(UsageError, match="compiled"):
        analyse("NCT02444455")
    with pytest.raises(UsageError, match="instant"):
        analyse(BUNDLED["NCT02444455"], at="2024-03-04")
    with pytest.raises(UsageError, match="vocabular"):
        compare(
            BUNDLED["NCT02444455"],
            compile_trial('trial X "x"\n\ninclude:\n  1 "a": sepsis\n', vocabulary=Vocabulary.load([])),
        )


# --- proofs ----------------------------------------------------------------------------------------------------------


def test_it_agrees_with_an_independent_prover_the_reference_and_enumeration():
    wrong, counts = run(150, seed=77)
    assert wrong == []
    assert counts["never, prover never"] > 100
    assert counts["possible, prover possible"] > 1000
    assert not any(name.startswith("not decided") for name in counts)


@pytest.mark.parametrize("name", [*BUNDLED])
def test_every_patient_that_is_shown_is_read_without_a_problem(name):
    for finding in analyse(BUNDLED[name], at=AT):
        if finding.witness is not None:
            assert screen(finding.witness, BUNDLED[name]).unrecognized == ()
            assert finding.witness["as_of"] == "2024-05-31T12:00:00Z"


def test_kinds_and_relations_are_a_closed_list():
    assert len(set(KINDS)) == len(KINDS)
    assert set(RELATIONS) == {"equivalent", "implies", "implied", "disjoint", "overlap", "not decided"}


# --- seeded faults ---------------------------------------------------------------------------------------------------


def a_part_lasts_as_long_as_its_whole(world, part, whole):
    yield Ordered(world.index["onset", part], world.index["onset", whole])


def windows_take_in_what_ended_at_their_edge(encoder, operator, edge, real=Encoder._time_cells):
    return real(encoder, "<=" if operator == "<" else operator, edge)


@pytest.mark.parametrize(
    ("owner", "name", "fault", "finder"),
    [
        (laws, "_part_of", a_part_lasts_as_long_as_its_whole, lambda: run_enumeration(12, 1)),
        (Encoder, "_time_cells", windows_take_in_what_ended_at_their_edge, lambda: run_enumeration(12, 1)),
        (laws, "_not_above", lambda world, one, other: False, lambda: run(80, 5, ("lactate",), examples=False)[0]),
        (laws, "_applicability", lambda world: iter(()), lambda: run(60, 6, THEMES[4], examples=False)[0]),
    ],
    ids=["hierarchy", "window edge", "order of selections", "applicability"],
)
def test_the_judges_notice_a_seeded_fault(owner, name, fault, finder, monkeypatch):
    monkeypatch.setattr(owner, name, fault)
    assert finder() != []


def test_small_rules_agree_with_the_enumeration_of_all_patients():
    assert run_enumeration(25, 100) == []


# --- the page that explains it ---------------------------------------------------------------------------------------

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "explanation" / "findings.md").read_text(encoding="utf-8")


def sections(text, mark):
    """Headings of a page with what stands below each."""
    parts = re.split(rf"^{mark} (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def quoted(text):
    return re.findall(r"^> (.+)$", text, flags=re.MULTILINE)


def test_the_page_shows_each_kind_in_a_trial_where_it_is_found():
    kinds = sections(sections(PAGE, "##")["The kinds"], "###")
    assert set(kinds) == set(KINDS)
    for kind, text in kinds.items():
        [rules] = re.findall(r"```elig\n(.*?)```", text, flags=re.DOTALL)
        assert quoted(text) == [str(finding) for finding in analyse(compile_trial(rules)) if finding.kind == kind]


def test_the_page_explains_all_that_is_found_in_the_bundled_trials():
    told = sections(sections(PAGE, "##")["In the bundled trials"], "###")
    assert list(told) == list(BUNDLED)
    for name, text in told.items():
        assert quoted(text) == [str(finding) for finding in analyse(BUNDLED[name])]


def test_the_page_tells_how_the_bundled_trials_are_related():
    text = sections(PAGE, "##")["The bundled trials against each other"]
    for (one, other), relation in RELATED.items():
        found = compare(BUNDLED[one], BUNDLED[other])
        assert f"- {one} and {other}: **{relation}**; {found.message}." in text


# --- bounds ----------------------------------------------------------------------------------------------------------


def pigeons(holes):
    """Numbers in ranges, too many for the room they have: hard for any search of this form."""
    space = Space()
    grid = number_grid([(float(number), float(number)) for number in range(1)], Interval(-1, 1))
    sits = [[space.add(grid) for _ in range(holes)] for _ in range(holes + 1)]
    goals = [AtLeast(1, tuple(In(variable, 1) for variable in row)) for row in sits]
    goals += [
        AtLeast(holes, tuple(In(sits[row][hole], grid.full & ~1) for row in range(holes + 1))) for hole in range(holes)
    ]
    return space, goals


def test_a_search_that_grows_too_long_says_so():
    space, goals = pigeons(9)
    with pytest.raises(TooLarge):
        Search(space, Budget(50_000)).solve(goals)
    space, goals = pigeons(3)
    assert Search(space).solve(goals) is None


def test_a_trial_that_is_too_large_is_not_decided():
    """Ten patients of nine beds, told in conditions."""
    words = [name for name, concept in BUNDLED["NCT02444455"].vocabulary.concepts.items() if concept.kind == "condition" and not concept.includes
             and not BUNDLED["NCT02444455"].vocabulary.wholes(name) and not concept.has_limited_applicability]  # fmt: skip
    holes, grid = 8, iter(words)
    sits = [[f"`{next(grid)}`" for _ in range(holes)] for _ in range(holes + 1)]
    criteria = [f"+ {' or '.join(row)}" for row in sits]
    for hole in range(holes):
        pairs = [(a, b) for a in range(holes + 1) for b in range(a)]
        criteria += [f"- {sits[a][hole]} and {sits[b][hole]}" for a, b in pairs]
    kinds = {finding.kind for finding in analyse(trial(*criteria))}
    assert kinds == {"not decided"}


def test_long_blocks_and_deep_formulas_are_answered():
    deep = "sepsis"
    for _ in range(20):
        deep = f"not ({deep})"
    assert analyse(trial(f"+ {deep}")) == ()
    wide = " or ".join(f"creatinine > {number} umol/L" for number in range(100, 160))
    assert {finding.kind for finding in analyse(trial(f"+ {wide}"))} == {"implied threshold"}


# --- the commands ----------------------------------------------------------------------------------------------------


def call(which, *arguments):
    return cli.run([which, *arguments])


def test_analyse_prints_findings_with_the_lines_of_the_author(capsys):
    assert call("analyse", "NCT03608592") == 1
    printed = capsys.readouterr().out
    assert "NCT03608592: 2 findings" in printed
    assert "include.2.4, exclude.12" in printed
    assert '   11 |   2.4 "ARDS began within the last week": onset of ARDS within 1 week' in printed
    assert "= patient: " in printed


def test_analyse_of_a_clean_file_is_done(tmp_path, capsys):
    path = tmp_path / "clean.elig"
    path.write_text('trial C "clean"\n\ninclude:\n  1 "Adult": age >= 18 years\n', encoding="utf-8")
    assert call("analyse", str(path)) == 0
    assert capsys.readouterr().out.startswith("C: nothing found")
    assert call("analyse", str(tmp_path)) == 0


def test_analyse_as_json(capsys):
    assert call("analyse", "XHNKKY-DDSC", "--format", "json", "--at", AT) == 1
    [told] = json.loads(capsys.readouterr().out)
    assert told["findings"][0]["kind"] == "redundant"
    assert told["findings"][0]["lines"] == [14, 15, 16, 17, 18, 21]


def test_a_trial_that_does_not_compile_gives_its_diagnostics(tmp_path, capsys):
    path = tmp_path / "broken.elig"
    path.write_text('trial C "broken"\n\ninclude:\n  1 "Adult": agee >= 18 years\n', encoding="utf-8")
    assert call("analyse", str(path)) == 2
    assert "did you mean `age`" in capsys.readouterr().err
    assert call("compare", str(path), "NCT02444455") == 2
    with pytest.raises(RuleError):
        compile_trial(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["NCT0244445", "nowhere.elig"])
def test_what_is_not_there_is_unusable(name, capsys):
    assert call("analyse", name) == 2
    assert name in capsys.readouterr().err


def test_all_files_that_do_not_compile_are_told_at_once(tmp_path, capsys):
    for name, rule in (("one", "agee >= 18"), ("other", "sepsis within")):
        (tmp_path / f"{name}.elig").write_text(f'trial X "x"\n\ninclude:\n  1 "a": {rule}\n', encoding="utf-8")
    files = [str(tmp_path / "one.elig"), str(tmp_path / "other.elig")]
    assert call("analyse", *files) == call("compare", *files) == 2
    told = capsys.readouterr().err
    assert told.count("one.elig:4") == told.count("other.elig:4") == 2


def test_compare_prints_the_relation_and_patients(tmp_path, capsys):
    assert call("compare", "NCT02444455", "NCT03608592") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("NCT02444455 and NCT03608592: disjoint")
    assert "eligible under both" not in printed.replace("nobody is eligible under both", "")
    path = tmp_path / "next.elig"
    text = BUNDLED["NCT02444455"].source.text.replace("35 and 70", "35 and 75")
    path.write_text(text, encoding="utf-8")
    assert call("compare", "NCT02444455", str(path)) == 0
    printed = capsys.readouterr().out
    assert "NCT02444455 (first) and NCT02444455 (second): implies" in printed
    assert "changed in meaning: include.2" in printed


def test_compare_as_json(capsys):
    assert call("compare", "NCT02444455", "NCT06416709", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["relation"] == "overlap"
    assert told["both"]["as_of"]
