"""Everything that this folder measures, side by side: `python benchmarks/run.py [--only NAME] [--quick] [--json FILE]`.

Prints a table for each contest: median and minimum of one unit of work, and the ratios to the baseline; writes all of it as
JSON; draws the curves over patients, trials and criteria. Exit status 1 where an answer was wrong.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from contest import Contest, Result, Row, Settings, hold, load  # noqa: E402  # the folder is no package

FIRST = ("five_trials", "raw_records", "very_many_trials", "startup")


def modules() -> list[str]:
    """The modules of this folder that hold contests, the best known first."""
    found = [path.stem for path in sorted(HERE.glob("*.py")) if "\ndef contests(" in path.read_text(encoding="utf-8")]
    return sorted(found, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))


def found_contests(settings: Settings, only: str) -> Iterator[Contest]:
    """The contests of every module whose name holds `only`, made one at a time."""
    for name in modules():
        if only in name:
            try:
                module = importlib.import_module(name)
            except ImportError as missing:
                print(f"{name}: left out, {missing.name} is not installed\n")
                continue
            yield from module.contests(settings)


def shown(seconds: float) -> str:
    """A time, with the unit that suits it."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:,.3g} {unit}" if seconds * factor < 1000 else f"{seconds * factor:,.0f} {unit}"
    return f"{seconds * 1e9:,.3g} ns"


def amount(value: float, unit: str) -> str:
    """A figure with its unit."""
    return shown(value) if unit == "s" else f"{value:,.0f} {unit}".rstrip()


def goal_of(result: Result, row: Row) -> str:
    """The goal of a row, and whether it is reached by the minima."""
    ratio = result.ratio(row)
    if row.goal is None or ratio is None:
        return ""
    wanted = f"at most {row.goal:g} x" if row.goal >= 1 else f"{1 / row.goal:g} times faster"
    return f"{wanted}: {'reached' if ratio <= row.goal else 'MISSED'}"


def table(result: Result) -> str:
    """A contest as text."""
    contest = result.contest
    lines = [f"{contest.name}   (for one {contest.unit}; load {result.load[0]:.1f} to {result.load[1]:.1f})"]
    width = max(len(row.name) for row in result.rows)
    lines.append(f"  {'':{width}}  {'median':>10} {'minimum':>10} {'ratio':>9} {'of rounds':>9}")
    for row in result.rows:
        if row.wrong:
            lines.append(f"  {row.name:{width}}  WRONG: {row.wrong}")
            continue
        ratio, by_round = result.ratio(row), result.median_ratio(row)
        ratios = "" if ratio is None or by_round is None else f"{_ratio(ratio):>9} {_ratio(by_round):>9}"
        last = goal_of(result, row) or row.note
        lines.append(
            f"  {row.name:{width}}  {shown(row.median):>10} {shown(row.minimum):>10} {ratios}  {last}".rstrip()
        )
    lines += [f"  {name}: left out, {why}" for name, why in contest.left_out.items()]
    lines += [f"  {figure.name}: {amount(figure.value, figure.unit)}" for figure in contest.figures]
    if contest.note:
        lines.append(f"  {contest.note}")
    return "\n".join(lines)


def _ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def as_json(result: Result) -> dict[str, Any]:
    """A contest as JSON, with the times of every round."""
    contest = result.contest
    rows = [
        {
            "name": row.name, "note": row.note, "wrong": row.wrong or None, "goal": row.goal, "seconds": row.seconds,
            "median": row.median if row.seconds else None, "minimum": row.minimum if row.seconds else None,
            "ratio": result.ratio(row), "ratio_of_rounds": result.median_ratio(row),
        }
        for row in result.rows
    ]  # fmt: skip
    return {
        "name": contest.name, "unit": contest.unit, "clock": contest.clock, "baseline": contest.baseline, "note": contest.note,
        "family": contest.family, "axis": contest.axis, "size": contest.size, "units": contest.units, "load": result.load, "rows": rows,
        "left_out": contest.left_out, "figures": [asdict(figure) for figure in contest.figures],
    }  # fmt: skip


COLOURS = (
    "#444444",
    "#c1440e",
    "#1f6f8b",
    "#7a9e3b",
    "#8a5a9e",
    "#d19a1d",
    "#5b7fc7",
    "#a0a0a0",
)  # the baseline comes first


def draw(held: list[dict[str, Any]], path: Path) -> bool:
    """The curves of every family of contests, from what is written as JSON; False where there is nothing to draw (with)."""
    families: dict[str, list[dict[str, Any]]] = {}
    for contest in held:
        if contest["family"]:
            families.setdefault(contest["family"], []).append(contest)
    families = {name: own for name, own in families.items() if len(own) > 1}
    try:
        import matplotlib
    except ImportError:
        return False
    if not families:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, NullFormatter

    columns = min(3, len(families))
    lines = -(-len(families) // columns)
    figure, axes = pyplot.subplots(
        lines, columns, figsize=(5.6 * columns, 4.6 * lines), squeeze=False, layout="constrained"
    )
    for axis, (name, own) in zip(axes.flat, families.items(), strict=False):
        own.sort(key=lambda contest: contest["size"])
        names = dict.fromkeys(row["name"] for contest in own for row in contest["rows"])
        for number, contestant in enumerate(names):
            points = [
                (contest["size"], row["minimum"] * contest["units"])
                for contest in own for row in contest["rows"]
                if row["name"] == contestant and row["minimum"]
            ]  # fmt: skip
            if points:
                style = "--" if contestant == own[0]["baseline"] else "-"
                axis.plot(*zip(*points, strict=True), style, marker="o", markersize=4, label=contestant, color=COLOURS[number % len(COLOURS)])  # fmt: skip
        axis.set(xscale="log", yscale="log", title=name, xlabel=own[0]["axis"])
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value)))
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.grid(True, which="major", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(fontsize=8, frameon=False, loc="upper left")
        low, high = axis.get_ylim()
        axis.set_ylim(low, high * (high / low) ** 0.25)  # room for the legend
    for axis in list(axes.flat)[len(families) :]:
        axis.set_visible(False)
    figure.suptitle("Time for one pass, the best of all rounds; both axes by factors")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return True


def main() -> int:
    """Hold the contests that were asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", metavar="NAME", help=f"modules whose name holds this; there are {', '.join(modules())}")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small instances of everything, in seconds")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each contestant is timed (15; quick: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where every figure is written")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where the curves are drawn (PNG or SVG)")
    asked = parser.parse_args()
    settings = Settings(asked.quick, max(1, asked.rounds or (3 if asked.quick else Settings.rounds)))
    machine = {
        "python": platform.python_version(), "system": platform.system(), "machine": platform.machine(), "processors": os.cpu_count(),
    }  # fmt: skip
    print(f"Python {machine['python']}, {machine['system']}, {machine['processors']} processors, load {load():.1f}\n")
    results = []
    for contest in found_contests(settings, asked.only):
        results.append(hold(contest, settings))
        print(table(results[-1]) + "\n", flush=True)
    told = [as_json(result) for result in results]
    if asked.json:
        written = {
            "when": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, "quick": settings.quick,
            "rounds": settings.rounds, "contests": told,
        }  # fmt: skip
        asked.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    if asked.picture and not draw(told, asked.picture):
        print("no picture: matplotlib is not installed, or no curve was measured")
    return int(any(row.wrong for result in results for row in result.rows))


if __name__ == "__main__":
    sys.exit(main())
