"""The formatter: what it prints parses to the same tree, printing again changes nothing, and no comment is lost."""

import json
import re
from pathlib import Path

import pytest

from eligibility import compile_trial
from eligibility.parser import parse_trial
from eligibility.printer import print_trial, quote
from eligibility.vocabulary import bundled_vocabulary

WORDS = bundled_vocabulary()
ROOT = Path(__file__).parent.parent
HEAD = 'trial T "t"\n\ninclude:\n'


def parsed(text):
    tree, diagnostics = parse_trial(text, WORDS)
    assert [str(diagnostic) for diagnostic in diagnostics] == []
    return tree


def formatted(text):
    return print_trial(parsed(text))


def wrapped(rule):
    return 'trial KIT "kit"\n\ninclude:\n  1 "case":\n' + "".join(f"    {line}\n" for line in rule.splitlines())


def one(text):
    """The canonical text of one formula, from a criterion on one line."""
    lines = formatted(f'{HEAD}  1 "one": {text}\n').splitlines()
    return " ".join(line.strip() for line in lines[3:]).removeprefix('1 "one": ')


def comments(text):
    """The comments of a text, strings and names in backticks left out of sight."""
    bare = re.sub(r'"(?:[^"\\\n]|\\.)*"|`[^`\n]*`', lambda match: "_" * len(match[0]), text)
    return sorted(re.sub(r"\s+$", "", text[match.start() : match.end()]) for match in re.finditer("#.*", bare))


FILES = sorted((ROOT / "rules" / "trials").glob("*.elig"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_bundled_files_print_to_the_same_tree(path):
    text = path.read_text("utf-8")
    again = formatted(text)
    assert parsed(again) == parsed(text)
    assert formatted(again) == again
    assert comments(again) == comments(text)


def test_there_are_bundled_files():
    assert len(FILES) == 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_bundled_files_are_in_canonical_form(path):
    text = path.read_text("utf-8")
    assert formatted(text) == text


def kit():
    for path in sorted((ROOT / "tests" / "kit").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line) if line.strip() else {}
            if "rule" in case and "outcome" in case:
                yield case["rule"]


KIT = sorted(set(kit()))


def test_every_rule_of_the_kit_prints_to_the_same_tree():
    assert KIT
    wrong = []
    for rule in KIT:
        tree = parsed(wrapped(rule))
        text = print_trial(tree)
        if parsed(text) != tree or formatted(text) != text:
            wrong.append(rule)
        compile_trial(text)
    assert wrong == []


FORMULAS = [
    "malignancy", "not malignancy", "no malignancy", "not not malignancy", "not (malignancy or stroke)", "no (malignancy and stroke)",
    "malignancy and stroke and bleeding", "malignancy or stroke or bleeding", "malignancy or stroke and bleeding",
    "(malignancy or stroke) and bleeding", "malignancy or (stroke and bleeding)", "(malignancy and stroke) and bleeding",
    "malignancy and (stroke and bleeding)", "((malignancy))", "(malignancy and stroke)", "malignancy unless stroke",
    "malignancy and stroke unless bleeding or sepsis", "malignancy unless (stroke unless bleeding)",
    "(malignancy unless stroke) unless bleeding", "if malignancy then stroke", "if malignancy or stroke then bleeding and sepsis",
    "if (if malignancy then stroke) then bleeding", "(if malignancy then stroke) and bleeding", "not (if malignancy then stroke)",
    "not malignancy unless not stroke", "(malignancy unless stroke) or bleeding", "creatinine >= 442 umol/L",
    "442 umol/L <= creatinine", "200 < PaO2/FiO2 <= 300 mmHg", "300 mmHg >= PaO2/FiO2 > 200 mmHg", "age between 35 and 70 years",
    "creatinine between 1 mg/dL and 442 umol/L", "ALT >= 5 x ULN", "ALT >= ULN", "hemoglobin < 1 x LLN", "1 x ULN < ALT < 5 x ULN",
    "ALT between 1 x ULN and 3 x ULN", "NYHA class >= III", "NYHA class in (III, IV)", "sex is female", "NYHA class is not none",
    "NYHA class between II and III", "I < NYHA class <= III", "history of malignancy", "myocardial infarction within 6 months",
    "surgery within the next 3 months", "chemotherapy within 28 days before first dose", "surgery within 3 days after onset of ARDS",
    "(deep vein thrombosis or pulmonary embolism) within 3 months", "(stroke and (surgery or malignancy)) within 1 year",
    "(stroke) within 3 months", "long-term oxygen therapy for at least 3 months", "onset of ARDS within 1 week",
    "onset of ARDS within 7 days before consent", "time since onset of ARDS > 96 hours", "1 day < time since onset of ARDS <= 96 hours",
    "time since onset of ARDS between 1 day and 1 week", "highest lactate within 24 hours >= 4 mmol/L", "first SOFA > 2",
    "lowest platelets within 3 days before first dose < 60 x 10^9/L", "latest creatinine > 5 mg/dL",
    "PaO2/FiO2 after protective ventilation < 200 mmHg", "PaO2/FiO2 before onset of ARDS < 200 mmHg",
    "highest lactate within 24 hours after surgery >= 4 mmol/L", "highest lactate within 24 hours after consent before surgery > 4 mmol/L",
    "rise in creatinine over 1 day >= 44.2 umol/L", "rise in creatinine over 28 hours within 7 days >= 44.2 umol/L",
    "fall in platelets over 2 days > 50 x 10^9/L", 'judgement "Poor adherence?"', r'judgement "a \"quoted\" word and a \\ slash"',
    'malignancy and judgement "Is it # open: or not?"', "FiO2 * (760 mmHg - 47 mmHg) - PaCO2 / 0.8 - PaO2 > 35 mmHg",
    "PaO2 - (PaCO2 - PEEP) > 1 mmHg", "PaO2 - PaCO2 - PEEP > 1 mmHg", "PaO2 / (FiO2 / 2) > 1 mmHg", "PaO2 / FiO2 / 2 > 1 mmHg",
    "PaO2 / FiO2 * 2 > 1 mmHg", "PaO2 * (FiO2 + 0.1) > 1 mmHg", "total bilirubin / (1 mg/dL) > 2", "min(ALT, AST) > 100 U/L",
    "max(ALT, AST, GGT) > 100 U/L", "ln(creatinine / (1 mg/dL)) > 0.5", "exp(INR) > 3", "INR ^ 1.2 > 2", "INR ^ (1 - 0.5) > 2",
    "(INR ^ 2) ^ 0.5 > 1", "2 * (INR + 1) ^ 2 > 1", "(creatinine + 1 mg/dL) / urea > 0.1", "`participation in another trial`",
    "participation in another trial within 30 days", "`social or mental disability`", "shortness of breath and first SOFA > 2",
    "surgery within 28 days before first dose", "type 2 diabetes", "SARS-CoV-2 viral load > 1000 copies/mL",
    "Crohn's disease or Parkinson's disease", "INR > 1e1", "INR > .5", "base excess < -2 mmol/L", "RASS >= -2", "SOFA change > +2",
    "(malignancy)", "not (not malignancy)", "no no malignancy", "temperature > 38.5 degC", "respiratory rate at rest >= 30 /min",
    "malignancy and not stroke or no bleeding", "(malignancy or stroke) and (bleeding or sepsis) or (surgery and ARDS)",
]  # fmt: skip


@pytest.mark.parametrize("rule", FORMULAS)
def test_formulas_print_to_the_same_tree(rule):
    text = f'{HEAD}  1 "one": {rule}\n'
    again = formatted(text)
    assert parsed(again) == parsed(text)
    assert formatted(again) == again


BLOCKS = [
    "any of:\n  - malignancy\n  - stroke",
    "all of:\n  - malignancy or stroke\n  - creatinine > 5 mg/dL",
    "none of:\n  - malignancy\n  - any of:\n      - stroke\n      - all of:\n          - bleeding\n          - sepsis",
    "at least 2 of:\n  - malignancy\n  - stroke\n  - bleeding",
    "at most 1 of:\n  - malignancy\n  - exactly 1 of:\n      - stroke\n      - bleeding",
    "ANY OF:\n  - Malignancy\n  - All Of:\n      - stroke",
    "any   of:\n  - malignancy and\n    stroke\n  - (malignancy\n     or stroke)",
]


@pytest.mark.parametrize("rule", BLOCKS)
def test_blocks_print_to_the_same_tree(rule):
    again = formatted(wrapped(rule))
    assert parsed(again) == parsed(wrapped(rule))
    assert formatted(again) == again


# --- plain forms -----------------------------------------------------------------------------------------------------

PLAIN = [
    ("age ≥ 18 years", "age >= 18 years"),
    ("age ≤ 65 years", "age <= 65 years"),
    ("200 < PaO2/FiO2 ≤ 300 mmHg", "200 < PaO2/FiO2 <= 300 mmHg"),
    ("ALT ≥ 5 × ULN", "ALT >= 5 x ULN"),
    ("ALT ≥ 5×ULN", "ALT >= 5 x ULN"),
    ("ALT >= 5 times ULN", "ALT >= 5 x ULN"),
    ("ALT >= 5 X uln", "ALT >= 5 x ULN"),
    ("ALT >= 5 times the upper limit of normal", "ALT >= 5 x ULN"),
    ("ALT > ULN", "ALT > 1 x ULN"),
    ("hemoglobin < the lower limit of normal", "hemoglobin < 1 x LLN"),
    ("creatinine > 442 µmol/L", "creatinine > 442 umol/L"),
    ("creatinine > 442 μmol/L", "creatinine > 442 umol/L"),
    ("platelets < 60 × 10⁹/L", "platelets < 60 x 10^9/L"),
    ("platelets < 60 × 10^9/L", "platelets < 60 x 10^9/L"),
    ("platelets < 60 ×10⁹/L", "platelets < 60 x 10^9/L"),
    ("platelets < 60 x10^9/L", "platelets < 60 x 10^9/L"),
    ("platelets < 60 10^9/L", "platelets < 60 x 10^9/L"),
    ("platelets < 60 x 10*9/L", "platelets < 60 x 10^9/L"),
    ("platelets < 60 10³/µL", "platelets < 60 x 10^3/uL"),
    ("BMI > 30 kg/m²", "BMI > 30 kg/m^2"),
    ("eGFR < 30 mL/min/1.73 m²", "eGFR < 30 mL/min/1.73 m^2"),
    ("A-a gradient − PaO2 > 35 mmHg", "A-a gradient - PaO2 > 35 mmHg"),
    ("History Of malignancy", "history of malignancy"),
    ("judgment \"Open?\"", 'judgement "Open?"'),
    ("((malignancy))", "malignancy"),
    ("malignancy or (stroke and bleeding)", "malignancy or (stroke and bleeding)"),
    ("`ARDS`", "`ARDS`"),
    ("`social or mental disability`", "`social or mental disability`"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "expected"), PLAIN)
def test_plain_forms(rule, expected):
    assert one(rule) == expected


@pytest.mark.parametrize(("rule", "expected"), PLAIN)
def test_plain_forms_mean_the_same(rule, expected):
    first, second = (compile_trial(f'{HEAD}  1 "one": {text}\n').criteria[0].rule for text in (rule, expected))
    assert re.sub(r"words='.*?'(?=[,)])", "", repr(first)) == re.sub(r"words='.*?'(?=[,)])", "", repr(second))


CAPITALS = [
    ("malignancy AND NOT stroke", "malignancy and not stroke"),
    ("malignancy Or stroke", "malignancy or stroke"),
    ("malignancy UNLESS stroke", "malignancy unless stroke"),
    ("if malignancy THEN stroke", "if malignancy then stroke"),
    ("surgery WITHIN 3 months", "surgery within 3 months"),
    ("highest lactate Within 24 hours > 4 mmol/L", "highest lactate within 24 hours > 4 mmol/L"),
    ("surgery within 3 days BEFORE first dose", "surgery within 3 days before first dose"),
    ("PaO2/FiO2 AFTER protective ventilation < 200 mmHg", "PaO2/FiO2 after protective ventilation < 200 mmHg"),
    ("age BETWEEN 35 AND 70 years", "age between 35 and 70 years"),
    ("NYHA class IN (III, IV)", "NYHA class in (III, IV)"),
    ("sex IS female", "sex is female"),
    ("sex IS NOT male", "sex is not male"),
    ("vasopressors FOR AT LEAST 3 days", "vasopressors for at least 3 days"),
    ("rise in creatinine OVER 1 day > 44.2 umol/L", "rise in creatinine over 1 day > 44.2 umol/L"),
    ("creatinine > 5 mg/dL AND malignancy", "creatinine > 5 mg/dL and malignancy"),
]


@pytest.mark.parametrize(("rule", "expected"), CAPITALS)
def test_words_of_the_language_in_capitals(rule, expected):
    assert one(rule) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("NOT malignancy", "not malignancy"), ("No malignancy", "no malignancy"), ("History Of malignancy", "history of malignancy"),
        ("ONSET OF ARDS within 7 days", "onset of ARDS within 7 days"), ("HIGHEST lactate > 4 mmol/L", "highest lactate > 4 mmol/L"),
        ("IF malignancy then stroke", "if malignancy then stroke"), ("MAX(ALT, AST) > 5 U/L", "max(ALT, AST) > 5 U/L"),
        ("Rise In creatinine over 1 day > 44.2 umol/L", "rise in creatinine over 1 day > 44.2 umol/L"),
    ],
)  # fmt: skip
def test_words_in_front_in_capitals(rule, expected):
    assert one(rule) == expected


def test_a_block_with_a_number_in_capitals():
    text = wrapped("AT LEAST 1 OF:\n  - malignancy\n  - stroke")
    assert "    at least 1 of:\n" in formatted(text)


def test_a_long_formula_goes_below_its_head():
    rule = " or ".join(["malignancy"] * 9)
    text = formatted(f'{HEAD}  1 "one": {rule}\n')
    assert f'  1 "one":\n    {rule}\n' in text


def test_a_continued_formula_is_one_line():
    text = formatted(f'{HEAD}  1 "one":\n    malignancy\n    or stroke\n    or bleeding\n')
    assert '  1 "one": malignancy or stroke or bleeding\n' in text


def test_the_header_is_kept():
    text = 'trial NCT1 "A \\"title\\""\n  registry "ClinicalTrials.gov"\n  values "30 days"\n\ninclude:\n  1 "one": malignancy\n'
    assert formatted(text) == text
    tree = parsed(text)
    assert (tree.id, tree.title, tree.registry, tree.values) == ("NCT1", 'A "title"', "ClinicalTrials.gov", "30 days")


def test_the_whole_file_in_canonical_form():
    ugly = (
        '\n\ntrial   T    "t"\n   REGISTRY   "r"\nINCLUDE :\n     2.1   "one"  :   age≥18 years\n'
        '       note   "why"\n\n\n     4.h "two":\n           any  of :\n               -   malignancy\n'
        "               -  stroke\n\nexclude:\n  1 \"x\" : bleeding"
    )  # fmt: skip
    assert formatted(ugly) == (
        'trial T "t"\n  registry "r"\n\ninclude:\n  2.1 "one": age >= 18 years\n    note "why"\n  4.h "two":\n    any of:\n'
        '      - malignancy\n      - stroke\n\nexclude:\n  1 "x": bleeding\n'
    )


@pytest.mark.parametrize(
    "text", ["", "plain", 'a "quoted" word', "a \\ slash", '\\"', "# no comment", "`tick`", "é ≥ µ"]
)
def test_quoted_texts_come_back(text):
    tree = parsed(f"{HEAD}  1 {quote('label ' + text)}: malignancy\n    note {quote(text)}\n")
    criterion = tree.sections[0].criteria[0]
    assert (criterion.label, criterion.note) == ("label " + text, text)


def test_windows_line_ends():
    text = f'{HEAD}  1 "one": malignancy  # here\n    note "n"\n'
    assert formatted(text.replace("\n", "\r\n")) == formatted(text)


# --- comments --------------------------------------------------------------------------------------------------------

COMMENTED = (
    """# at the very top
# and a second line

trial T "t"  # behind the title
  # above the registry
  registry "r"  # behind the registry
  # above values
  values "30 days"  # behind values
# before the section

include:  # behind the section
  # above the first
  1 "one": malignancy  # behind a formula
  # above the second
  2 "two":  # behind a head
    # above the formula
    stroke or bleeding  # behind the formula below
    # above the note
    note "why"  # behind the note
  3 "three":
    # above the block
    any of:  # behind the block
      # above an item
      - malignancy  # behind an item
      # between
      - all of:  # behind an inner block
          # inside
          - stroke
          - bleeding  # last inside
          # after the last inside
      # after the inner block
    # after the block
  # after the last criterion
# between the sections

exclude:
  1 "x": sepsis and "# no comment" is not here
""".replace(' and "# no comment" is not here', ' and judgement "# no comment"')
    + "  # indented at the end\n# at the end\n"
)


def test_every_comment_is_kept():
    again = formatted(COMMENTED)
    assert comments(again) == comments(COMMENTED)
    assert parsed(again) == parsed(COMMENTED)


def test_comments_settle():
    once = formatted(COMMENTED)
    assert formatted(once) == once


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("# behind the section", "include:"), ("# behind a formula", '1 "one": malignancy'), ("# behind the block", "any of:"),
        ("# behind an item", "- malignancy"), ("# behind an inner block", "- all of:"), ("# last inside", "- bleeding"),
        ("# behind the note", 'note "why"'), ("# behind the title", 'trial T "t"'),
        ("# behind the registry", 'registry "r"'),
        ("# behind values", 'values "30 days"'),
    ],
)  # fmt: skip
def test_a_remark_stays_on_its_line(comment, line):
    (found,) = [text for text in formatted(COMMENTED).splitlines() if comment in text]
    assert found.strip() == f"{line}  {comment}"


def test_what_stands_at_the_very_top_stays_there():
    text = '# SPDX-License-Identifier: Apache-2.0\n\ntrial T "t"\n\ninclude:\n  1 "one": malignancy\n'
    assert formatted(text).startswith("# SPDX-License-Identifier: Apache-2.0\n")


@pytest.mark.parametrize(
    "comment", ["# after the last inside", "# after the inner block", "# after the block", "# after the last criterion"]
)
def test_a_comment_at_the_end_of_a_block_stays_in_its_section(comment):
    (found,) = [text for text in formatted(COMMENTED).splitlines() if comment in text]
    assert found.startswith("  ")


@pytest.mark.parametrize(
    ("comment", "before"),
    [
        ("# above the first", '1 "one": malignancy'), ("# above the second", '2 "two":'), ("# above the note", 'note "why"'),
        ("# above an item", "- malignancy"), ("# between", "- all of:"), ("# inside", "- stroke"), ("# above the block", "any of:"),
    ],
)  # fmt: skip
def test_a_comment_of_its_own_stays_before_what_it_speaks_of(comment, before):
    lines = [line.strip() for line in formatted(COMMENTED).splitlines()]
    place = lines.index(comment)
    assert lines[place + 1].startswith(before)


def test_a_comment_alone_at_the_end():
    text = f'{HEAD}  1 "one": malignancy\n# the end\n'
    assert formatted(text).endswith("# the end\n")
    assert comments(formatted(text)) == ["# the end"]


def test_a_sign_of_comment_in_a_text_is_none():
    text = f'{HEAD}  1 "a # b": judgement "# c"  # d\n    note "e # f"\n'
    assert comments(formatted(text)) == ["# d"]
    assert formatted(text) == text


def test_remarks_on_joined_lines_are_all_kept():
    text = f'{HEAD}  1 "one":\n    malignancy or  # first\n    stroke or  # second\n    bleeding  # third\n'
    again = formatted(text)
    assert comments(again) == ["# first", "# second", "# third"]
    assert formatted(again) == again
    assert parsed(again) == parsed(text)


@pytest.mark.parametrize("place", range(COMMENTED.count("\n") + 1))
def test_a_comment_anywhere_is_kept(place):
    """A line of its own, put in at every line of a file in turn."""
    lines = COMMENTED.split("\n")
    for indent in ("", "  ", "      "):
        text = "\n".join([*lines[:place], f"{indent}# put in", *lines[place:]])
        again = formatted(text)
        assert comments(again) == comments(text)
        assert formatted(again) == again
        assert parsed(again) == parsed(text)
