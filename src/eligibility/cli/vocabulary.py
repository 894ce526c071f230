"""`eligibility vocabulary`: a word goes in; the names that hold it come out, or all that is declared of one."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.console import console
from eligibility.cli.registry import DONE
from eligibility.errors import UsageError, did_you_mean, excerpt

if TYPE_CHECKING:
    from rich.console import Console

    from eligibility.vocabulary import Concept, Vocabulary


def add_arguments(parser: Parser) -> None:
    """What `vocabulary` takes."""
    parser.explain(
        "List the names that rules and patients may use, or show all that is declared of one of them.",
        examples={
            "eligibility vocabulary": "All names, with their kinds and units.",
            "eligibility vocabulary embolism": "The names that hold a word.",
            "eligibility vocabulary creatinine": "Units, ranges, codes and source of one name.",
        },
    )
    parser.add_argument("word", nargs="?", metavar="WORD", help="A name, a synonym, or a part of one.")
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Show what is found."""
    from rich.table import Table
    from rich.text import Text

    from eligibility.vocabulary import bundled_vocabulary, key_of

    words = options.vocabulary_of(arguments) or bundled_vocabulary()
    word = arguments.word or ""
    out = console()
    found = words.find(word) if word else None
    if found is not None:
        _show(found, words, out)
        return DONE
    asked = key_of(word)
    listed = [
        concept for concept in words if not asked or any(asked in key_of(name) for name in (concept.name, *concept.synonyms))
    ]  # fmt: skip
    if not listed:
        hint = did_you_mean(words.nearest(word))
        raise UsageError(f"no name like `{excerpt(word)}`{f'; {hint}' if hint else ''}")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold")
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for concept in sorted(listed, key=lambda concept: concept.name.casefold()):
        detail = concept.unit if concept.kind == "quantity" and concept.unit != "1" else ", ".join(concept.values)
        grid.add_row(Text(concept.name), Text(concept.kind, style="dim"), Text(detail))
    out.print(grid)
    return DONE


def _show(concept: Concept, words: Vocabulary, out: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from eligibility.concept_words import describe

    out.print(Text(concept.name, style="bold"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in describe(concept, words):
        grid.add_row(name, Text(value))
    out.print(grid)
