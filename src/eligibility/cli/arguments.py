"""The words behind a command go in; its checked arguments come out, or one clear complaint with the nearest spelling."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import NoReturn

from eligibility.cli.registry import COMMANDS, PROGRAM, CommandModule
from eligibility.errors import did_you_mean, excerpt, nearest


class Misuse(Exception):
    """A call that no command understands. Its text is for the user."""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help of 80 columns at most, or of what the terminal has; the width is given, since argparse looks for it slowly."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS", "")) or 80
        except ValueError:
            columns = 80
        super().__init__(prog, max_help_position=24, width=min(max(columns, 40), 80))


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises `Misuse` instead of leaving, and knows its examples and statuses."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, formatter_class=_Help, allow_abbrev=False, add_help=False)
        self.about = ""
        self.examples: dict[str, str] = {}
        self.statuses: dict[int, str] = {}
        self.add_argument("-h", "--help", action="help", help="Show this help.")

    def explain(self, about: str, *, examples: dict[str, str], statuses: dict[int, str] | None = None) -> None:
        """Say what the command does, show calls of it with what each does, and what its exit statuses mean."""
        self.about = about
        self.examples, self.statuses = examples, {0: "done", **(statuses or {}), 2: "the input cannot be used"}

    def format_help(self) -> str:
        """The help, laid out when it is asked for."""
        shown = [line for call, does in self.examples.items() for line in (f"  {call}", f"      {does}")]
        told = [f"  {status}  {meaning}" for status, meaning in self.statuses.items()]
        self.description = filled(self.about)
        self.epilog = "\n".join(["examples:", *shown, "", "exit status:", *told])
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Raise Misuse, with the nearest choice where one was missed."""
        hint = None
        if found := re.match(r"argument ([^:]+): invalid choice: (.+) \(choose from (.*)\)$", message, re.DOTALL):
            choices = [choice.strip().strip("'") for choice in found[3].split(",")]
            given = excerpt(found[2].strip("'\""))
            hint = did_you_mean(nearest(given, choices, 1)) or f"it takes {' or '.join(choices)}"
            message = f"{found[1]} does not take `{given}`"
        raise Misuse(self._complaint(message, hint))

    def _complaint(self, message: str, hint: str | None) -> str:
        return f"{self.prog}: {message}{f'; {hint}' if hint else ''}\n`{self.prog} --help` shows how it is used."

    def checked(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments, with files and options in any order. Raises Misuse."""
        found, strange = self.parse_known_intermixed_args(list(words))
        if strange:
            option = next((word for word in strange if word.startswith("-") and word != "-"), None)
            if option is None:
                raise Misuse(self._complaint(f"`{excerpt(strange[0])}` is one argument too many", None))
            known = [text for action in self._actions for text in action.option_strings]
            hint = did_you_mean(nearest(option.partition("=")[0], known, 1))
            raise Misuse(self._complaint(f"there is no option `{excerpt(option.partition('=')[0])}`", hint))
        return found


def filled(text: str) -> str:
    """Paragraphs of help, in lines that fit 80 columns."""
    from textwrap import fill

    return "\n\n".join(fill(" ".join(part.split()), 78) for part in text.strip().split("\n\n"))


def parser_of(name: str, module: CommandModule) -> Parser:
    """The parser of a command."""
    parser = Parser(f"{PROGRAM} {name}")
    module.add_arguments(parser)
    return parser


def parse(name: str, module: CommandModule, words: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command. Raises Misuse; SystemExit where it has shown its help."""
    return parser_of(name, module).checked(words)


def unknown(word: str) -> str:
    """What is said of a first word that is no command."""
    if word.startswith("-"):
        known, what = ["--help", "--version", "--print-completion"], f"there is no option `{excerpt(word)}`"
    else:
        known, what = list(COMMANDS), f"there is no command `{excerpt(word)}`"
    hint = did_you_mean(nearest(word, known, 1))
    return f"{PROGRAM}: {what}{f'; {hint}' if hint else ''}\n`{PROGRAM} --help` lists the commands."
