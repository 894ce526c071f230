"""`eligibility explain`: the code of a diagnostic goes in; what it means, examples and a remedy come out."""

from __future__ import annotations

import sys
from argparse import Namespace

from eligibility.cli.arguments import Parser
from eligibility.cli.registry import DONE


def add_arguments(parser: Parser) -> None:
    """What `explain` takes."""
    parser.explain(
        "Explain the code of a diagnostic: what it means, a wrong and a right example, and how to mend it.",
        examples={
            "eligibility explain E444": "One code.",
            "eligibility explain": "The list of all codes.",
        },
    )
    parser.add_argument("code", nargs="?", metavar="CODE", help="A code such as E444. All are listed if left out.")


def run(arguments: Namespace) -> int:
    """Explain it, or list the codes."""
    from eligibility.codes import all_codes, code_of, explanation

    if arguments.code is not None:
        sys.stdout.write(explanation(code_of(arguments.code)))
        return DONE
    for code in all_codes().values():
        sys.stdout.write(f"{code.code}  {code.title}\n")
    return DONE
