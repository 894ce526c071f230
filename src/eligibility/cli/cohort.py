"""`eligibility cohort`: a parquet file of facts about many patients goes in; a folder of verdicts, criteria, attrition and rejects comes out."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.console import console, counted
from eligibility.cli.registry import DONE, FINDINGS
from eligibility.cli.running import complain
from eligibility.errors import UsageError

if TYPE_CHECKING:
    from eligibility.cohort.files import Progress, Request, Summary

_EXTRAS = {"polars": "cohort", "narwhals": "cohort", "pyarrow": "cohort", "duckdb": "duckdb", "pyspark": "spark"}
_SHOWN_REJECTS = 5


def add_arguments(parser: Parser) -> None:
    """What `cohort` takes."""
    parser.explain(
        """Screen a whole cohort: a parquet file with one row for each measurement or occurrence (patient, concept, value, unit,
        text, status, time, ...), and a folder with verdicts, criteria, attrition and rejects as parquet files.

        A row that cannot be used never stops the run: it is in rejects.parquet, with the reason, and is counted on screen. The
        folder appears when it is whole.""",
        examples={
            "eligibility cohort facts.parquet -o screened": "All bundled trials, in memory.",
            "eligibility cohort facts.parquet -o screened --memory-limit 8GB": "A file larger than memory, by patient.",
            "eligibility cohort facts.parquet -o screened --resume": "Go on where an interrupted run of the same stopped.",
            "eligibility cohort facts.parquet -o screened --engine spark": "On Spark.",
        },
        statuses={1: "--strict met rows that cannot be used"},
    )
    parser.add_argument("facts", type=Path, metavar="FACTS", help="The parquet file of facts, as a long table.")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="The folder to make; it must not exist."
    )
    parser.add_argument(
        "--patients", type=Path, metavar="FILE", help="A parquet file with patient, as_of, birth_date, sex."
    )
    options.add_trials(parser)
    options.add_rules(parser)
    options.add_vocabulary(parser)
    options.add_judgement(parser, "each patient's")
    parser.add_argument(
        "--engine",
        choices=["polars", "duckdb", "spark"],
        default="polars",
        help="What computes it (polars if left out).",
    )
    parser.add_argument("--strict", action="store_true", help="Stop at rows that cannot be used.")
    parser.add_argument(
        "--memory-limit", metavar="SIZE", help="Deal the file out by patient so that each part fits, such as 4GB."
    )
    parser.add_argument("--partitions", type=int, metavar="N", help="Deal the file out by patient into N parts.")
    parser.add_argument("--resume", action="store_true", help="Go on where an interrupted run of the same stopped.")


def run(arguments: Namespace) -> int:
    """Screen the file and say what came of it."""
    try:
        from eligibility.cohort.files import Request, Stopped, screen_files
        from eligibility.cohort.partitions import bytes_of

        if arguments.partitions is not None and not 1 <= arguments.partitions <= 10_000:
            raise UsageError("--partitions is a number from 1 to 10000")
        request = Request(
            arguments.facts, arguments.output, options.trials_of(arguments, arguments.trial), arguments.patients, arguments.engine,
            arguments.at, arguments.absent, arguments.strict,
            None if arguments.memory_limit is None else bytes_of(arguments.memory_limit), arguments.partitions, arguments.resume,
        )  # fmt: skip
        try:
            with _progress() as progress:
                summary = screen_files(request, progress)
        except KeyboardInterrupt:
            complain("the parts that are done are kept; `--resume` goes on with them")
            raise
        except Stopped as stop:
            complain(str(stop))
            return FINDINGS
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise UsageError(f"{error.name} is not installed; `pip install 'eligibility[{extra}]'` brings it") from None
    _tell(summary, request)
    return DONE


@contextmanager
def _progress() -> Iterator[Progress]:
    """What shows on standard error how far the work is: one line that changes on a terminal, else a line for each part."""
    if sys.stderr is None:
        yield lambda done, total, what: None
        return
    if not sys.stderr.isatty():
        yield lambda done, total, what: complain(_line(done, total, what)) if total > 1 else None
        return
    with console(sys.stderr).status("reading") as status:
        update: Callable[[str], None] = status.update
        yield lambda done, total, what: update(_line(done, total, what))


def _line(done: int, total: int, what: str) -> str:
    return f"{done} of {counted(total, 'part')}: {what}"


def _tell(summary: Summary, request: Request) -> None:
    """What was screened: the reach of each trial, what removes and what opens most, and what could not be used."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(
        Text(
            f"{counted(summary.patients, 'patient')} against {counted(len(request.trials), 'trial')}, in {request.output}"
        )
    )
    grid = Table(box=None, pad_edge=False)
    for head, justify in (
        ("trial", "left"),
        ("not ruled out", "right"),
        ("removes most", "left"),
        ("to ask next", "left"),
    ):
        grid.add_column(head, justify=justify, overflow="fold")  # type: ignore[arg-type]  # both are words of rich
    for trial in request.trials:
        rows = [row for row in summary.attrition if row["trial"] == trial.id]
        criteria = [row for row in rows if row["fact"] is None]
        if not criteria:
            continue
        worst = max(criteria, key=lambda row: row["removed"])
        asked = next((row for row in rows if row["criterion"] is None), None)  # what would settle most stands first
        grid.add_row(
            Text(trial.id), f"{criteria[-1]['left']:,}", f"{worst['criterion']} ({worst['removed']:,})" if worst["removed"] else "",
            Text(f"{asked['fact']} ({asked['open']:,} wait, {asked['settled']:,} for it alone)" if asked else ""),
        )  # fmt: skip
    out.print(grid)
    if summary.rejected:
        complain(
            f"{counted(summary.rejected, 'row')} could not be used; all are in {request.output / 'rejects.parquet'}:"
        )
        for why, count in summary.reasons[:_SHOWN_REJECTS]:
            complain(f"  {count:,} x {why}")
        if len(summary.reasons) > _SHOWN_REJECTS:
            complain(f"  and {counted(len(summary.reasons) - _SHOWN_REJECTS, 'other reason')}")
