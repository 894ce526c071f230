"""A stream goes in; a rich console on it comes out. rich is loaded when there is something to lay out, not before.

Colour is for terminals: rich leaves it out in a pipe, and where NO_COLOR is set; a pipe gets 80 columns.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


def console(stream: TextIO | None = None, *, wrap: bool = True, width: int | None = None) -> Console:
    """A console on standard output or another stream; `wrap=False` leaves long lines to the terminal."""
    return _console_class()(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=not wrap, width=width)


@cache
def _console_class() -> type[Console]:
    from rich.console import Console

    class Quiet(Console):
        """A console that leaves a closed pipe to whoever runs the command, as all other output does."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Quiet


def counted(count: int, word: str) -> str:
    """`1 file`, `2 files`"""
    return f"{count} {word}{'' if count == 1 else 's'}"
