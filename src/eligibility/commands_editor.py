"""The arguments of `check`, `explain`, `show` and `lsp` go in; what they print and an exit status come out.

Each command is a pair: `add_..._arguments` describes it to argparse, `run_...` does it. Errors leave as EligibilityError.
Exit status: 0 done, 1 findings, 2 unusable input.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from eligibility.errors import UsageError

if TYPE_CHECKING:
    from eligibility.library import Trial
    from eligibility.vocabulary import Vocabulary

DONE, FINDINGS, UNUSABLE = 0, 1, 2


def _add_vocabulary(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--vocabulary",
        type=Path,
        metavar="PATH",
        help="a TOML file, or a folder of them, that extends the bundled vocabulary",
    )


def _vocabulary(path: Path | None) -> Vocabulary:
    from eligibility.vocabulary import Vocabulary, bundled_vocabulary

    return Vocabulary.load(path) if path is not None else bundled_vocabulary()


def _width() -> int:
    return min(shutil.get_terminal_size((80, 24)).columns, 100)


# --- check -----------------------------------------------------------------------------------------------------------


def add_check_arguments(parser: ArgumentParser) -> None:
    """Check rule files: names, units, kinds and ranges. Exit status 1 if there is anything to say."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="rule files, folders of them, or - for standard input")
    parser.add_argument(
        "--format", "-f", choices=("text", "json", "sarif", "github"), default="text", dest="form",
        help="text for people, JSON, SARIF 2.1.0 for code hosts, or workflow commands of GitHub",
    )  # fmt: skip
    _add_vocabulary(parser)


def run_check(arguments: Namespace) -> int:
    """Print every diagnostic of every file; a file that cannot be read is told, and the others are checked."""
    from eligibility import __version__, diagnostic_formats
    from eligibility.errors import Diagnostic
    from eligibility.files import bundled
    from eligibility.fixes import Fix, fixes
    from eligibility.library import check_text, rule_files

    words = _vocabulary(arguments.vocabulary)
    given = arguments.files or [bundled("rules", "trials")]
    diagnostics: list[Diagnostic] = []
    mended: list[tuple[Fix, ...]] = []
    unreadable: list[tuple[str, str]] = []
    files = usable = criteria = 0
    for item in given:
        for path in [Path(item)] if str(item) == "-" else rule_files(Path(item)):
            files += 1
            name = _shown(path, bundled_ones=not arguments.files)
            try:
                text = _text(path)
            except UsageError as error:
                unreadable.append((name, str(error)))
                continue
            checked = check_text(text, vocabulary=words, name=name)
            usable += checked.trial is not None
            criteria += len(checked.trial.criteria) if checked.trial else 0
            diagnostics += checked.diagnostics
            mended += [fixes(diagnostic, words, checked.tree) for diagnostic in checked.diagnostics]
    findings = diagnostic_formats.Findings(
        diagnostics, mended, unreadable, files, usable, criteria, version=__version__
    )
    colour = arguments.form == "text" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sys.stdout.write(diagnostic_formats.write(findings, arguments.form, colour=colour))
    return UNUSABLE if unreadable else FINDINGS if diagnostics else DONE


def _shown(path: Path, *, bundled_ones: bool) -> str:
    """The name of a file in diagnostics: as it was given, so that tools find it; bundled files by their names alone."""
    if str(path) == "-":
        return "<stdin>"
    return path.name if bundled_ones else path.as_posix()


def _text(path: Path) -> str:
    from eligibility.library import LARGEST_FILE, read_rule_text

    if str(path) != "-":
        return read_rule_text(path)
    try:
        return sys.stdin.read(LARGEST_FILE + 1)
    except UnicodeDecodeError:
        raise UsageError("<stdin>: not UTF-8 text") from None


# --- explain ---------------------------------------------------------------------------------------------------------


def add_explain_arguments(parser: ArgumentParser) -> None:
    """Explain the code of a diagnostic: what it means, a wrong and a right example, how to mend it. All codes without one."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="a code such as E444")


def run_explain(arguments: Namespace) -> int:
    """Print what a code means, or the list of codes."""
    from eligibility.codes import all_codes, code_of, explanation

    if arguments.code is not None:
        sys.stdout.write(explanation(code_of(arguments.code)))
        return DONE
    for code in all_codes().values():
        print(f"{code.code}  {code.title}")
    return DONE


# --- show ------------------------------------------------------------------------------------------------------------


def add_show_arguments(parser: ArgumentParser) -> None:
    """Tell a trial in plain words; with --values, every fact that it reads: the data request for a hospital."""
    parser.add_argument("trial", metavar="TRIAL", help="the ID of a trial, or a rule file")
    parser.add_argument(
        "--values", action="store_true", help="list every fact that the trial reads, with its unit and time"
    )
    parser.add_argument("--formulas", action="store_true", help="print the rule below each sentence")
    parser.add_argument(
        "--format",
        "-f",
        choices=("table", "json", "csv"),
        default="table",
        dest="form",
        help="text for people, JSON or CSV",
    )
    parser.add_argument(
        "--rules", type=Path, metavar="PATH", help="a rule file, or a folder of them, instead of the bundled ones"
    )
    _add_vocabulary(parser)


def run_show(arguments: Namespace) -> int:
    """Print a trial in words, or its data request."""
    from eligibility import data_request, plain_words

    trial = _trial(arguments)
    if arguments.values:
        request = data_request.data_request(trial)
        match arguments.form:
            case "json":
                sys.stdout.write(data_request.as_json(trial, request))
            case "csv":
                sys.stdout.write(data_request.as_csv(request))
            case _:
                print(f"What {trial.id} reads: {trial.title}\n")
                sys.stdout.write(data_request.as_table(request, _width()))
        return DONE
    if arguments.form == "csv":
        raise UsageError("CSV is for the data request: add --values")
    if arguments.form == "json":
        told = [
            {"address": criterion.address, "label": criterion.label, "words": list(words.lines()), "rule": criterion.words,
             "note": criterion.note}
            for criterion, words in plain_words.words_of(trial)
        ]  # fmt: skip
        content = {"schema": "eligibility-words-1", "trial": trial.id, "title": trial.title, "criteria": told}
        print(json.dumps(content, indent=2))
        return DONE
    sys.stdout.write(plain_words.story(trial, _width(), formulas=arguments.formulas))
    return DONE


def _trial(arguments: Namespace) -> Trial:
    """The trial of an ID, or of a rule file."""
    from eligibility.library import SUFFIX, bundled_trials, compile_trial, find, load_trials, read_rule_text

    if arguments.trial.endswith(SUFFIX):
        path = Path(arguments.trial)
        return compile_trial(read_rule_text(path), vocabulary=_vocabulary(arguments.vocabulary), name=path.name)
    if arguments.rules is None and arguments.vocabulary is None:
        return find(arguments.trial, bundled_trials())
    return find(arguments.trial, load_trials(arguments.rules, vocabulary=_vocabulary(arguments.vocabulary)))


# --- lsp -------------------------------------------------------------------------------------------------------------


def add_lsp_arguments(parser: ArgumentParser) -> None:
    """Serve editors over standard input and output, by the Language Server Protocol."""
    _add_vocabulary(parser)


def run_lsp(arguments: Namespace) -> int:
    """Serve until the editor says goodbye."""
    try:
        from eligibility.language_server.server import serve
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in ("pygls", "lsprotocol"):
            raise UsageError("the language server needs pygls: install `eligibility[lsp]`") from None
        raise
    serve(arguments.vocabulary)
    return DONE
