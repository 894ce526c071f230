"""Nothing heavy is imported before it is needed. No times are measured here: `benchmarks/startup.py` does that."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eligibility.cli.registry import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PATIENT = ROOT / "docs" / "examples" / "ards.json"
HEAVY = {
    "pydantic", "lark", "pint", "rich", "jinja2", "hypothesis", "shtab", "polars", "narwhals", "duckdb", "pyspark", "z3",
    "pygls", "lsprotocol", "numpy", "pandas",
}  # fmt: skip
PROGRAM = """
import sys
sys.argv = ["eligibility", *sys.argv[2:]]
if sys.argv[1:2] == ["-"]:
    {imported}
else:
    from eligibility.cli import run
    status = run()
    assert status == 0, status
print("\\n" + " ".join(sorted({{name.partition(".")[0] for name in sys.modules}})), file=sys.stderr)
"""


def imported(*arguments, statement="import eligibility", cache="off"):
    """The top-level modules that are loaded after a command, or a statement."""
    program = PROGRAM.format(imported=statement)
    done = subprocess.run(
        [sys.executable, "-c", program, "x", *(arguments or ["-"])], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "ELIGIBILITY_CACHE": str(cache), "COLUMNS": "80"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split()), done.stdout


def test_the_package_alone_imports_nothing_heavy():
    loaded, _ = imported()
    assert "eligibility" in loaded
    assert not loaded & HEAVY
    assert not loaded & {"argparse", "json", "dataclasses", "difflib", "pathlib"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["-h"]], ids=str)
def test_the_overview_imports_nothing_heavy(arguments):
    loaded, said = imported(*arguments)
    assert said
    assert not loaded & HEAVY
    assert not loaded & {"argparse", "json", "dataclasses"}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_the_help_of_a_command_imports_nothing_heavy(command):
    loaded, said = imported(command, "--help")
    assert f"usage: eligibility {command}" in said
    assert not loaded & {*HEAVY, "tomllib"}  # no vocabulary, so no trials either


def test_a_first_screen_needs_the_parser_and_the_next_does_not(tmp_path):
    first, said = imported("screen", str(PATIENT), cache=tmp_path)
    assert {"pydantic", "lark", "pint", "rich"} <= first
    second, again = imported("screen", str(PATIENT), cache=tmp_path)
    assert again == said
    assert second & HEAVY == {"rich"}
    third, text = imported("screen", str(PATIENT), "--format", "json", cache=tmp_path)
    assert not third & HEAVY
    assert len(json.loads(text)["trials"]) == 5
    fourth, page = imported("screen", str(PATIENT), "--format", "html", cache=tmp_path)
    assert fourth & HEAVY == {"jinja2"}
    assert page.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("arguments", [[], ["--values"], ["--format", "json"]], ids=str)
def test_a_kept_trial_is_told_without_the_parser(arguments, tmp_path):
    _, said = imported("show", "NCT03608592", *arguments, cache=tmp_path)
    loaded, again = imported("show", "NCT03608592", *arguments, cache=tmp_path)
    assert again == said
    assert not loaded & HEAVY


def test_what_is_refused_needs_no_layout(tmp_path):
    program = "import sys\nfrom eligibility.cli import run\nassert run(sys.argv[1:]) == 2\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, "screen", "nowhere.json", "--absent", "maybe"], capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not {name.partition(".")[0] for name in done.stdout.split()} & HEAVY


@pytest.mark.parametrize("name", ["screen", "load_trials", "Vocabulary", "Patient", "TrialResult", "RuleError"])
def test_a_public_name_brings_no_parser(name):
    loaded, _ = imported(statement=f"from eligibility import {name}")
    assert not loaded & HEAVY
