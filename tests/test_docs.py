"""The documentation: its Python runs, its rules compile, its commands say what they show, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from eligibility import compile_trial
from eligibility.cli import run

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def named(path):
    return str(path.relative_to(ROOT))


def blocks(path, language):
    return [body for kind, body in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


def pages_with(language):
    return [pytest.param(path, id=named(path)) for path in PAGES if blocks(path, language)]


@pytest.mark.parametrize("path", pages_with("python"))
def test_python_runs(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    space = {"__name__": "docs"}
    for body in blocks(path, "python"):
        exec(compile(body, named(path), "exec"), space)  # the pages of this repository, run as a reader would


@pytest.mark.parametrize("path", pages_with("elig"))
def test_rules_compile(path):
    for body in blocks(path, "elig"):
        if not body.startswith("trial "):
            body = 'trial DOCS "docs"\n\ninclude:\n  1 "case":\n' + "".join(
                f"    {line}\n" for line in body.splitlines()
            )
        compile_trial(body, name=named(path))


@pytest.mark.parametrize("path", pages_with("console"))
def test_commands_say_what_they_show(path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    for body in blocks(path, "console"):
        command, _, shown = body.partition("\n")
        assert command.startswith("$ eligibility ")
        run(shlex.split(command)[2:])
        said = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
        pattern = re.escape(shown.strip()).replace(r"\.\.\.", r"[\s\S]*?")
        assert re.fullmatch(pattern, said.strip()), said


@pytest.mark.parametrize("path", [pytest.param(path, id=named(path)) for path in PAGES])
def test_links_lead_somewhere(path):
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), target


def test_generated_pages_are_up_to_date():
    found = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_every_page_is_in_the_index_or_linked_from_a_page():
    text = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    for path in (ROOT / "docs").rglob("*.md"):
        assert f"{path.name})" in text or path.name == "index.md", path.name
