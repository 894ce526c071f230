"""`eligibility screen`: patients go in; verdicts with reasons come out, as a table, JSON or HTML."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.console import console
from eligibility.cli.registry import DONE, UNUSABLE
from eligibility.cli.running import complain
from eligibility.cli.streams import destination, patients
from eligibility.errors import EligibilityError, UsageError

if TYPE_CHECKING:
    from eligibility.library import Trial
    from eligibility.records import Line
    from eligibility.results import Screening


def add_arguments(parser: Parser) -> None:
    """What `screen` takes."""
    parser.explain(
        """Screen a patient, or many, and say for each trial who may take part, why, and what is still missing.

        With many patients (JSON Lines) a line that cannot be used is reported on standard error with its number, the
        others are screened, and the exit status is 2.""",
        examples={
            "eligibility screen patient.json": "All bundled trials: verdicts, what failed, what is open, what to ask next.",
            "eligibility screen patient.json -t NCT03608592 --explain": "Every criterion of one trial, with its reason.",
            "eligibility screen patient.json -f html -o patient.html": "A page to read or print.",
            "eligibility screen ward.jsonl -f json -o results.jsonl": "One patient a line in, one result a line out.",
        },
    )
    parser.add_argument(
        "patient", metavar="PATIENT",
        help="A JSON file with one patient, a JSON Lines file with one a line, or - for standard input.",
    )  # fmt: skip
    options.add_trials(parser)
    options.add_rules(parser)
    options.add_vocabulary(parser)
    options.add_judgement(parser, "the patient's")
    parser.add_argument(
        "-f", "--format", choices=["table", "json", "html"], default="table",
        help="A table for people, JSON (JSON Lines for many patients), or a page of HTML for one patient.",
    )  # fmt: skip
    parser.add_argument("--explain", action="store_true", help="Show every criterion with its reason and note.")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="Write to this file instead of standard output; it appears when it is complete.",
    )  # fmt: skip


def run(arguments: Namespace) -> int:
    """Screen."""
    trials = options.trials_of(arguments, arguments.trial)
    if arguments.at is not None:
        from eligibility.facts import read_instant

        read_instant(arguments.at)  # a bad instant is said once, before any patient
    with destination(arguments.output) as stream, patients(arguments.patient) as (many, lines):
        if many:
            return _many(lines, trials, arguments, stream)
        for line in lines:
            _show(_screened(line, trials, arguments), arguments, stream)
            return DONE
        raise UsageError("there is no patient in the input")


def _screened(line: Line, trials: tuple[Trial, ...], arguments: Namespace) -> Screening:
    from eligibility.screening import screen

    if line.record is None:
        raise line.error or UsageError("no patient")
    return screen(line.record, trials, at=arguments.at, absent=arguments.absent)


def _show(screening: Screening, arguments: Namespace, stream: TextIO) -> None:
    if arguments.format == "json":
        stream.write(screening.to_json(indent=2) + "\n")
    elif arguments.format == "html":
        from eligibility.html_report import html_of

        stream.write(html_of(screening))
    else:
        from eligibility.report import print_screening

        width = 80 if arguments.output else None
        print_screening(screening, console(stream, width=width), explain=arguments.explain)


def _many(lines: Iterator[Line], trials: tuple[Trial, ...], arguments: Namespace, stream: TextIO) -> int:
    """One result a line; a bad line is reported with its number, and the others are screened."""
    if arguments.format == "html":
        raise UsageError("a page of HTML shows one patient; take `--format json` or `table` for many")
    status, done, refused = DONE, 0, 0
    with _progress() as show:
        for line in lines:
            try:
                screening = _screened(line, trials, arguments)
            except EligibilityError as error:
                status = UNUSABLE
                refused += 1
                complain("\n".join(f"line {line.number}: {text}" for text in str(error).splitlines()))
                continue
            if arguments.format == "json":
                stream.write(screening.to_json() + "\n")
            else:
                _show_row(screening, line.number, arguments, stream)
            done += 1
            show(f"{done} patients screened" + (f", {refused} lines refused" if refused else ""))
    if not done and status == DONE:
        raise UsageError("there is no patient in the input")
    return status


def _show_row(screening: Screening, number: int, arguments: Namespace, stream: TextIO) -> None:
    from eligibility.report import print_cohort_row

    width = 80 if arguments.output else None
    print_cohort_row(screening, f"{screening.id or 'patient'} (line {number})", console(stream, width=width))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What shows a count on standard error while the work goes on: something where that is a terminal, else nothing."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    with console(sys.stderr).status("") as status:
        yield status.update
