"""`eligibility analyse`: trials go in; what is wrong with their criteria, proved, with a patient as the witness, comes out."""

from __future__ import annotations

from argparse import Namespace

from eligibility.cli import options
from eligibility.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """What `analyse` takes."""
    parser.explain(
        "Say what is wrong with the criteria of a trial, before any patient is screened: criteria in conflict, that can "
        "never be met, that others decide already, and thresholds that cannot be meant.",
        examples={
            "eligibility analyse": "The bundled trials.",
            "eligibility analyse my-trial.elig": "A trial of your own.",
            "eligibility analyse --format json drafts/": "All trials of a folder, for another program.",
        },
        statuses={1: "something was found"},
    )
    parser.add_argument(
        "trials", nargs="*", metavar="TRIAL", help="IDs of bundled trials, rule files, or folders of them; all bundled trials if left out"
    )  # fmt: skip
    add_analysis(parser)


def add_analysis(parser: Parser) -> None:
    """What `analyse` and `compare` take beside trials."""
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="the instant of judgement, as 2024-03-04T08:00Z; without it what holds at every instant",
    )
    options.add_vocabulary(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print it")


def run(arguments: Namespace) -> int:
    """Analyse them."""
    from eligibility.cli.analysing import analyse_run

    return analyse_run(arguments)
