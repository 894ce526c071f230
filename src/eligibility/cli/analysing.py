"""The arguments of `eligibility analyse` and `eligibility compare` go in; findings as text or JSON, and an exit status, come out."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import fill, indent
from typing import Any

from eligibility.analysis.comparing import Comparison, compare, names_of
from eligibility.analysis.finding import Finding
from eligibility.analysis.findings import analyse
from eligibility.cli import options
from eligibility.cli.registry import DONE, FINDINGS
from eligibility.errors import EligibilityError, UsageError
from eligibility.library import Trial, compile_trial, find, load_trials, read_rule_text
from eligibility.source import Source, Span
from eligibility.vocabulary import Vocabulary

WIDTH = 100


def analyse_run(arguments: Namespace) -> int:
    """Print what is found about trials."""
    try:
        words = options.vocabulary_of(arguments)
        named = _gathered([partial(_named, name, words) for name in arguments.trials])
        trials = named or load_trials(vocabulary=words)
        found: list[tuple[Trial, tuple[Finding, ...]]] = []
        for number, trial in enumerate(trials, 1):
            _show(f"analysing {trial.id}, {len(trial.criteria)} criteria ({number} of {len(trials)})")
            found.append((trial, analyse(trial, at=arguments.at)))
    finally:
        _show("")
    if arguments.format == "json":
        _print_json([{"trial": trial.id, "findings": [_as_dict(item) for item in items]} for trial, items in found])
    else:
        for trial, items in found:
            print("\n".join(_told(trial, items)))
    return FINDINGS if any(items for _, items in found) else DONE


def compare_run(arguments: Namespace) -> int:
    """Print how two trials are related."""
    try:
        words = options.vocabulary_of(arguments)
        names = (arguments.first, arguments.second)
        first, second = _gathered([partial(_one, name, words) for name in names])
        _show(f"comparing {first.id} and {second.id}, {len(first.criteria) + len(second.criteria)} criteria")
        found = compare(first, second, at=arguments.at)
    finally:
        _show("")
    if arguments.format == "json":
        _print_json({"first": first.id, "second": second.id, **vars(found)})
    else:
        print("\n".join(_compared(first, second, found)))
    return DONE


def _gathered(readers: Sequence[Callable[[], Sequence[Trial]]]) -> list[Trial]:
    """The trials of all arguments. Raises the errors of all that cannot be read at once."""
    trials: list[Trial] = []
    errors: list[EligibilityError] = []
    for read in readers:
        try:
            trials += read()
        except EligibilityError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise UsageError("\n\n".join(dict.fromkeys(str(error) for error in errors)))
    return trials


def _show(text: str) -> None:
    """What is being done, on one line of standard error while it lasts, where that is a terminal; "" takes it away."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()


def _print_json(content: object) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))


# --- trials ----------------------------------------------------------------------------------------------------------


def _named(name: str, words: Vocabulary | None) -> tuple[Trial, ...]:
    """The trials of an ID, a file or a folder."""
    path = Path(name)
    if path.is_dir():
        return load_trials(path, vocabulary=words)
    if path.exists() or path.suffix == ".elig":
        return (compile_trial(read_rule_text(path), vocabulary=words, name=path.name),)
    return (find(name, load_trials(vocabulary=words)),)


def _one(name: str, words: Vocabulary | None) -> tuple[Trial, ...]:
    """The trial of an ID or a file; a folder is none."""
    path = Path(name)
    return _named(str(path / "*.elig") if path.is_dir() else name, words)


# --- text ------------------------------------------------------------------------------------------------------------


def _told(trial: Trial, findings: tuple[Finding, ...]) -> Iterator[str]:
    """What is found about one trial, each finding with the author's lines and a patient."""
    count = len(findings)
    yield f"{trial.id}: {'nothing found' if not count else '1 finding' if count == 1 else f'{count} findings'}"
    for number, finding in enumerate(findings, 1):
        yield ""
        yield indent(fill(f"{number}. {finding}", WIDTH - 2, subsequent_indent="   "), "  ")
        yield from snippets(finding.source, finding.places)
        if finding.witness is not None:
            yield f"      = patient: {_record(finding.witness)}"
    yield ""


def snippets(source: Source, places: tuple[Span, ...]) -> Iterator[str]:
    """The author's lines, each once, with what is meant underlined; a place over several lines is shown by its lines."""
    seen: set[Span] = set()
    for place in sorted(places, key=lambda span: span.start):
        start = place.start
        for line in source.words(place).split("\n"):
            stripped = len(line) - len(line.lstrip(" -"))
            span = Span(start + stripped, start + len(line.rstrip()))
            start += len(line) + 1
            if span.end > span.start and span not in seen and len(seen) < 12:
                seen.add(span)
                yield source.snippet(span)


def _record(witness: Mapping[str, Any]) -> str:
    return json.dumps(witness, ensure_ascii=False)


def _as_dict(finding: Finding) -> dict[str, object]:
    lines = sorted({finding.source.position(place.start)[0] for place in finding.places})
    return {
        "kind": finding.kind, "criteria": finding.criteria, "message": finding.message, "lines": lines, "witness": finding.witness,
    }  # fmt: skip


def _compared(first: Trial, second: Trial, found: Comparison) -> Iterator[str]:
    names = names_of(first, second)
    yield f"{names[0]} and {names[1]}: {found.relation}"
    yield indent(fill(found.message, WIDTH - 2), "  ")
    by_name = {
        f"{name}/{criterion.address}": (trial, criterion)
        for name, trial in zip(names, (first, second), strict=True)
        for criterion in trial.criteria
    }
    for name in found.conflict:
        trial, criterion = by_name[name]
        yield f'\n  {name} "{criterion.label}"'
        yield from snippets(trial.source, (criterion.span,))
    for title, witness in (
        (f"eligible under {names[0]} alone", found.only_a),
        (f"eligible under {names[1]} alone", found.only_b),
        ("eligible under both", found.both),
    ):
        if witness is not None:
            yield f"\n  {title}:\n      {_record(witness)}"
    if first.id.casefold() == second.id.casefold():
        yield ""
        for title, addresses in (
            ("changed in meaning", found.changed), ("changed in wording only", found.reworded), ("not decided", found.undecided),
            ("added", found.added), ("removed", found.removed),
            ("numbered anew", tuple(f"{old} is {new}" for old, new in found.renumbered)),
        ):  # fmt: skip
            yield indent(fill(f"{title}: {', '.join(addresses) or 'none'}", WIDTH - 2, subsequent_indent="  "), "  ")
