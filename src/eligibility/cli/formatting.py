"""`eligibility format`: rule files go in; the same in canonical form comes out."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.registry import DONE, FINDINGS, UNUSABLE
from eligibility.cli.running import complain
from eligibility.cli.streams import destination, rule_sources, rule_text
from eligibility.errors import RuleError, UsageError


def add_arguments(parser: Parser) -> None:
    """What `format` takes."""
    parser.explain(
        "Print rule files in canonical form; comments are kept.",
        examples={
            "eligibility format --write my-trial.elig": "Rewrite a file.",
            "eligibility format --check trials/": "Name the files that would change.",
            "eligibility format - < my-trial.elig": "Read standard input, write standard output.",
        },
        statuses={1: "with --check: a file is not in canonical form"},
    )
    options.add_files(parser, "Rule files, folders of them, or - for standard input.")
    parser.add_argument("--check", action="store_true", help="Only name the files that are not in canonical form.")
    parser.add_argument("-w", "--write", action="store_true", help="Rewrite the files instead of printing them.")
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Print, check or rewrite them."""
    from eligibility.parser import parse_trial
    from eligibility.printer import print_trial
    from eligibility.vocabulary import bundled_vocabulary

    if not arguments.files:
        raise UsageError("name the files to format, or - for standard input")
    words = options.vocabulary_of(arguments) or bundled_vocabulary()
    status = DONE
    for path in rule_sources(arguments.files):
        is_input = str(path) == "-"
        text = rule_text(path)
        tree, diagnostics = parse_trial(text, words, "<stdin>" if is_input else path.name)
        if tree is None or diagnostics:
            complain(str(RuleError(diagnostics)))
            status = UNUSABLE
            continue
        formatted = print_trial(tree)
        if arguments.check:
            if formatted != text:
                sys.stdout.write(f"{path}\n")
                status = max(status, FINDINGS)
        elif arguments.write and not is_input:
            _rewrite(path, text, formatted)
        else:
            sys.stdout.write(formatted)
    return status


def _rewrite(path: Path, text: str, formatted: str) -> None:
    if formatted != text:
        with destination(path) as stream:
            stream.write(formatted)
