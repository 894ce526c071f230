"""`eligibility compare`: two trials, or two versions of one, go in; how they are related comes out, with patients."""

from __future__ import annotations

from argparse import Namespace

from eligibility.cli.analyse import add_analysis
from eligibility.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """What `compare` takes."""
    parser.explain(
        "Say how two trials, or two versions of one, are related: the same, one within the other, apart, or overlapping; "
        "which criteria changed in meaning, and who is eligible under one alone.",
        examples={
            "eligibility compare NCT02444455 NCT03608592": "Two bundled trials.",
            "eligibility compare old.elig new.elig": "An amendment.",
        },
    )
    parser.add_argument("first", metavar="A", help="the ID of a bundled trial, or a rule file")
    parser.add_argument("second", metavar="B", help="another one, or another version of it")
    add_analysis(parser)


def run(arguments: Namespace) -> int:
    """Compare them."""
    from eligibility.cli.analysing import compare_run

    return compare_run(arguments)
