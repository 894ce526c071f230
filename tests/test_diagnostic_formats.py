"""The formats of `check`: text, JSON, SARIF 2.1.0 and the workflow commands of GitHub."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest

from eligibility.codes import all_codes
from eligibility.diagnostic_formats import Findings, Format, as_github, as_json, as_sarif, as_text, write
from eligibility.errors import Diagnostic, Related
from eligibility.fixes import fixes
from eligibility.library import check_text, diagnose
from eligibility.source import Source, Span
from eligibility.vocabulary import bundled_vocabulary

TEXT = """trial T "t"

include:
  1 "Adult": age => 18 years
  2 "Names": malignacy or stroke and sepsis
  1 "Twin": creatinine >= 442
"""


def findings(text: str = TEXT, name: str = "rules/my trial.elig") -> Findings:
    checked = check_text(text, name=name)
    mended = [fixes(item, bundled_vocabulary(), checked.tree) for item in checked.diagnostics]
    return Findings(checked.diagnostics, mended, files=1, usable=int(checked.trial is not None), version="1.2.3")


def made(message: str, *, name: str = "a.elig", help_text: str | None = None, code: str = "E400") -> Findings:
    return Findings([Diagnostic(code, message, Span(0, 3), Source("one\ntwo\n", name), help_text)], files=1)


# --- text ------------------------------------------------------------------------------------------------------------


def test_text_has_every_diagnostic_and_what_it_comes_to() -> None:
    text = as_text(findings())
    assert re.findall(r"(?:error|warning)\[(\w+)\]", text) == ["E442", "W201", "E400", "E303", "E481"]
    assert text.endswith("\n0 of 1 file can be used, with 0 criteria; 4 errors, 1 warning\n")
    assert '    4 |   1 "Adult": age => 18 years\n      |   - the first is here\n' in text


def test_text_of_nothing() -> None:
    assert as_text(Findings(files=2, usable=2, criteria=1)) == (
        "2 of 2 files can be used, with 1 criterion; 0 errors, 0 warnings\n"
    )


def test_colours_only_where_they_are_wanted() -> None:
    assert "\x1b" not in write(findings(), "text")
    coloured = write(findings(), "text", colour=True)
    assert coloured.count("\x1b[31m") == 4
    assert coloured.count("\x1b[33m") == 1
    assert re.sub(r"\x1b\[\d+m", "", coloured) == write(findings(), "text")


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\ud800"])
def test_text_obeys_no_character_of_the_file(char: str) -> None:
    """A terminal must not be told what to do by a rule file."""
    text = as_text(findings(f'{TEXT}  3 "x": malig{char}nancy\n'))
    assert char not in text
    assert "\ufffd" in text
    assert text.encode("utf-8")


def test_files_that_cannot_be_read_are_told() -> None:
    text = as_text(Findings(unreadable=[("b.elig", "b.elig: not UTF-8 text")], files=1))
    assert "b.elig: not UTF-8 text\n" in text
    assert text.endswith("; 1 file cannot be read\n")


# --- JSON ------------------------------------------------------------------------------------------------------------


def test_json_has_places_fixes_and_relations() -> None:
    content = json.loads(as_json(findings()))
    assert content["schema"] == "eligibility-diagnostics-1"
    assert (content["files"], content["usable"], content["errors"], content["warnings"]) == (1, 0, 4, 1)
    first, _, third, twin, _ = content["diagnostics"]
    assert first["file"] == "rules/my trial.elig"
    assert first["place"] == {"line": 4, "column": 18, "end_line": 4, "end_column": 20}
    assert first["underlined"] == "=>"
    assert first["fixes"] == [{"title": "Write `>=`", "sure": True, "edits": [{"place": first["place"], "text": ">="}]}]
    assert [fix["sure"] for fix in third["fixes"]] == [False] * len(third["fixes"])
    assert twin["related"] == [
        {"message": "the first is here", "place": {"line": 4, "column": 3, "end_line": 4, "end_column": 4}}
    ]


@pytest.mark.parametrize("form", get_args(Format))
def test_no_format_breaks_on_odd_characters(form: str) -> None:
    odd = made("a\r\n%b\u2028\ud800\x00", name="x\ny,z:\ud800.elig", help_text="c\nd")
    written = write(odd, form)  # type: ignore[arg-type]  # each of the formats
    assert written
    if form in ("json", "sarif"):
        json.loads(written)
        assert written.isascii()


# --- SARIF -----------------------------------------------------------------------------------------------------------


def run_of(found: Findings) -> dict[str, Any]:
    log = json.loads(as_sarif(found))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    return run


def test_sarif_has_what_the_standard_requires() -> None:
    run = run_of(findings())
    driver = run["tool"]["driver"]  # 3.18: tool and driver; 3.19.8: a name
    assert driver["name"] == "eligibility"
    assert driver["version"] == "1.2.3"
    assert [rule["id"] for rule in driver["rules"]] == list(all_codes())  # 3.49.3: ids, each once
    assert all(rule["defaultConfiguration"]["level"] in ("error", "warning") for rule in driver["rules"])
    assert run["columnKind"] == "unicodeCodePoints"  # 3.14.27
    assert len(run["results"]) == 5
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.6
        assert result["level"] in ("error", "warning")  # 3.27.10
        assert result["message"]["text"]  # 3.27.11
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            physical = location["physicalLocation"]
            assert physical["artifactLocation"]["uri"] == "rules/my%20trial.elig"  # 3.4.3: a valid URI reference
            region = physical["region"]  # 3.30: from 1
            assert (1, 1) <= (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_sarif_offers_only_what_is_sure() -> None:
    results = {result["ruleId"]: result for result in run_of(findings())["results"]}
    assert "fixes" not in results["E400"]
    assert "fixes" not in results["E481"]
    (fix,) = results["E442"]["fixes"]
    ((change,),) = [fix["artifactChanges"]]
    assert change["artifactLocation"] == {"uri": "rules/my%20trial.elig"}
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 4, "startColumn": 18, "endLine": 4, "endColumn": 20},
            "insertedContent": {"text": ">="},
        }
    ]
    assert "fixes" in results["W201"]  # brackets as the rule is read: the meaning stays


def test_sarif_relates_both_places() -> None:
    twin = next(result for result in run_of(findings())["results"] if result["ruleId"] == "E303")
    (other,) = twin["relatedLocations"]
    assert other["message"]["text"] == "the first is here"
    assert other["physicalLocation"]["region"]["startLine"] == 4


def test_sarif_says_which_files_were_not_read() -> None:
    run = run_of(Findings(unreadable=[("b.elig", "b.elig: not UTF-8 text")], files=1))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False  # 3.20.14
    (told,) = invocation["toolExecutionNotifications"]
    assert told["message"]["text"] == "b.elig: not UTF-8 text"
    assert run_of(Findings())["invocations"][0]["executionSuccessful"] is True


# --- GitHub ----------------------------------------------------------------------------------------------------------


def test_github_has_a_command_for_each_diagnostic() -> None:
    lines = as_github(findings()).splitlines()
    assert lines[0] == (
        "::error file=rules/my trial.elig,line=4,endLine=4,title=E442,col=18,endColumn=20::`=>` is no comparison%0Ahelp: write `>=`"
    )
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::error", "::error", "::error"]
    assert "%0Athe first is here: line 4%0A" in lines[3]
    assert as_github(Findings(files=1)) == ""


def test_github_escapes_what_would_end_a_command() -> None:
    """Data: %, CR and LF; properties also the colon and the comma."""
    (line,) = as_github(made("50 %\r\n::warning::mine", name="a,b:c%.elig")).splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac%25.elig,line=1,")
    assert line.endswith("::50 %25%0D%0A::warning::mine")


def test_github_leaves_columns_out_over_several_lines() -> None:
    source = Source("one\ntwo\n", "a.elig")
    related = (Related("there", Span(0, 1)),)
    (line,) = as_github(Findings([Diagnostic("E400", "m", Span(1, 6), source, related=related)])).splitlines()
    assert line == "::error file=a.elig,line=1,endLine=2,title=E400::m%0Athere: line 1"


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("rules/my trial.elig", "rules/my%20trial.elig"),
        ("a:b/c.elig", "a%3Ab/c.elig"),  # RFC 3986, 4.2: a colon in the first segment would end a scheme
        ("/srv/a,b%.elig", "file:///srv/a%2Cb%25.elig"),
        ("C:/rules/a.elig", "file:///C:/rules/a.elig"),
        ("<stdin>", "%3Cstdin%3E"),
    ],
)
def test_a_file_is_named_by_a_valid_uri(name: str, uri: str) -> None:
    found = diagnose("trial", name=name)[1]
    run = json.loads(as_sarif(Findings(found)))["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}
