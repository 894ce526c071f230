"""`eligibility trials`: a set of trials goes in; a line for each comes out."""

from __future__ import annotations

from argparse import Namespace

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.console import console
from eligibility.cli.registry import DONE


def add_arguments(parser: Parser) -> None:
    """What `trials` takes."""
    parser.explain(
        "List the trials: their IDs, titles, and how many criteria they have.",
        examples={
            "eligibility trials": "The bundled trials.",
            "eligibility trials --rules my-trials/": "Those of a folder of your own.",
        },
    )
    options.add_rules(parser)
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """List them."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for trial in options.trials_of(arguments):
        count = {
            section: sum(criterion.section == section for criterion in trial) for section in ("include", "exclude")
        }
        grid.add_row(Text(trial.id), Text(trial.title), f"{count['include']} inclusion, {count['exclude']} exclusion")
    console().print(grid)
    return DONE
