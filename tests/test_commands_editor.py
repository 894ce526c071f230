"""The commands `check`, `explain`, `show` and `lsp`, called as a command line calls them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from eligibility import RuleError, UsageError, VocabularyError, load_trials
from eligibility.cli.arguments import Misuse, parse
from eligibility.cli.registry import load

HEAD = 'trial T "t"\n\ninclude:\n'
GOOD = f'{HEAD}  1 "a": malignancy\n'
BAD = f'{HEAD}  1 "a": age => 18 years\n'


def run(command: str, *arguments: str) -> int:
    module = load(command)
    return module.run(parse(command, module, arguments))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


# --- check -----------------------------------------------------------------------------------------------------------


def test_check_of_the_bundled_trials_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0
    assert capsys.readouterr().out == "5 of 5 files can be used, with 89 criteria; 0 errors, 0 warnings\n"


def test_check_says_the_file_as_it_was_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "a.elig").write_text(BAD, encoding="utf-8")
    assert run("check", "rules") == 1
    assert capsys.readouterr().out.startswith("rules/a.elig:4:14: error[E442]: ")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_check_goes_on_behind_files_that_cannot_be_read(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.elig").write_bytes(b"\xff\xfe\x00\x01")
    (folder / "b.elig").write_bytes(b"x" * 1_000_001)
    (folder / "c.elig").write_text(BAD, encoding="utf-8")
    (folder / "d.elig").write_text(GOOD, encoding="utf-8")
    assert run("check", ".", "--format", form) == 2
    out = capsys.readouterr().out
    assert "a.elig: not UTF-8 text" in out
    assert "b.elig: larger than 1 MB" in out
    assert "E442" in out
    if form == "json":
        content = json.loads(out)
        assert (content["files"], content["usable"], content["errors"]) == (4, 1, 1)
        assert [item["file"] for item in content["unreadable"]] == ["a.elig", "b.elig"]


def test_check_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(BAD))
    assert run("check", "-", "-f", "json") == 1
    (told,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (told["file"], told["code"]) == ("<stdin>", "E442")


def test_check_with_a_vocabulary_of_ones_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.elig").write_text(f'{HEAD}  1 "a": shoe\n', encoding="utf-8")
    (folder / "v.toml").write_text(
        '[concept.shoe]\nkind = "condition"\nabout = "Worn."\nsource = "s"\non_problem_list = false\n', encoding="utf-8"
    )
    assert run("check", "a.elig") == 1
    assert run("check", "a.elig", "--vocabulary", "v.toml") == 0
    (folder / "v.toml").write_text("kind = ", encoding="utf-8")
    with pytest.raises(VocabularyError):
        run("check", "a.elig", "--vocabulary", "v.toml")


@pytest.mark.parametrize("path", ["gone.elig", "gone/", "."])
def test_check_of_what_is_not_there(path: str, folder: Path) -> None:
    with pytest.raises(UsageError):
        run("check", path)


def test_check_refuses_a_format_that_is_none() -> None:
    with pytest.raises(Misuse, match="does not take `xml`"):
        run("check", "--format", "xml")


# --- explain ---------------------------------------------------------------------------------------------------------


def test_explain_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "e444") == 0
    out = capsys.readouterr().out
    assert out.startswith("E444, error: bare `=`\n")
    assert "    creatinine = 442 umol/L\n" in out
    assert "    creatinine >= 442 umol/L\n" in out


def test_explain_lists_all_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 80
    assert lines[0] == "E101  file too large"


def test_explain_what_is_no_code() -> None:
    with pytest.raises(UsageError, match="no code `E44`"):
        run("explain", "E44")


# --- show ------------------------------------------------------------------------------------------------------------


def test_show_tells_a_trial(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "nct03608592") == 0
    out = capsys.readouterr().out
    assert "To take part, a person must meet all of these:" in out
    assert "     The patient is 18 years old or older.\n" in out
    assert run("show", "NCT03608592", "--formulas") == 0
    assert "     Rule: age >= 18 years\n" in capsys.readouterr().out


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "NCT03608592", "-f", "json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["criteria"][0] == {
        "address": "include.1", "label": "Adult", "words": ["The patient is 18 years old or older."], "rule": "age >= 18 years", "note": None,
    }  # fmt: skip


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_show_values(form: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for trial in load_trials():
        assert run("show", trial.id, "--values", "--format", form) == 0
        out = capsys.readouterr().out
        assert "fact,kind,what" in out or "What " in out or json.loads(out)["trial"] == trial.id


def test_show_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.elig").write_text(GOOD, encoding="utf-8")
    assert run("show", "a.elig") == 0
    assert "The patient has malignancy now." in capsys.readouterr().out
    assert run("show", "T", "--rules", ".") == 0
    (folder / "b.elig").write_text(BAD, encoding="utf-8")
    with pytest.raises(RuleError):
        run("show", "b.elig")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["NCT0360859"], "no trial `NCT0360859`; did you mean `NCT03608592`"), (["gone.elig"], "gone.elig: cannot be read"),
     (["NCT03608592", "-f", "csv"], "add --values")],
)  # fmt: skip
def test_show_what_cannot_be_shown(arguments: list[str], message: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=message):
        run("show", *arguments)


# --- lsp -------------------------------------------------------------------------------------------------------------


def test_lsp_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("pygls", "lsprotocol")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "eligibility.language_server.server", raising=False)
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    with pytest.raises(UsageError, match=r"install `eligibility\[lsp\]`"):
        run("lsp")


# --- colours of editors ----------------------------------------------------------------------------------------------

EDITORS = Path(__file__).resolve().parent.parent / "docs" / "editors"


def patterns() -> dict[str, list[str]]:
    """The patterns of the TextMate grammar, by their names."""
    content = json.loads((EDITORS / "elig.tmLanguage.json").read_text(encoding="utf-8"))
    listed = [item["include"].removeprefix("#") for item in content["patterns"]]
    assert sorted(listed) == sorted(content["repository"])
    return {
        name: [rule[key] for key in ("match", "begin", "end") if key in rule]
        for name, rule in content["repository"].items()
    }


def test_the_grammar_for_editors_can_be_used() -> None:
    import re

    text = "".join(trial.source.text for trial in load_trials())
    text += 'age >= 1 and ln(x) > 2 x ULN and highest `lactate` # c\n  values "30 days"\n'
    for name, texts in patterns().items():
        for pattern in texts:
            # Python wants flags of a group spelled with a colon, as they are here
            assert re.search(pattern, text, re.MULTILINE), name


def test_every_word_of_the_language_is_coloured() -> None:
    import re

    grammar = (EDITORS.parent.parent / "grammars" / "criteria.lark").read_text(encoding="utf-8")
    words = re.findall(r"^[A-Z_]+\.\d: /((?:[a-z]|\\s\+)+)\(\?", grammar, re.MULTILINE)
    known = patterns()
    keywords = re.compile(
        "|".join(
            known[name][0] for name in ("head", "field", "section", "block", "time", "selection", "function", "logic")
        ),
        re.MULTILINE,
    )
    for word in words:
        phrase = word.replace(r"\s+", " ")
        tail = {
            "trial": " T",
            "registry": ' "x"',
            "values": ' "x"',
            "note": ' "x"',
            "of": "",
            "at least": " 2 of:",
            "at most": " 2 of:",
            "exactly": " 2 of:",
        }
        if phrase == "of":
            continue  # it stands in the heads of blocks alone
        follows = tail.get(
            phrase,
            " 3 "
            if phrase in ("within", "within the next", "over", "for at least", "between")
            else "("
            if phrase == "in"
            else " x",
        )
        if phrase in ("all of", "any of", "none of"):
            follows = ":"
        assert keywords.search(f"{phrase}{follows}"), phrase


def test_the_extension_for_vs_code_holds_together() -> None:
    package = json.loads((EDITORS / "package.json").read_text(encoding="utf-8"))
    (language,) = package["contributes"]["languages"]
    (grammar,) = package["contributes"]["grammars"]
    assert language["extensions"] == [".elig"]
    assert (EDITORS / grammar["path"]).exists()
    assert (EDITORS / language["configuration"]).exists()
    assert (EDITORS / package["main"]).exists()
    json.loads((EDITORS / language["configuration"]).read_text(encoding="utf-8"))
    assert grammar["scopeName"] == json.loads((EDITORS / grammar["path"]).read_text(encoding="utf-8"))["scopeName"]
