"""`eligibility test`: rule files go in; which of the examples beside them hold comes out, and what they cover."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.console import console, counted
from eligibility.cli.registry import DONE, FINDINGS
from eligibility.cli.streams import destination
from eligibility.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from eligibility.facts import Facts
    from eligibility.library import Trial


def add_arguments(parser: Parser) -> None:
    """What `test` takes."""
    parser.explain(
        """Run the examples that stand beside rule files: those of `T-1.elig` in `T-1.examples.jsonl`, one patient a line with
        the verdict and the outcomes that are expected.""",
        examples={
            "eligibility test my-trial.elig --coverage": "Run them, and show which patients are missing.",
            "eligibility test my-trial.elig --record": "Write examples of what the rules say today, to be reviewed.",
        },
        statuses={1: "an example does not hold, there are none, or too little is covered"},
    )
    options.add_files(parser, "Rule files, or folders of them. The bundled trials if left out.")
    parser.add_argument(
        "--coverage", action="store_true",
        help="Show what the examples have shown of each criterion, and which patients are missing.",
    )  # fmt: skip
    parser.add_argument(
        "--fail-under", type=float, metavar="PERCENT", help="Exit status 1 if less than this percentage is covered."
    )
    parser.add_argument(
        "--record", action="store_true", help="Write examples of what the rules say today, for files that have none."
    )
    parser.add_argument(
        "--at", metavar="TIME", default="2024-03-04T08:00:00+00:00",
        help="The instant at which recorded examples are judged.",
    )  # fmt: skip
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Run them."""
    from rich.text import Text

    from eligibility.examples import examples_path, read_examples, run_example
    from eligibility.library import compile_trial, read_rule_text

    words = options.vocabulary_of(arguments)
    out = console(wrap=False)
    status, shares = DONE, []
    for path in options.rule_paths(arguments):
        trial = compile_trial(read_rule_text(path), vocabulary=words, name=path.name)
        beside = examples_path(path)
        if arguments.record:
            _record(trial, beside, arguments.at, out)
        if not beside.exists():
            out.print(Text(f"{trial.id}: no examples ({beside.name})", style="yellow"))
            status = FINDINGS
            continue
        ran = [run_example(trial, example) for example in read_examples(beside)]
        for item in ran:
            if item.differences:
                status = FINDINGS
                out.print(Text(f"{beside.name}:{item.example.line}: {item.example.title}", style="bold red"))
                out.print(Text("\n".join(f"  {difference}" for difference in item.differences)))
        failed = sum(bool(item.differences) for item in ran)
        out.print(
            Text(f"{trial.id}: {counted(len(ran), 'example')}, {failed} failed", style="red" if failed else "green")
        )
        shares.append(_cover(trial, [item.facts for item in ran if item.facts is not None], arguments.coverage, out))
    if arguments.fail_under is not None and any(100 * share < arguments.fail_under for share in shares):
        out.print(Text(f"coverage is below {arguments.fail_under:g} %", style="red"))
        return FINDINGS
    return status


def _cover(trial: Trial, facts: list[Facts], shown: bool, out: Console) -> float:
    from rich.table import Table
    from rich.text import Text

    from eligibility.coverage import coverage, share

    covered = coverage(trial, facts)
    total = share(covered)
    if shown:
        grid = Table.grid(padding=(0, 2))
        for item in covered:
            done = len(item.wanted) - len(item.missing)
            text = Text(f"{done} of {len(item.wanted)}", style="green" if not item.missing else "yellow")
            grid.add_row(
                f"  {item.address}", text, Text("; ".join(f"add {goal}" for goal in item.missing), style="dim")
            )
        out.print(grid)
        out.print(Text(f"  covered: {100 * total:.1f} %"))
    return total


def _record(trial: Trial, beside: Path, at: str, out: Console) -> None:
    from rich.text import Text

    from eligibility.covering import cover
    from eligibility.examples import record
    from eligibility.facts import read_instant
    from eligibility.instants import local

    if beside.exists():
        raise UsageError(f"{beside.name}: it is there already; remove it to record anew")
    found = read_instant(at)
    assert found is not None
    patients, lost = cover(trial, local(*found))
    titled = [(f"{trial.id}, patient {index + 1}", patient, at) for index, patient in enumerate(patients)]
    with destination(beside) as stream:
        stream.write(record(trial, titled))
    out.print(
        Text(f"{trial.id}: {len(patients)} examples recorded in {beside.name}; review them before you trust them")
    )
    for goal in lost:
        out.print(Text(f"  not found: {goal}", style="yellow"))
