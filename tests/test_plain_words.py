"""Trials in plain words: what each construct says, and that every random rule gives sentences of words alone."""

from __future__ import annotations

import re
from random import Random

import pytest

from eligibility import compile_trial, load_trials, rules
from eligibility.plain_words import capital, statement, story, words_of
from eligibility.vocabulary import bundled_vocabulary
from eligibility.writing import CONSTRUCTS, Writer

HEAD = 'trial T "t"\n\ninclude:\n  1 "one":\n'


def rule_of(text: str):
    body = "".join(f"    {line}\n" for line in text.splitlines())
    return compile_trial(HEAD + body).criteria[0].rule


def said(text: str) -> list[str]:
    return list(statement(rule_of(text)).lines())


SENTENCES = [
    ("age >= 18 years", "The patient is 18 years old or older."),
    ("age > 17 years", "The patient is 18 years old or older."),
    ("age <= 65 years", "The patient is not yet 66 years old."),  # 65 years and 11 months is at most 65 years
    ("age < 65 years", "The patient is not yet 65 years old."),
    ("age >= 1 year", "The patient is 1 year old or older."),
    ("age < 6 months", "The patient is not yet 6 months old."),
    ("age between 18 and 65 years", "The patient is 18 years old or older and not yet 66 years old."),
    ("age between 0 and 65 years", "The patient is not yet 66 years old."),
    ("creatinine >= 442 umol/L", "Creatinine is 442 umol/L or more."),
    ("platelets < 60 x 10^9/L", "Platelets are below 60 x 10^9/L."),
    ("eGFR <= 30 mL/min/1.73m^2", "eGFR is 30 mL/min/1.73m^2 or less."),
    ("MELD > 40", "MELD is above 40."),
    ("200 < PaO2/FiO2 <= 300 mmHg", "PaO2/FiO2 is above 200 mmHg and 300 mmHg or less."),
    ("lactate between 2 and 4 mmol/L", "Lactate is between 2 mmol/L and 4 mmol/L, both included."),
    ("ALT >= 5 x ULN", "ALT is at or above 5 times the upper limit of normal."),
    ("ALT > ULN", "ALT is above the upper limit of normal."),
    ("hemoglobin < 1 x LLN", "Hemoglobin is below the lower limit of normal."),
    ("NYHA class >= III", "NYHA class is III or IV."),
    ("NYHA class in (I, III)", "NYHA class is I or III."),
    ("NYHA class is not none", "NYHA class is I, II, III or IV."),
    ("sex is not female", "Sex is male."),
    ("malignancy", "The patient has malignancy now."),
    ("no malignancy", "The patient does not have malignancy now."),
    ("history of malignancy", "The patient has malignancy now, or had it at some time before."),
    ("no history of malignancy", "The patient never had malignancy."),
    ("stroke", "The patient has had stroke at some time."),
    ("not stroke", "The patient never had stroke."),
    ("stroke within 6 months", "The patient had stroke in the last 6 months."),
    ("no stroke within 6 months", "The patient did not have stroke at any time in the last 6 months."),
    ("malignancy within 1 year", "The patient had malignancy at some time in the last year."),
    ("surgery within the next 3 months", "Surgery is planned in the next 3 months."),
    ("malignancy within the next 3 months", "The patient has malignancy now, or it is planned in the next 3 months."),
    ("surgery within 28 days before first dose", "The patient had surgery in the 28 days before first dose."),
    ("surgery within 7 days after ARDS", "The patient had surgery in the 7 days after ARDS began."),
    ("ARDS for at least 3 days", "The patient has ARDS now, and has had it for at least 3 days."),
    ("pregnancy", "The patient is pregnant now."),
    ("no pregnancy", "The patient is not pregnant now."),
    ("history of pregnancy", "The patient is pregnant now, or was at some time before."),
    ("no history of pregnancy", "The patient never was pregnant."),
    ("pregnancy within 1 year", "The patient was pregnant at some time in the last year."),
    ("no pregnancy within 1 year", "The patient was not pregnant at any time in the last year."),
    ("long-term oxygen therapy for at least 3 months", "The patient is on long-term oxygen therapy now, and has been for at least 3 months."),
    ("onset of ARDS within 1 week", "ARDS began in the last week."),
    ("time since onset of ARDS > 96 hours", "ARDS began more than 96 hours ago."),
    ("time since onset of ARDS between 1 day and 4 days", "ARDS began at least 1 day ago and at most 4 days ago."),
    ("highest lactate within 24 hours >= 4 mmol/L", "The highest lactate in the last 24 hours is 4 mmol/L or more."),
    ("first lactate > 4 mmol/L", "The first lactate is above 4 mmol/L."),
    ("PaO2/FiO2 after protective ventilation < 200 mmHg", "The newest PaO2/FiO2 after protective ventilation began is below 200 mmHg."),
    ("creatinine before surgery > 3 mg/dL", "The newest creatinine before surgery is above 3 mg/dL."),
    ("rise in creatinine over 28 hours within 7 days >= 44.2 umol/L",
     "The greatest rise of creatinine between two measurements at most 28 hours apart in the last 7 days is 44.2 umol/L or more."),
    ("fall in hemoglobin over 1 day > 20 g/L",
     "The greatest fall of hemoglobin between two measurements at most 1 day apart is above 20 g/L."),
    ('judgement "Is poor adherence expected?"', 'The investigator answers yes to the question "Is poor adherence expected?"'),
    ('judgement "Poor adherence is expected."', 'The investigator judges: "Poor adherence is expected".'),
    ("informed consent", 'A person answers yes to "informed consent".'),
    ("not informed consent", 'A person answers no to "informed consent".'),
    ("creatinine / urea > 0.1", "A number computed from creatinine and urea is above 0.1 (in full: creatinine / urea > 0.1)."),
    ("not creatinine > 3 mg/dL", "It is not the case that creatinine is above 3 mg/dL."),
    ("not (not malignancy)", "The patient has malignancy now."),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "sentence"), SENTENCES)
def test_a_sentence_says_the_rule(rule: str, sentence: str) -> None:
    assert said(rule) == [sentence]


GROUPS = [
    ("malignancy and stroke", "All of these are true:", 2),
    ("malignancy or stroke or sepsis", "At least one of these is true:", 3),
    ("not (malignancy or stroke)", "None of these is true:", 2),
    ("not (malignancy and stroke)", "Not all of these are true:", 2),
    ("malignancy unless stroke", "All of these are true:", 2),
    ("if malignancy then stroke", "At least one of these is true:", 2),
    ("none of:\n  - malignancy\n  - stroke", "None of these is true:", 2),
    ("at least 2 of:\n  - malignancy\n  - stroke\n  - sepsis", "At least 2 of these are true:", 3),
    ("at most 1 of:\n  - malignancy\n  - stroke\n  - sepsis", "At most 1 of these is true:", 3),
    ("exactly 1 of:\n  - malignancy\n  - stroke", "Exactly 1 of these is true:", 2),
    ("exactly 0 of:\n  - malignancy\n  - stroke", "None of these is true:", 2),
]


@pytest.mark.parametrize(("rule", "head", "items"), GROUPS)
def test_a_group_has_a_head_and_its_items(rule: str, head: str, items: int) -> None:
    lines = said(rule)
    assert lines[0] == head
    assert [line[:4] for line in lines[1:]] == ["  - "] * items


def test_groups_stand_inside_of_groups() -> None:
    assert said("malignancy and (stroke or sepsis)") == [
        "All of these are true:",
        "  - The patient has malignancy now.",
        "  - At least one of these is true:",
        "    - The patient has had stroke at some time.",
        "    - The patient has sepsis now.",
    ]


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("the x", "The x"),
        ("pH is", "pH is"),
        ("eGFR is", "eGFR is"),
        ("end-stage x", "End-stage x"),
        ("", ""),
        ("2 x", "2 x"),
    ],
)
def test_the_first_letter(text: str, large: str) -> None:
    assert capital(text) == large


# Names of Python and of the sources, brackets of its containers, numbers that are none.
NOT_PLAIN = re.compile(
    r"\b(?:None(?! of these)|True|False|nan|inf|Fraction|frozenset|Concept|Duration|Window|Anchor|Bound|Measured|Comparison|InClass|Scale|"
    r"Span|tuple|dict|rules|lambda|object)\b|[{}\[\]]|\(\)|'\w+':|=\w+\(|<\w+ |__"
)


def test_every_random_rule_gives_sentences() -> None:
    words, used = bundled_vocabulary(), set[str]()
    for seed in range(1500):
        writer = Writer(words, Random(seed))
        text = writer.body()
        used |= writer.used
        lines = said(text)
        for line in lines:
            bare = line.strip().removeprefix("- ")
            told = bare.partition(" (in full: ")[0]  # a rule that is quoted as the author wrote it
            assert not NOT_PLAIN.search(told), (text, line)
            assert re.search(r'(?:[.:]|[?.]")$', bare), (text, line)
            assert "  " not in bare, (text, line)
            assert not re.match(r"[a-z]+ ", bare), (text, line)
    assert used == set(CONSTRUCTS)


def test_what_differs_is_said_differently() -> None:
    """Two rules that are not the same one never sound the same, but for what they spell in two ways."""
    words, heard = bundled_vocabulary(), dict[str, object]()
    for seed in range(1500):
        rule = rule_of(Writer(words, Random(seed), 1).body())
        lines = "\n".join(statement(rule).lines())
        known = heard.setdefault(lines, rule)
        assert "\n".join(statement(known).lines()) == lines  # type: ignore[arg-type]  # a rule
        if known != rule:
            assert shape(known) == shape(rule), lines


def shape(rule: object) -> str:
    """A rule without its spellings, and without what changes nothing: groups of one, `none of` in its two forms."""
    return re.sub(r"words='[^']*'|words=\"[^\"]*\"|shown='[^']*'|text='[^']*'|\s", "", repr(bare(rule)))


def bare(rule: rules.Rule) -> rules.Rule:
    match rule:
        case rules.And(operands=(only,)) | rules.Or(operands=(only,)) | rules.Count(1, _, (only,)):
            return bare(only)
        case rules.Count(0, 0, operands):
            return bare(rules.Not(rules.Or(operands)))
        case rules.Not(operand=rules.Not(operand=inner)):
            return bare(inner)
        case rules.Not(operand=operand):
            inner = bare(operand)
            return inner.operand if isinstance(inner, rules.Not) else rules.Not(inner)
        case rules.And(operands=operands):
            return rules.And(tuple(map(bare, operands)))
        case rules.Or(operands=operands):
            return rules.Or(tuple(map(bare, operands)))
        case rules.Count(low, high, operands):
            return rules.Count(low, high, tuple(map(bare, operands)))
        case _:
            return rule


@pytest.mark.parametrize("trial", load_trials(), ids=lambda trial: trial.id)
def test_the_story_of_a_bundled_trial(trial) -> None:
    text = story(trial)
    assert text.startswith(f"{trial.id}: {trial.title}\n")
    assert max(map(len, text.splitlines())) <= 80
    flat = " ".join(text.split())
    for criterion in trial:
        assert f"{criterion.id} {criterion.label}" in flat
    head, _, tail = text.partition("Whoever meets one of these cannot take part:")
    assert "To take part, a person must meet all of these:" in head
    assert "What the words mean:" in tail
    assert len(words_of(trial)) == len(trial.criteria)


def test_the_story_with_formulas() -> None:
    (trial,) = [item for item in load_trials() if item.id == "NCT03608592"]
    assert "Rule: PEEP >= 8 cmH2O" in story(trial, formulas=True)
    assert "Rule: " not in story(trial)
