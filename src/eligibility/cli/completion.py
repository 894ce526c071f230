"""The name of a shell goes in; the script that completes our command line in it comes out."""

from __future__ import annotations

import argparse

from eligibility.cli.arguments import Parser
from eligibility.cli.registry import COMMANDS, PROGRAM, load


def script(shell: str) -> str:
    """The completion script for bash, zsh or tcsh: commands, options, their choices, trial IDs, and files."""
    import shtab

    whole = argparse.ArgumentParser(prog=PROGRAM)
    commands = whole.add_subparsers(parser_class=Parser)
    for name, command in COMMANDS.items():
        module = load(name)
        parser = commands.add_parser(name, help=command.line)
        module.add_arguments(parser)
        for action in parser._actions:
            _complete(action)
    whole.add_argument("--version", action="store_true", help="Show the version.")
    return str(shtab.complete(whole, shell=shell))


def _complete(action: argparse.Action) -> None:
    import shtab

    if action.dest == "trial":
        from eligibility.library import bundled_trials

        action.choices = [trial.id for trial in bundled_trials()]
    elif action.metavar in ("FILE", "PATIENT", "RULES", "TOML"):
        action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's own mark
