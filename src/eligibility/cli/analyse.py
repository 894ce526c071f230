"""`eligibility analyse`: trials go in; what is wrong with their criteria, proved, with a patient as the witness, comes out."""

from __future__ import annotations

from argparse import Namespace

from eligibility.cli.arguments import Parser


def add_arguments(parser: Parser) -> None:
    """What `analyse` takes."""
    from eligibility.analysis.command import analyse_add_arguments

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
    analyse_add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Analyse them."""
    from eligibility.analysis.command import analyse_run

    return analyse_run(arguments)
