"""`eligibility show`: the ID of a trial goes in; its criteria come out."""

from __future__ import annotations

from argparse import Namespace

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.console import console
from eligibility.cli.registry import DONE


def add_arguments(parser: Parser) -> None:
    """What `show` takes."""
    parser.explain(
        "Show the criteria of a trial, with the notes on how doubtful texts were read.",
        examples={
            "eligibility show NCT03608592": "A bundled trial.",
            "eligibility show T-1 --rules my-trial.elig": "A trial of your own.",
        },
    )
    parser.add_argument("trial", metavar="TRIAL", help="The ID of the trial.")
    options.add_rules(parser)
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Show it."""
    from rich.padding import Padding
    from rich.text import Text

    (found,) = options.trials_of(arguments, [arguments.trial])
    out = console()
    out.print(Text(f"{found.id}  {found.title}", style="bold"))
    if found.registry:
        out.print(Text(f"registry: {found.registry}", style="dim"))
    if found.values:
        out.print(Text(f"values count for {found.values.text}", style="dim"))
    for criterion in found:
        out.print()
        out.print(Text(f"{criterion.address}  ").append(criterion.label, style="bold"))
        out.print(Padding(Text(criterion.words), (0, 0, 0, 4)))
        if criterion.note:
            out.print(Padding(Text(f"Note: {criterion.note}", style="italic dim"), (0, 0, 0, 4)))
    return DONE
