"""The documentation is true: its code runs, its rules compile, its commands print what it says, its links lead somewhere.

Blocks of a page run in their order, in a folder of their own that holds the repository's `docs/examples` and `rules`.
What stands behind the language of a block says more: `file=NAME` writes the block to a file first, so that later blocks
can use it; `vocabulary=NAME` compiles a rule with the words of such a file; a text block `of=NAME` shows what a variable holds.

In a console block, a line `...` stands for any lines, and `...` inside a line for any text.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from eligibility import Vocabulary, compile_trial
from eligibility.cli import run

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TOLD = [*PAGES, ROOT / "README.md"]
EXAMPLES = sorted((DOCS / "examples").iterdir())

NO_HOME = re.compile(r"/(?:work|tmp|home|root|Users)/|[A-Z]:\\")
FENCE = re.compile(r"^( *)```([a-z]*)([^\n`]*)\n(.*?)^\1```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    line: int
    extra: dict[str, str] = field(default_factory=dict)


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        extra = dict(item.split("=", 1) for item in match[3].split() if "=" in item)
        lines = [line.removeprefix(match[1]) for line in match[4].splitlines()]
        yield Block(match[2], "\n".join(lines) + "\n", text.count("\n", 0, match.start()) + 1, extra)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with what the pages speak of, and a terminal of 80 columns without colours."""
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@pytest.mark.parametrize("page", TOLD, ids=name)
def test_the_blocks_of_a_page_do_what_it_says(page: Path, desk: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__page__"}
    for block in blocks(page):
        place = f"{name(page)}, line {block.line}"
        if "file" in block.extra:
            (desk / block.extra["file"]).write_text(block.text, encoding="utf-8")
        if block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(block.text, place, "exec"), namespace)
        elif block.language == "elig":
            words = block.extra.get("vocabulary")
            compile_rule(block.text, Vocabulary.load(desk / words) if words else None, place)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "text" and "of" in block.extra:
            told = namespace[block.extra["of"]]
            assert agrees(block.text, told), f"{place}: `{block.extra['of']}` is\n\n{told}"
        elif block.language == "console":
            follow(block, place)


def compile_rule(text: str, vocabulary: Vocabulary | None, place: str) -> None:
    """A trial file, or one formula. What the pages show has no warnings either."""
    if not re.match(r"(?:#[^\n]*\n|\s)*trial\b", text):
        body = "".join(f"    {line}\n" for line in text.splitlines() if line.strip())
        text = f'trial DOCS "docs"\n\ninclude:\n  1 "case":\n{body}'
    trial = compile_trial(text, vocabulary=vocabulary, name=place)
    assert trial.criteria
    assert not trial.warnings, "\n".join(map(str, trial.warnings))


def follow(block: Block, place: str) -> None:
    """Run the commands of a console block, and compare what they print with what stands below them."""
    steps = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not steps[0].strip(), f"{place}: a console block begins with a command"
    status = 0
    for step in steps[1:]:
        command, _, shown = step.partition("\n")
        if command == "echo $?":
            assert shown.strip() == str(status), f"{place}: the exit status is {status}"
            continue
        command = command.replace("make screen", "eligibility screen docs/examples/ards.json")
        assert command.startswith("eligibility "), f"{place}: `{command}` cannot be run here"
        status, said = printed(shlex.split(command)[1:])
        if shown.strip():
            assert agrees(shown, said), f"{place}: `{command}` prints\n\n{said}"
        else:
            assert status == 0, f"{place}: `{command}` prints\n\n{said}"


def printed(arguments: list[str]) -> tuple[int, str]:
    """The exit status and everything that a command prints."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        status = run(arguments)
    return status, stream.getvalue()


def agrees(shown: str, said: str) -> bool:
    pattern = ""
    for line in shown.strip("\n").splitlines():
        line = line.rstrip()
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("...")) + r"\n"
    lines = [line.rstrip() for line in said.strip("\n").splitlines()]
    return re.fullmatch(pattern, "\n".join(lines) + "\n") is not None


@pytest.mark.parametrize(
    ("shown", "said", "agree"),
    [
        ("a\n", "a   \n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("...\nc\n", "a\nb\nc\n", True),
        ("...\nb\n", "a\nb\nc\n", False),
        ("a ... c\n", "a b c\n", True),
        ("a.c\n", "abc\n", False),
    ],
)
def test_what_is_shown_is_compared(shown: str, said: str, agree: bool) -> None:
    assert agrees(shown, said) is agree


@pytest.mark.parametrize("page", TOLD, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (page.parent / place).resolve() if place else page
        assert found.exists(), f"{name(page)}: {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{name(page)}: {target}"


def anchors(page: Path) -> set[str]:
    """The anchors of headings, as code hosts make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.strip().lower()))
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


def test_every_page_can_be_reached_from_the_map() -> None:
    reached = {DOCS / "index.md"}
    waiting = list(reached)
    while waiting:
        page = waiting.pop()
        for target in re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            found = (page.parent / target).resolve()
            if found not in reached and found.exists() and found.is_relative_to(DOCS):
                reached.add(found)
                waiting.append(found)
    assert {name(page) for page in PAGES} - {name(page) for page in reached} == set()


@pytest.mark.parametrize("path", [*TOLD, *EXAMPLES, DOCS / "generate.py"], ids=name)
def test_no_page_speaks_of_one_machine(path: Path) -> None:
    found = NO_HOME.search(path.read_text(encoding="utf-8"))
    assert found is None, f"{name(path)}: {found[0] if found else ''}"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date(generator: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    status = generator.main(["--check"])
    assert status == 0, capsys.readouterr().out


def test_a_page_that_is_not_up_to_date_is_named(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator, "REFERENCE", tmp_path)
    assert generator.main(["--check"]) == 1
    assert "api.md" in capsys.readouterr().out
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0


def test_every_word_of_the_grammar_is_in_the_language_reference() -> None:
    """Each keyword stands in a rule of the reference that compiles."""
    grammar = (ROOT / "grammars" / "criteria.lark").read_text(encoding="utf-8")
    rules = " ".join(block.text for block in blocks(DOCS / "reference" / "language.md") if block.language == "elig")
    rules = " ".join(rules.split()).casefold()
    words = re.findall(r"^[A-Z_]+\.\d: /((?:[a-z]|\\s\+)+)\(\?", grammar, re.MULTILINE)
    phrases = {word.replace(r"\s+", " ") for word in words} - {"else"}  # `else` is for formulas of the vocabulary
    assert len(phrases) > 25
    assert {phrase for phrase in phrases if phrase not in rules} == set()


def test_sample_patients_fit_the_published_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((DOCS / "reference" / "patient.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for path in EXAMPLES:
        if path.suffix == ".json":
            validator.validate(json.loads(path.read_text(encoding="utf-8")))
