"""The name of a command goes in; where it is comes out. One line here makes a command.

Its module has `add_arguments(parser)`, which says what it takes and explains it, and `run(arguments)`, which does it and
returns the exit status. A module is imported when its command is called; the list of commands needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from argparse import Namespace

    from eligibility.cli.arguments import Parser

DONE, FINDINGS, UNUSABLE, STOPPED = 0, 1, 2, 130

PROGRAM = "eligibility"
ABOUT = "Screen patients against clinical-trial criteria that know their units and never guess."
DISCLAIMER = "The software supports clinical judgement and does not replace it."


class Command(NamedTuple):
    """The module of a command, below `eligibility.cli`, and what it does, in a line."""

    module: str
    line: str


COMMANDS: dict[str, Command] = {
    "screen": Command("screen", "Say for each trial whether a patient may take part, why, and what is missing."),
    "trials": Command("trials", "List the trials."),
    "show": Command("show", "Tell a trial in plain words, or list every fact that it reads."),
    "check": Command("check", "Check rule files: names, units, kinds and ranges."),
    "explain": Command("explain", "Explain the code of a diagnostic, with examples."),
    "format": Command("formatting", "Print or rewrite rule files in canonical form."),
    "test": Command("examples", "Run the examples that stand beside rule files."),
    "analyse": Command("analyse", "Say what is wrong with criteria, before any patient is screened."),
    "compare": Command("compare", "Say how two trials, or two versions of one, are related."),
    "cohort": Command("cohort", "Screen a whole cohort: a table of facts in, verdicts and attrition out."),
    "vocabulary": Command("vocabulary", "List the names that rules and patients may use, or show one."),
    "schema": Command("schema", "Print the JSON Schema of patients or of results."),
    "lsp": Command("lsp", "Serve editors: the language server."),
}


class CommandModule(Protocol):
    """What the module of a command holds."""

    def add_arguments(self, parser: Parser) -> None:
        """Declare and explain what the command takes."""

    def run(self, arguments: Namespace) -> int:
        """Do it, and return the exit status."""


def load(name: str) -> CommandModule:
    """The module of a command, imported."""
    from importlib import import_module
    from typing import cast

    return cast("CommandModule", import_module(f"eligibility.cli.{COMMANDS[name].module}"))
