"""`eligibility check`: rule files go in; every diagnostic of them comes out, for people, tools or code hosts."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.registry import DONE, FINDINGS, UNUSABLE
from eligibility.errors import UsageError

if TYPE_CHECKING:
    from eligibility.errors import Diagnostic
    from eligibility.fixes import Fix


def add_arguments(parser: Parser) -> None:
    """What `check` takes."""
    parser.explain(
        """Check rule files: names, units, kinds and ranges. Every problem is shown at once, with its place, the words in
        question, and a fix to try. `eligibility explain CODE` tells more about a problem.""",
        examples={
            "eligibility check my-trial.elig": "One file.",
            "eligibility check trials/ --vocabulary words.toml": "All files of a folder, with names of your own.",
            "eligibility check --format sarif trials/": "What a code host shows beside the lines.",
        },
        statuses={1: "there is an error or a warning"},
    )
    options.add_files(parser, "Rule files, folders of them, or - for standard input. The bundled trials if left out.")
    parser.add_argument(
        "-f", "--format", choices=["text", "json", "sarif", "github"], default="text", dest="form",
        help="Text for people, JSON, SARIF 2.1.0 for code hosts, or workflow commands of GitHub.",
    )  # fmt: skip
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Check them; a file that cannot be read is told, and the others are checked."""
    from eligibility import diagnostic_formats
    from eligibility.cli.streams import rule_sources, rule_text
    from eligibility.fixes import fixes
    from eligibility.library import check_text
    from eligibility.version import __version__
    from eligibility.vocabulary import bundled_vocabulary

    words = options.vocabulary_of(arguments) or bundled_vocabulary()
    diagnostics: list[Diagnostic] = []
    mended: list[tuple[Fix, ...]] = []
    unreadable: list[tuple[str, str]] = []
    files = usable = criteria = 0
    for path in rule_sources(arguments.files) if arguments.files else options.rule_paths(arguments):
        files += 1
        name = _shown(path, bundled_ones=not arguments.files)
        try:
            text = rule_text(path)
        except UsageError as error:
            unreadable.append((name, str(error)))
            continue
        checked = check_text(text, vocabulary=words, name=name)
        usable += checked.trial is not None
        criteria += len(checked.trial.criteria) if checked.trial else 0
        diagnostics += checked.diagnostics
        mended += [fixes(diagnostic, words, checked.tree) for diagnostic in checked.diagnostics]
    findings = diagnostic_formats.Findings(
        diagnostics, mended, unreadable, files, usable, criteria, version=__version__
    )
    colour = arguments.form == "text" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sys.stdout.write(diagnostic_formats.write(findings, arguments.form, colour=colour))
    return UNUSABLE if unreadable else FINDINGS if diagnostics else DONE


def _shown(path: Path, *, bundled_ones: bool) -> str:
    """The name of a file in diagnostics: as it was given, so that tools find it; bundled files by their names alone."""
    if str(path) == "-":
        return "<stdin>"
    return path.name if bundled_ones else path.as_posix()
