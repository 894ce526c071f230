"""Fixes: what each makes of a text, and that none which is sure can change a verdict."""

from __future__ import annotations

import random
import re

import pytest

from eligibility import fixes as fixes_module
from eligibility.fixes import Fix, apply, class_before, fixes
from eligibility.library import check_text, diagnose
from eligibility.vocabulary import bundled_vocabulary

HEAD = 'trial T "t"\n\ninclude:\n  1 "one": '
WORDS = bundled_vocabulary()


def offered(text: str, code: str) -> list[tuple[Fix, str]]:
    """The fixes of the first diagnostic of a code, with the text that each makes."""
    checked = check_text(text)
    told = next(item for item in checked.diagnostics if item.code == code)
    return [(fix, apply(text, fix)) for fix in fixes(told, WORDS, checked.tree)]


CASES = [
    # code, formula, what the fixes make of it, how many of them are sure
    ("E103", "malig\u200bnancy", ["malignancy"], 1),
    ("E103", "age >= 1\u200b8 years", ["age >= 18 years"], 0),  # or 1, and something else
    ("E103", "no\u202estroke", ["nostroke"], 0),
    ("E107", "(malignancy or stroke", ["(malignancy or stroke)"], 0),
    ("E107", "(malignancy  # remark", ["(malignancy)  # remark"], 0),
    ("E122", "malignancy)", ["malignancy"], 0),
    ("E137", "!malignancy", ["not malignancy"], 1),
    ("E137", "malignancy && stroke", ["malignancy and stroke"], 1),
    ("E137", "malignancy | stroke", ["malignancy or stroke"], 1),
    ("E137", "malignancy && stroke or sepsis", ["malignancy and stroke or sepsis"], 0),  # `&&` and `or` bind as they like
    ("E142", "age over 18 years", ["age > 18 years", "age >= 18 years"], 0),  # which of the two, only the protocol says
    ("E142", "creatinine greater than 3 mg/dL", ["creatinine > 3 mg/dL"], 0),
    ("E143", "stroke withn 3 months", ["stroke within 3 months"], 0),
    ("E143", "stroke   in  the last 3 months", ["stroke   within 3 months"], 0),
    ("E143", "stroke less than 3 months ago", ["stroke within 3 months"], 0),
    ("E143", "stroke more than 3 months ago", [], 0),  # the opposite of a window
    ("E143", "stroke within the past week", ["stroke within 1 week"], 0),
    ("E143", "worst PaO2/FiO2 < 200 mmHg", [], 0),
    ("E142", "older than 18 years", [], 0),
    ("E400", "stroke/malignancy", [], 0),  # a name alone would leave the other one out
    ("E138", "creatinine > 1,5 mg/dL", ["creatinine > 1.5 mg/dL"], 0),
    ("E143", "age 18-65 years", ["age between 18 and 65 years"], 0),
    ("E143", "age between 18 to 65 years", [], 0),
    ("E142", "creatinine equal to 3 mg/dL", ["creatinine >= 3 mg/dL", "creatinine <= 3 mg/dL"], 0),
    ("E138", "platelets < 60,000 /uL", ["platelets < 60000 /uL", "platelets < 60.000 /uL"], 0),
    ("E400", "history of malignacy", ["history of malignancy"], 0),
    ("E400", "no `malignacy`", ["no `malignancy`"], 0),
    ("E410", "history of stroke within 3 months", ["stroke within 3 months"], 0),
    ("E442", "age => 18 years", ["age >= 18 years"], 1),
    ("E442", "age =< 18 years", ["age <= 18 years"], 1),
    ("E443", "sex != female", ["sex is not female"], 1),
    ("E443", "age != 18 years", [], 0),
    ("E444", "sex = female", ["sex is female"], 0),
    ("E444", "NYHA class = III", ["NYHA class is III"], 0),  # the bar of `>=` may be lost here
    ("E444", "creatinine = 442 umol/L", [], 0),  # nobody but the author knows which
    ("E480", "platelets < 60 x 109/L", ["platelets < 60 x 10^9/L"], 0),
    ("E481", "creatinine >= 442", [], 0),  # a unit is never guessed
    ("W201", "malignancy or stroke and sepsis", ["malignancy or (stroke and sepsis)"], 1),
    ("W201", "stroke and sepsis or age > 3 years and malignancy", ["(stroke and sepsis) or (age > 3 years and malignancy)"], 1),
    ("W202", "stroke or surgery within 3 months", ["(stroke or surgery) within 3 months"], 0),
]  # fmt: skip


@pytest.mark.parametrize(("code", "formula", "made", "sure"), CASES)
def test_what_a_fix_makes(code: str, formula: str, made: list[str], sure: int) -> None:
    found = offered(f"{HEAD}{formula}\n", code)
    assert [text.removeprefix(HEAD).rstrip("\n") for _, text in found][: len(made) or None] == made
    assert sum(fix.sure for fix, _ in found) == sure
    for _, text in found:
        assert code not in [item.code for item in diagnose(text)[1]]


@pytest.mark.parametrize(
    ("code", "text", "made"),
    [
        ("E105", '{}"two": malignancy\n\t2 "three": stroke\n', None),
        ("E124", 'trial T "t"\n\nincludes :\n  1 "one": malignancy\n', 'trial T "t"\n\ninclude:\n  1 "one": malignancy\n'),
        ("E124", 'trial T "t"\n\nExclude\n  1 "one": malignancy\n', 'trial T "t"\n\nexclude:\n  1 "one": malignancy\n'),
        ("E126", 'trial T "t"\n\ninclude:\n  1 "one" malignancy\n', 'trial T "t"\n\ninclude:\n  1 "one": malignancy\n'),
        ("E126", 'trial T "t"\n\ninclude:\n  1 "one"\n    malignancy\n', 'trial T "t"\n\ninclude:\n  1 "one":\n    malignancy\n'),
        (
            "E140",
            'trial T "t"\n\ninclude:\n  1 "one":\n    at least two of:\n      - malignancy\n      - stroke\n',
            'trial T "t"\n\ninclude:\n  1 "one":\n    at least 2 of:\n      - malignancy\n      - stroke\n',
        ),
        (
            "E140",
            'trial T "t"\n\ninclude:\n  1 "one":\n    any of\n      - malignancy\n',
            'trial T "t"\n\ninclude:\n  1 "one":\n    any of:\n      - malignancy\n',
        ),
    ],
)  # fmt: skip
def test_what_a_fix_makes_of_a_file(code: str, text: str, made: str | None) -> None:
    text = text.format(f"{HEAD}malignancy\n  1b ") if "{}" in text else text
    ((_, mended),) = offered(text, code)
    if made is not None:
        assert mended == made
        assert diagnose(mended)[1] == ()
    else:
        assert "\t" not in mended


def test_class_values_are_offered_the_nearest_first() -> None:
    found = [text for _, text in offered(f"{HEAD}sex is femal\n", "E450")]
    assert found[0] == f"{HEAD}sex is female\n"
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NYHA class is V", "NYHA class"), ("sex = ", "sex"), ("age >= 18 years and sex is ", "sex"), ("creatinine is ", None),
        ("", None), ("nothing known", None), ("sex is female\ncreatinine > ", None),
    ],
)  # fmt: skip
def test_the_class_before_a_place(text: str, name: str | None) -> None:
    found = class_before(text, len(text), WORDS)
    assert (found.name if found else None) == name


def test_fixes_of_every_code_are_of_codes_that_are() -> None:
    from eligibility.codes import all_codes

    assert set(fixes_module._BY_CODE) <= set(all_codes())


def test_a_sure_fix_of_a_rule_that_compiles_keeps_its_meaning() -> None:
    """Brackets that are set as a rule is read: the checked rule is the same one."""
    chance = random.Random(1)
    names = ["malignancy", "stroke", "sepsis", "age >= 18 years", "no bleeding", "creatinine > 3 mg/dL"]
    tried = 0
    for _ in range(400):
        words = [chance.choice(names)]
        for _ in range(chance.randint(1, 6)):
            words += [chance.choice(("and", "or")), chance.choice(names)]
        text = f"{HEAD}{' '.join(words)}\n"
        checked = check_text(text)
        assert checked.trial is not None
        for told in checked.diagnostics:
            for fix in fixes(told, WORDS, checked.tree):
                if fix.sure:
                    again, left = diagnose(apply(text, fix))
                    assert again is not None
                    assert left == ()
                    assert again.criteria[0].rule == checked.trial.criteria[0].rule
                    tried += 1
    assert tried > 100


def test_the_fixes_of_very_many_warnings_look_at_their_own_criterion_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'trial T "t"\n\n' + "".join(
        f"{section}:\n" + "".join(f'  {number} "a": stroke or sepsis and malignancy\n' for number in range(300))
        for section in ("include", "exclude")
    )
    checked = check_text(text)
    assert len(checked.diagnostics) == 600
    looked_at = []
    children = fixes_module.nodes.children
    monkeypatch.setattr(fixes_module.nodes, "children", lambda node: looked_at.append(node) or children(node))
    made = [fixes(told, WORDS, checked.tree) for told in checked.diagnostics]
    assert all(len(found) == 1 for found in made)
    assert len(looked_at) < 3000


@pytest.mark.parametrize("seed", range(20))
def test_fixes_of_broken_texts_never_raise(seed: int) -> None:
    chance = random.Random(seed)
    text = f"{HEAD}(malignancy or sex = female) and NYHA class is V and platelets < 60,000 /uL or age => 18 years within 3\n"
    for _ in range(12):
        place = chance.randrange(len(text))
        text = (
            text[:place]
            + chance.choice(["", "(", ")", ",", '"', "`", "\t", "é", "😀", "=", " of:", "\n"])
            + text[place + chance.randint(0, 3) :]
        )
    checked = check_text(text)
    for told in checked.diagnostics:
        for fix in fixes(told, WORDS, checked.tree):
            made = apply(text, fix)
            assert made != text
            assert not re.search("[\ue000\ue001]", made)
            check_text(made)
