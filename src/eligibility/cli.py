"""The command line: arguments go in; text, JSON and an exit status come out. The only place that prints or exits.

Exit status: 0 done, 1 findings (`check`, `format --check`), 2 unusable input.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn, TextIO

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.text import Text

from eligibility import __version__
from eligibility.errors import EligibilityError, PatientError, UsageError

if TYPE_CHECKING:
    from eligibility.facts import Facts
    from eligibility.library import Trial
    from eligibility.records import Line
    from eligibility.results import Screening
    from eligibility.vocabulary import Concept, Vocabulary

DONE, FINDINGS, UNUSABLE = 0, 1, 2

app = App(
    name="eligibility",
    help="Screen patients against clinical-trial criteria that know their units and never guess.",
    help_epilogue="The software supports clinical judgement and does not replace it.",
    version=__version__,
    help_flags=["--help", "-h"],
    version_flags=["--version"],
    result_action="return_value",
)
app.register_install_completion_command(add_to_startup=False)

_Trials = Annotated[
    tuple[str, ...], Parameter(name=["--trial", "-t"], negative=(), consume_multiple=False, show_default=False)
]
_Rules = Annotated[Path | None, Parameter(name="--rules")]
_Words = Annotated[Path | None, Parameter(name="--vocabulary")]
_Switch = Parameter(negative=())


def _out() -> Console:
    return Console(highlight=False, soft_wrap=False)


def _complain(error: object) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(str(error)))


def _vocabulary(path: Path | None) -> Vocabulary | None:
    if path is None:
        return None
    from eligibility.vocabulary import Vocabulary

    return Vocabulary.load(path)


def _chosen(ids: tuple[str, ...], folder: Path | None, words: Path | None) -> tuple[Trial, ...]:
    """The trials that the options ask for."""
    from eligibility.library import find, load_trials

    trials = load_trials(folder, vocabulary=_vocabulary(words))
    return tuple(find(trial_id, trials) for trial_id in dict.fromkeys(ids)) if ids else trials


# --- screen ----------------------------------------------------------------------------------------------------------


@app.command
def screen(
    patient: str,
    /,
    *,
    trial: _Trials = (),
    rules: _Rules = None,
    vocabulary: _Words = None,
    at: str | None = None,
    absent: Literal["unknown", "no"] = "unknown",
    form: Annotated[Literal["table", "json"], Parameter(name=["--format", "-f"])] = "table",
    explain: Annotated[bool, _Switch] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Screen a patient, or many, and say for each trial who may take part, why, and what is still missing.

    Parameters
    ----------
    patient
        A JSON file with one patient, a JSON Lines file with one a line, or - for standard input.
    trial
        The ID of a trial; may be given several times. All trials if left out.
    rules
        A rule file, or a folder of them, instead of the bundled trials.
    vocabulary
        A TOML file, or a folder of them, that extends the bundled vocabulary.
    at
        The instant of judgement, such as 2024-03-04T08:00Z. Else the patient's as_of, else now.
    absent
        With "no", silence about a condition that a problem list would name is read as absence.
    form
        A table for people, or JSON (JSON Lines for many patients).
    explain
        Show every criterion with its reason and note.
    output
        Write to this file instead of standard output.
    """
    trials = _chosen(trial, rules, vocabulary)
    if at is not None:
        from eligibility.facts import read_instant

        read_instant(at)  # a bad instant is said once, before any patient
    with _destination(output) as stream:
        console = Console(file=stream, highlight=False, width=80 if output else None)
        with _patients(patient) as (many, lines):
            if many:
                return _screen_many(lines, trials, at, absent, form, console)
            for line in lines:
                if line.record is None:
                    raise line.error or UsageError("no patient")
                _show_one(_screened(line, trials, at, absent), form, explain, console)
                return DONE
            raise UsageError("there is no patient in the input")


def _screened(line: Line, trials: tuple[Trial, ...], at: str | None, absent: Literal["unknown", "no"]) -> Screening:
    from eligibility.screening import screen as judge

    assert line.record is not None
    return judge(line.record, trials, at=at, absent=absent)


def _show_one(screening: Screening, form: str, explain: bool, console: Console) -> None:
    if form == "json":
        console.file.write(screening.to_json(indent=2) + "\n")
        return
    from eligibility.report import print_screening

    print_screening(screening, console, explain=explain)


def _screen_many(
    lines: Iterator[Line], trials: tuple[Trial, ...], at: str | None, absent: Literal["unknown", "no"], form: str, console: Console
) -> int:  # fmt: skip
    """One result a line; a bad line is reported with its number, and the others are screened."""
    from eligibility.report import print_cohort_row

    status = DONE
    done = 0
    errors = Console(stderr=True, highlight=False)
    with errors.status("") if errors.is_terminal else nullcontext() as progress:
        for line in lines:
            try:
                if line.record is None:
                    raise line.error or UsageError("no patient")
                screening = _screened(line, trials, at, absent)
            except EligibilityError as error:
                status = UNUSABLE
                _complain("\n".join(f"line {line.number}: {text}" for text in str(error).splitlines()))
                continue
            if form == "json":
                console.file.write(screening.to_json() + "\n")
            else:
                print_cohort_row(screening, f"{screening.id or 'patient'} (line {line.number})", console)
            done += 1
            if progress is not None:
                progress.update(f"{done} patients screened")
    if not done and status == DONE:
        raise UsageError("there is no patient in the input")
    return status


@contextmanager
def _patients(place: str) -> Iterator[tuple[bool, Iterator[Line]]]:
    """The patients of a file or of standard input: whether there is one a line, and the lines."""
    from eligibility.records import LARGEST_RECORD, Line, is_lines, read_lines, read_record

    try:
        stream: TextIO = _standard_input() if place == "-" else open(place, encoding="utf-8-sig")  # noqa: SIM115  # closed below
    except OSError as error:
        raise UsageError(f"{Path(place).name}: cannot be read: {error.strerror}") from None
    try:
        named = place.endswith((".jsonl", ".ndjson"))
        if not named:
            text = stream.read(LARGEST_RECORD + 1)
            if not is_lines(text):
                yield False, iter([Line(1, read_record(text))])
                return
            if place == "-":
                import io

                yield True, read_lines(_Chained(io.StringIO(text), stream))
                return
            stream.seek(0)
        yield True, read_lines(stream)
    except UnicodeDecodeError:
        raise UsageError(f"{Path(place).name}: not UTF-8 text") from None
    finally:
        if place != "-":
            stream.close()


def _standard_input() -> TextIO:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("there is no standard input")
    return sys.stdin


class _Chained:
    """What was read ahead of a stream, and then the stream."""

    def __init__(self, ahead: TextIO, stream: TextIO) -> None:
        self._ahead, self._stream = ahead, stream

    def readline(self, limit: int = -1, /) -> str:
        """The next line, at most `limit` characters of it."""
        first = self._ahead.readline(limit)
        return first if first.endswith("\n") else first + self._stream.readline(limit)


@contextmanager
def _destination(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears only when it is complete."""
    if path is None:
        yield sys.stdout
        return
    if not path.parent.is_dir():
        raise UsageError(f"{path.name}: its folder does not exist")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            yield stream
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


# --- trials and rules ------------------------------------------------------------------------------------------------


@app.command
def trials(*, rules: _Rules = None, vocabulary: _Words = None) -> int:
    """List the trials.

    Parameters
    ----------
    rules
        A rule file, or a folder of them, instead of the bundled trials.
    vocabulary
        A TOML file, or a folder of them, that extends the bundled vocabulary.
    """
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for trial in _chosen((), rules, vocabulary):
        count = {
            section: sum(criterion.section == section for criterion in trial) for section in ("include", "exclude")
        }
        grid.add_row(trial.id, Text(trial.title), f"{count['include']} inclusion, {count['exclude']} exclusion")
    _out().print(grid)
    return DONE


@app.command
def show(trial: str, /, *, rules: _Rules = None, vocabulary: _Words = None) -> int:
    """Show the criteria of a trial, with the notes on how doubtful texts were read.

    Parameters
    ----------
    trial
        The ID of the trial.
    rules
        A rule file, or a folder of them, instead of the bundled trials.
    vocabulary
        A TOML file, or a folder of them, that extends the bundled vocabulary.
    """
    from rich.padding import Padding

    (found,) = _chosen((trial,), rules, vocabulary)
    console = _out()
    console.print(Text(f"{found.id}  {found.title}", style="bold"))
    if found.registry:
        console.print(Text(f"registry: {found.registry}", style="dim"))
    if found.values:
        console.print(Text(f"values count for {found.values.text}", style="dim"))
    for criterion in found:
        console.print()
        console.print(Text(f"{criterion.address}  ").append(criterion.label, style="bold"))
        console.print(Padding(Text(criterion.words), (0, 0, 0, 4)))
        if criterion.note:
            console.print(Padding(Text(f"Note: {criterion.note}", style="italic dim"), (0, 0, 0, 4)))
    return DONE


@app.command
def check(*files: Path, vocabulary: _Words = None) -> int:
    """Check rule files: names, units, kinds and ranges. Exit status 1 if there is anything to say.

    Parameters
    ----------
    files
        Rule files, or folders of them. The bundled trials if left out.
    vocabulary
        A TOML file, or a folder of them, that extends the bundled vocabulary.
    """
    from eligibility.files import bundled
    from eligibility.library import diagnose, read_rule_text, rule_files

    words = _vocabulary(vocabulary)
    paths = [path for item in (files or (bundled("rules", "trials"),)) for path in rule_files(item)]
    errors = warnings = criteria = good = 0
    console = Console(highlight=False, soft_wrap=True)
    for path in paths:
        trial, diagnostics = diagnose(read_rule_text(path), vocabulary=words, name=path.name)
        criteria += len(trial.criteria) if trial else 0
        good += trial is not None
        for diagnostic in diagnostics:
            console.print(Text(f"{diagnostic}\n", style="red" if diagnostic.severity == "error" else "yellow"))
            errors += diagnostic.severity == "error"
            warnings += diagnostic.severity == "warning"
    said = [_counted(errors, "error"), _counted(warnings, "warning")]
    console.print(
        Text(f"{good} of {_counted(len(paths), 'file')} can be used, with {criteria} criteria; {', '.join(said)}")
    )
    return FINDINGS if errors or warnings else DONE


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


@app.command(name="format")
def format_(
    *files: Path,
    check: Annotated[bool, _Switch] = False,
    write: Annotated[bool, Parameter(name=["--write", "-w"], negative=())] = False,
    vocabulary: _Words = None,
) -> int:
    """Print rule files in canonical form; comments are kept.

    Parameters
    ----------
    files
        Rule files, folders of them, or - for standard input.
    check
        Print only the names of files that are not in canonical form; exit status 1 if there are any.
    write
        Rewrite the files instead of printing them.
    vocabulary
        A TOML file, or a folder of them, that extends the bundled vocabulary.
    """
    from eligibility.errors import RuleError
    from eligibility.library import read_rule_text, rule_files
    from eligibility.parser import parse_trial
    from eligibility.printer import print_trial
    from eligibility.vocabulary import bundled_vocabulary

    if not files:
        raise UsageError("name the files to format, or - for standard input")
    words = _vocabulary(vocabulary) or bundled_vocabulary()
    status = DONE
    for item in files:
        for path in [item] if str(item) == "-" else rule_files(item):
            text = _standard_input().read() if str(path) == "-" else read_rule_text(path)
            tree, diagnostics = parse_trial(text, words, "<stdin>" if str(path) == "-" else path.name)
            if tree is None or diagnostics:
                _complain(RuleError(diagnostics))
                status = UNUSABLE
                continue
            formatted = print_trial(tree)
            if check:
                if formatted != text:
                    print(path)
                    status = max(status, FINDINGS)
            elif write and str(path) != "-":
                if formatted != text:
                    with _destination(path) as stream:
                        stream.write(formatted)
            else:
                sys.stdout.write(formatted)
    return status


@app.command(name="test")
def run_examples(
    *files: Path,
    coverage: Annotated[bool, _Switch] = False,
    fail_under: float | None = None,
    record: Annotated[bool, _Switch] = False,
    at: str = "2024-03-04T08:00:00+00:00",
    vocabulary: _Words = None,
) -> int:
    """Run the examples that stand beside rule files. Exit status 1 if one does not hold.

    Parameters
    ----------
    files
        Rule files, or folders of them. The bundled trials if left out.
    coverage
        Show what the examples have shown of each criterion, and which patients are missing.
    fail_under
        Exit status 1 if less than this percentage is covered.
    record
        Write examples of what the rules say today, for files that have none.
    at
        The instant at which recorded examples are judged.
    vocabulary
        A TOML file, or a folder of them, that extends the bundled vocabulary.
    """
    from eligibility.examples import examples_path, read_examples, run_example
    from eligibility.files import bundled
    from eligibility.library import compile_trial, read_rule_text, rule_files

    words = _vocabulary(vocabulary)
    console = Console(highlight=False, soft_wrap=True)
    status, shares = DONE, []
    for path in [path for item in (files or (bundled("rules", "trials"),)) for path in rule_files(item)]:
        trial = compile_trial(read_rule_text(path), vocabulary=words, name=path.name)
        beside = examples_path(path)
        if record:
            _record(trial, beside, at, console)
        if not beside.exists():
            console.print(Text(f"{trial.id}: no examples ({beside.name})", style="yellow"))
            status = FINDINGS
            continue
        ran = [run_example(trial, example) for example in read_examples(beside)]
        for item in ran:
            if item.differences:
                status = FINDINGS
                console.print(Text(f"{beside.name}:{item.example.line}: {item.example.title}", style="bold red"))
                console.print(Text("\n".join(f"  {difference}" for difference in item.differences)))
        failed = sum(bool(item.differences) for item in ran)
        console.print(
            Text(f"{trial.id}: {_counted(len(ran), 'example')}, {failed} failed", style="red" if failed else "green")
        )
        shares.append(_cover(trial, [item.facts for item in ran if item.facts is not None], coverage, console))
    low = [share for share in shares if fail_under is not None and 100 * share < fail_under]
    if low:
        console.print(Text(f"coverage is below {fail_under:g} %", style="red"))
        return FINDINGS
    return status


def _cover(trial: Trial, facts: list[Facts], shown: bool, console: Console) -> float:
    from rich.table import Table

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
        console.print(grid)
        console.print(Text(f"  covered: {100 * total:.1f} %"))
    return total


def _record(trial: Trial, beside: Path, at: str, console: Console) -> None:
    from eligibility.covering import cover
    from eligibility.examples import record as written
    from eligibility.facts import read_instant
    from eligibility.instants import local

    if beside.exists():
        raise UsageError(f"{beside.name}: it is there already; remove it to record anew")
    found = read_instant(at)
    assert found is not None
    patients, lost = cover(trial, local(*found))
    with _destination(beside) as stream:
        stream.write(
            written(
                trial, [(f"{trial.id}, patient {index + 1}", patient, at) for index, patient in enumerate(patients)]
            )
        )
    console.print(
        Text(f"{trial.id}: {len(patients)} examples recorded in {beside.name}; review them before you trust them")
    )
    for goal in lost:
        console.print(Text(f"  not found: {goal}", style="yellow"))


# --- vocabulary and schemas ------------------------------------------------------------------------------------------


@app.command
def vocabulary(word: str | None = None, /, *, vocabulary: _Words = None) -> int:
    """List the names that rules and patients may use, or show one of them.

    Parameters
    ----------
    word
        A name, a synonym, or a part of one.
    vocabulary
        A TOML file, or a folder of them, that extends the bundled vocabulary.
    """
    from eligibility.vocabulary import bundled_vocabulary, key_of

    words = _vocabulary(vocabulary) or bundled_vocabulary()
    console = _out()
    found = words.find(word) if word else None
    if found is not None:
        _show_concept(found, words, console)
        return DONE
    asked = key_of(word or "")
    listed = [
        concept for concept in words if not asked or any(asked in key_of(name) for name in (concept.name, *concept.synonyms))
    ]  # fmt: skip
    if not listed:
        from eligibility.errors import did_you_mean, excerpt

        hint = did_you_mean(words.nearest(word or ""))
        raise UsageError(f"no name like `{excerpt(word or '')}`{f'; {hint}' if hint else ''}")
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold")
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for concept in sorted(listed, key=lambda concept: concept.name.casefold()):
        detail = concept.unit if concept.kind == "quantity" and concept.unit != "1" else ", ".join(concept.values)
        grid.add_row(Text(concept.name), Text(concept.kind, style="dim"), Text(detail))
    console.print(grid)
    return DONE


def _show_concept(concept: Concept, words: Vocabulary, console: Console) -> None:
    from rich.table import Table

    console.print(Text(concept.name, style="bold"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in describe(concept, words):
        grid.add_row(name, Text(value))
    console.print(grid)


def describe(concept: Concept, words: Vocabulary) -> Iterator[tuple[str, str]]:
    """What is declared of a concept, as names and texts."""
    from eligibility.wording import region

    def limits(x: object) -> str:
        from eligibility.intervals import INFINITY, Interval

        assert isinstance(x, Interval)
        return (
            "any"
            if x.low == -INFINITY and x.high == INFINITY
            else "0 and above"
            if x.high == INFINITY and x.low == 0
            else region(x, concept.unit)
        )

    yield "kind", concept.kind
    yield "about", concept.about
    if concept.synonyms:
        yield "also", ", ".join(concept.synonyms)
    if concept.kind == "quantity":
        yield "unit", "none" if concept.unit == "1" else concept.unit
        bare = {None: "refused", "1": "as it is"}.get(concept.bare, f"read as {concept.bare}")
        yield "bare number", bare
        yield "possible", limits(concept.possible)
        if concept.plausible:
            yield "plausible", limits(concept.plausible)
    if concept.values:
        yield "values", ", ".join(concept.values)
    if concept.kind in ("quantity", "class"):
        yield "current for", concept.current_for.text if concept.current_for else "no limit"
    if concept.formula:
        yield "formula", " ".join(concept.formula.split())
        yield "formula from", concept.formula_source or ""
    if concept.includes:
        yield "includes", ", ".join(words.parts(concept.name))
    if wholes := words.wholes(concept.name):
        yield "is a", ", ".join(wholes)
    if concept.acute_for:
        yield "acute for", concept.acute_for.text
    if concept.has_limited_applicability:
        yield "applies to", f"{concept.applies_to_sex or 'everyone'}, from {concept.applies_from_months // 12} years"
    if concept.is_occurrence:
        yield "problem list", "would name it" if concept.on_problem_list else "would not name it"
    for system, codes in concept.codes.items():
        yield {"loinc": "LOINC", "snomed": "SNOMED CT", "icd10": "ICD-10"}.get(system, system), ", ".join(codes)
    yield "source", concept.source


@app.command
def schema(which: Literal["patient", "result"], /) -> int:
    """Print the JSON Schema of patients or of results.

    Parameters
    ----------
    which
        The schema of what goes in, or of what comes out.
    """
    import json

    from eligibility.schemas import patient_schema, result_schema

    content = patient_schema() if which == "patient" else result_schema()
    print(json.dumps(content, indent=2, ensure_ascii=False))
    return DONE


# --- running ---------------------------------------------------------------------------------------------------------


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; nothing that a user can do wrong ends in a traceback."""
    try:
        status = app(
            arguments, exit_on_error=False, print_error=True, error_console=Console(stderr=True, highlight=False)
        )
    except CycloptsError:
        return UNUSABLE
    except PatientError as error:
        _complain("The patient record cannot be used:")
        _complain("\n".join(f"  {problem}" for problem in error.problems))
        return UNUSABLE
    except EligibilityError as error:
        _complain(error)
        return UNUSABLE
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        _complain("stopped")
        return 130
    return status if isinstance(status, int) else DONE


def main() -> NoReturn:
    """The console script."""
    sys.exit(run())
