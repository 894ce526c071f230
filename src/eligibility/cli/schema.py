"""`eligibility schema`: the name of a schema goes in; the JSON Schema comes out."""

from __future__ import annotations

import sys
from argparse import Namespace

from eligibility.cli.arguments import Parser
from eligibility.cli.registry import DONE


def add_arguments(parser: Parser) -> None:
    """What `schema` takes."""
    parser.explain(
        "Print the JSON Schema of patients or of results.",
        examples={"eligibility schema patient > patient.schema.json": "The schema of what goes in."},
    )
    parser.add_argument(
        "which", choices=["patient", "result"], metavar="WHICH",
        help="`patient`, the schema of what goes in, or `result`, of what comes out.",
    )  # fmt: skip


def run(arguments: Namespace) -> int:
    """Print it."""
    import json

    from eligibility.schemas import patient_schema, result_schema

    content = patient_schema() if arguments.which == "patient" else result_schema()
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return DONE
