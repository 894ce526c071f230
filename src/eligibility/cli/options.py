"""What several commands take: their options go in, trials and a vocabulary come out."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from eligibility.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eligibility.library import Trial
    from eligibility.vocabulary import Vocabulary


def add_trials(parser: Parser) -> None:
    """`--trial`, several times."""
    parser.add_argument(
        "-t", "--trial", action="append", default=[], metavar="ID",
        help="The ID of a trial; may be given several times. All trials if left out.",
    )  # fmt: skip


def add_rules(parser: Parser) -> None:
    """`--rules`"""
    parser.add_argument(
        "--rules", type=Path, metavar="RULES", help="A rule file, or a folder of them, instead of the bundled trials."
    )


def add_vocabulary(parser: Parser) -> None:
    """`--vocabulary`"""
    parser.add_argument(
        "--vocabulary", type=Path, metavar="TOML",
        help="A TOML file, or a folder of them, that extends the bundled vocabulary.",
    )  # fmt: skip


def add_judgement(parser: Parser, whose: str) -> None:
    """`--at` and `--absent`: how records are read; `whose` as_of counts where no instant is given."""
    parser.add_argument(
        "--at", metavar="TIME",
        help=f"The instant of judgement, such as 2024-03-04T08:00Z. Else {whose} as_of, else now.",
    )  # fmt: skip
    parser.add_argument(
        "--absent", choices=["unknown", "no"], default="unknown",
        help='With "no", silence about a condition that a problem list would name is read as absence.',
    )  # fmt: skip


def add_files(parser: Parser, text: str) -> None:
    """Any number of rule files."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help=text)


def vocabulary_of(arguments: Namespace) -> Vocabulary | None:
    """The vocabulary that `--vocabulary` extends; None for the bundled one."""
    if arguments.vocabulary is None:
        return None
    from eligibility.vocabulary import Vocabulary

    return Vocabulary.load(arguments.vocabulary)


def trials_of(arguments: Namespace, ids: Iterable[str] = ()) -> tuple[Trial, ...]:
    """The trials of `--rules`, the bundled ones without; only those of `ids`, where some are given."""
    from eligibility.library import find, load_trials

    trials = load_trials(arguments.rules, vocabulary=vocabulary_of(arguments))
    chosen = tuple(find(trial_id, trials) for trial_id in dict.fromkeys(ids))
    return chosen or trials


def rule_paths(arguments: Namespace) -> list[Path]:
    """The rule files that are named, in files and folders; those of the bundled trials where none is."""
    from eligibility.files import bundled
    from eligibility.library import rule_files

    return [path for item in (arguments.files or [bundled("rules", "trials")]) for path in rule_files(item)]
