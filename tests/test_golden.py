"""A golden file for each code: a bad example with exactly what is printed of it, and a good one that is clean.

python tests/test_golden.py     # write what is printed now; read the difference before you commit it
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from eligibility import EligibilityError, UsageError, Vocabulary
from eligibility.codes import all_codes, as_file, code_of, explanation
from eligibility.diagnostic_formats import Findings, as_text
from eligibility.formulas import check_formula
from eligibility.library import LARGEST_FILE, check_text, diagnose
from eligibility.vocabulary import bundled_vocabulary

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
PAGES = ROOT / "docs" / "reference" / "codes"
CODES = sorted(all_codes())
SEVERAL = sorted(path.name.removesuffix(".bad.elig") for path in GOLDEN.glob("several-*.bad.elig"))
IN_VOCABULARY = [code for code in CODES if all_codes()[code].shape == "vocabulary"]
IN_RULES = [code for code in CODES if code not in IN_VOCABULARY]


def text_of(name: str) -> str:
    """The text of an example as it stands in its file, ends of lines and odd characters kept."""
    with (GOLDEN / name).open(encoding="utf-8", newline="") as stream:
        text = stream.read()
    if name == "E101.bad.elig":  # a file of a megabyte need not lie in the repository
        text += "# and so on\n" * (LARGEST_FILE // 10)
    return text


def printed(name: str) -> str:
    """What `check` prints of a bad example."""
    if name in IN_VOCABULARY:
        return f"{refusal(f'{name}.bad.toml')}\n"
    checked = check_text(text_of(f"{name}.bad.elig"), name=f"{name}.bad.elig")
    criteria = len(checked.trial.criteria) if checked.trial else 0
    return as_text(Findings(checked.diagnostics, files=1, usable=int(checked.trial is not None), criteria=criteria))


def refusal(name: str) -> EligibilityError | None:
    """Why a vocabulary file is refused."""
    try:
        words = Vocabulary.load(GOLDEN / name)
        for concept in words:
            if concept.formula:
                check_formula(words, concept)
    except EligibilityError as error:
        return error
    return None


@pytest.mark.parametrize("name", [*CODES, *SEVERAL])
def test_a_bad_example_prints_what_its_golden_file_says(name: str) -> None:
    assert printed(name) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_a_bad_example_shows_its_code_and_no_other(code: str) -> None:
    found = re.findall(r"(?:error|warning)\[([EW]\d{3})\]", (GOLDEN / f"{code}.txt").read_text(encoding="utf-8"))
    assert set(found) == {code}


@pytest.mark.parametrize("name", [*IN_RULES, *SEVERAL])
def test_a_good_example_is_clean(name: str) -> None:
    trial, diagnostics = diagnose(text_of(f"{name}.good.elig"))
    assert diagnostics == ()
    assert trial is not None
    assert trial.criteria


@pytest.mark.parametrize("code", IN_VOCABULARY)
def test_a_good_formula_is_clean(code: str) -> None:
    assert refusal(f"{code}.good.toml") is None


@pytest.mark.parametrize("name", SEVERAL)
def test_several_problems_are_told_in_order(name: str) -> None:
    told = re.findall(r"^several-\w+\.bad\.elig:(\d+):(\d+)", (GOLDEN / f"{name}.txt").read_text("utf-8"), re.MULTILINE)
    places = [(int(line), int(column)) for line, column in told]
    assert len(places) > 4
    assert places == sorted(places)


def test_a_clash_shows_both_of_its_places() -> None:
    """The line of the second, and below it the line of the first, each underlined."""
    clashes = (GOLDEN / "several-clashes.txt").read_text("utf-8").split("\n\n")[:-1]
    assert [re.findall(r"(?m)^ +(\d+) \|", clash) for clash in clashes] == [
        ["4", "2"], ["9", "7"], ["12", "12"], ["14", "13"], ["16", "6"],
    ]  # fmt: skip
    for clash in clashes:
        assert clash.count("^") > 0
        assert re.search(r"(?m)^ +\| +-+ the first is here$", clash)


# --- nothing is missing ----------------------------------------------------------------------------------------------


def codes_of_the_source() -> set[str]:
    folder = ROOT / "src" / "eligibility"
    return {code for path in folder.rglob("*.py") for code in re.findall(r'"([EW]\d{3})"', path.read_text("utf-8"))}


def test_every_code_of_the_source_is_in_the_table_and_no_other() -> None:
    assert codes_of_the_source() == set(CODES)


def test_every_code_has_its_examples_and_its_page() -> None:
    wanted = {f"{code}.txt" for code in CODES} | {f"{name}.txt" for name in SEVERAL}
    wanted |= {f"{code}.{kind}.elig" for code in IN_RULES for kind in ("bad", "good")}
    wanted |= {f"{code}.{kind}.toml" for code in IN_VOCABULARY for kind in ("bad", "good")}
    wanted |= {f"{name}.{kind}.elig" for name in SEVERAL for kind in ("bad", "good")}
    assert {path.name for path in GOLDEN.iterdir()} == wanted
    assert {path.stem for path in PAGES.glob("*.md")} == set(CODES)


# --- the table, which `explain` and the pages are made from ----------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_the_table_says_something_of_each(code: str) -> None:
    found = all_codes()[code]
    assert len(found.title) < 60
    assert not found.title.endswith(".")
    for sentence in (found.means, found.mend):
        assert sentence[0].isupper() or sentence[0] == "`"
        assert sentence.endswith(".")
    assert found.bad != found.good
    assert found.severity == ("warning" if code.startswith("W") else "error")


@pytest.mark.parametrize("code", [code for code in CODES if all_codes()[code].shape in ("formula", "file")])
def test_the_examples_of_the_table_are_true(code: str) -> None:
    found = all_codes()[code]
    assert [item.code for item in diagnose(as_file(found, found.bad))[1]] == [code]
    assert diagnose(as_file(found, found.good))[1] == ()


@pytest.mark.parametrize("code", CODES)
def test_an_explanation_is_plain_text(code: str) -> None:
    text = explanation(code_of(code.lower()))
    assert text.startswith(f"{code}, ")
    assert "Wrong:" in text
    assert "Right:" in text
    assert "To mend it: " in text
    assert max(map(len, re.sub(r"(?m)^    .*$", "", text).splitlines())) <= 80


def test_an_unknown_code_comes_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no code `E4444`; did you mean `E444`"):
        code_of("E4444")
    with pytest.raises(UsageError, match="no code"):
        code_of("x" * 10_000)


def test_the_vocabulary_of_the_examples_is_the_bundled_one() -> None:
    assert bundled_vocabulary().find("malignancy") is not None


if __name__ == "__main__":
    for each in [*CODES, *SEVERAL]:
        (GOLDEN / f"{each}.txt").write_text(printed(each), encoding="utf-8")
    sys.exit(0)
