"""`eligibility lsp`: what an editor asks goes in; what the language server answers comes out."""

from __future__ import annotations

from argparse import Namespace

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.registry import DONE, FINDINGS
from eligibility.errors import UsageError


def add_arguments(parser: Parser) -> None:
    """What `lsp` takes."""
    parser.explain(
        """Serve editors over standard input and output, by the Language Server Protocol: diagnostics, hover, completion,
        definitions, quick fixes, formatting and outline. It needs the extra `eligibility[lsp]`.""",
        examples={
            "eligibility lsp": "The bundled vocabulary.",
            "eligibility lsp --vocabulary words.toml": "With names of your own.",
        },
        statuses={1: "the editor left without saying goodbye"},
    )
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Serve until the editor says goodbye."""
    try:
        from eligibility.language_server.server import serve
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in ("pygls", "lsprotocol"):
            raise UsageError("the language server needs pygls: install `eligibility[lsp]`") from None
        raise
    return DONE if serve(arguments.vocabulary) else FINDINGS  # the protocol asks for 1 where no `shutdown` came
