"""A screening goes in; what a coordinator reads on a terminal comes out: verdicts first, then what failed, what is open
and what to ask next. Colour is for terminals; in a pipe it is plain text of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from eligibility.results import CriterionResult, Need, Screening, TrialResult

_STYLE = {
    "eligible": "bold green", "ineligible": "bold red", "review": "bold cyan", "undetermined": "bold yellow",
    "met": "green", "not met": "red", "unknown": "yellow",
}  # fmt: skip
_MEANING = {
    "eligible": "every criterion passes",
    "review": "only answers of people are open",
    "undetermined": "data are missing",
}


def print_screening(screening: Screening, console: Console, *, explain: bool = False) -> None:
    """The whole screening; with `explain` every criterion and its reason."""
    head = (
        f"Screened at {screening.at}" if screening.id is None else f"Patient {screening.id}, screened at {screening.at}"
    )
    console.print(Text(head, style="bold"))
    console.print()
    console.print(_verdicts(screening))
    for title, lines in (
        ("Unrecognized, not used", [str(item) for item in screening.unrecognized]),
        ("Dated after the instant of judgement, not used", screening.ignored),
        ("Warnings", screening.warnings),
    ):
        _listed(console, title, lines)
    for trial in screening:
        _print_trial(trial, console, explain)


def _grid(*ratios: int | None) -> Table:
    grid = Table.grid(padding=(0, 2))
    for ratio in ratios:
        grid.add_column(ratio=ratio, no_wrap=ratio is None, overflow="fold")
    return grid


def _verdicts(screening: Screening) -> Table:
    grid = _grid(None, None, 1)
    for trial in screening:
        grid.add_row(Text(trial.id), Text(trial.verdict, style=_STYLE[trial.verdict]), Text(trial.title))
    return grid


def _listed(console: Console, title: str, lines: Sequence[str]) -> None:
    if lines:
        console.print()
        console.print(Text(title, style="bold magenta"))
        _indented(console, (Text(line) for line in lines))


def _indented(console: Console, items: Iterable[RenderableType], by: int = 2) -> None:
    for item in items:
        console.print(Padding(item, (0, 0, 0, by)))


def _print_trial(trial: TrialResult, console: Console, explain: bool) -> None:
    console.print()
    head = Text(f"{trial.id}  ")
    head.append(trial.verdict, style=_STYLE[trial.verdict])
    meaning = _MEANING.get(trial.verdict)
    if meaning:
        head.append(f", {meaning}", style="dim")
    if trial.valid_until:
        head.append(f"; may change {_soon(trial.valid_until)}", style="dim")
    console.print(head)
    if explain:
        _indented(console, [_explained(trial.criteria)])
    else:
        if trial.failed:
            _indented(console, [Text("Failed", style="bold")])
            _indented(console, [_reasons(trial.failed)], 4)
        if trial.open and trial.verdict != "ineligible":
            _indented(console, [Text("Open", style="bold")])
            _indented(console, [_labels(trial.open)], 4)
        elif trial.open:
            count = len(trial.open)
            text = f"{count} other criteri{'on is' if count == 1 else 'a are'} open, which cannot make the patient eligible."
            _indented(console, [Text(text, style="dim")])
    if trial.needs:
        _indented(console, [Text("Ask next", style="bold")])
        _indented(console, [_needs(trial.needs)], 4)


def _soon(instant: str) -> str:
    """`after 2024-03-07T06:00Z` for the first microsecond behind it."""
    moment = datetime.fromisoformat(instant)
    if moment.microsecond == 1:
        return f"after {_minute(moment.replace(microsecond=0))}"
    return f"at {_minute(moment)}"


def _minute(moment: datetime) -> str:
    shown = moment.isoformat(timespec="minutes" if not moment.second and not moment.microsecond else "auto")
    return shown.replace("+00:00", "Z")


def _reasons(criteria: Sequence[CriterionResult]) -> Table:
    grid = _grid(None, 1)
    for criterion in criteria:
        text = Text(f"{criterion.label}. ")
        text.append(criterion.reason, style="dim")
        grid.add_row(Text(criterion.id, style=_STYLE[criterion.outcome]), text)
    return grid


def _labels(criteria: Sequence[CriterionResult]) -> Table:
    grid = _grid(None, 1)
    for criterion in criteria:
        grid.add_row(Text(criterion.id, style=_STYLE[criterion.outcome]), Text(criterion.label))
    return grid


def _explained(criteria: Sequence[CriterionResult]) -> Table:
    grid = _grid(None, None, 1)
    for criterion in criteria:
        word = {True: "passes", False: "fails", None: "open"}[criterion.passes]
        style = {True: "green", False: "red", None: "yellow"}[criterion.passes]
        text = Text(f"{criterion.label}. ")
        text.append(criterion.reason, style="dim")
        if criterion.note:
            text.append(f" Note: {criterion.note}", style="italic dim")
        grid.add_row(Text(criterion.id), Text(word, style=style), text)
    return grid


def _needs(needs: Sequence[Need]) -> Table:
    grid = _grid(None, 1)
    grid.columns[0].no_wrap = False
    grid.columns[0].max_width = 30
    for need in needs:
        text = Text(need.question or need.asks)
        if need.settles:
            text.append(f"; passes if {need.settles}", style="green")
        if need.question is None or len(need.criteria) > 1:
            text.append(f"  [{', '.join(need.criteria)}]", style="dim")
        grid.add_row(Text(need.concept.partition("/")[2] if need.question else need.concept), text)
    return grid


def print_cohort_row(screening: Screening, name: str, console: Console) -> None:
    """One patient of many: the name and the verdict of each trial, on lines of their own."""
    grid = _grid(None, None, 1)
    for index, trial in enumerate(screening):
        waiting = ", ".join(need.concept for need in trial.needs[:3]) + (", ..." if len(trial.needs) > 3 else "")
        failed = ", ".join(criterion.id for criterion in trial.failed)
        grid.add_row(
            Text(trial.id), Text(trial.verdict, style=_STYLE[trial.verdict]), Text(failed or waiting, style="dim")
        )
        if index == 0:
            console.print(Text(name, style="bold"))
    console.print(Padding(grid, (0, 0, 0, 2), expand=False))
    _indented(console, (Text(f"unrecognized: {item}", style="magenta") for item in screening.unrecognized))
