"""`eligibility check`: rule files go in; every diagnostic of them comes out."""

from __future__ import annotations

from argparse import Namespace

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.console import console, counted
from eligibility.cli.registry import DONE, FINDINGS


def add_arguments(parser: Parser) -> None:
    """What `check` takes."""
    parser.explain(
        """Check rule files: names, units, kinds and ranges. Every problem is shown at once, with its place, the words in
        question, and a fix to try.""",
        examples={
            "eligibility check my-trial.elig": "One file.",
            "eligibility check trials/ --vocabulary words.toml": "All files of a folder, with names of your own.",
        },
        statuses={1: "there is an error or a warning"},
    )
    options.add_files(parser, "Rule files, or folders of them. The bundled trials if left out.")
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Check them."""
    from rich.text import Text

    from eligibility.library import diagnose, read_rule_text

    words = options.vocabulary_of(arguments)
    paths = options.rule_paths(arguments)
    errors = warnings = criteria = good = 0
    out = console(wrap=False)
    for path in paths:
        trial, diagnostics = diagnose(read_rule_text(path), vocabulary=words, name=path.name)
        criteria += len(trial.criteria) if trial else 0
        good += trial is not None
        for diagnostic in diagnostics:
            out.print(Text(f"{diagnostic}\n", style="red" if diagnostic.severity == "error" else "yellow"))
            errors += diagnostic.severity == "error"
            warnings += diagnostic.severity == "warning"
    said = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    out.print(Text(f"{good} of {counted(len(paths), 'file')} can be used, with {criteria} criteria; {said}"))
    return FINDINGS if errors or warnings else DONE
