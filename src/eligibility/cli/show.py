"""`eligibility show`: a trial goes in; its criteria in plain words come out, or every fact that it reads."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from eligibility.cli import options
from eligibility.cli.arguments import Parser
from eligibility.cli.registry import DONE
from eligibility.errors import UsageError

if TYPE_CHECKING:
    from eligibility.library import Trial


def add_arguments(parser: Parser) -> None:
    """What `show` takes."""
    parser.explain(
        """Tell a trial in plain words, with the notes on how doubtful texts were read. With --values, list every fact that
        it reads: the data request for a hospital.""",
        examples={
            "eligibility show NCT03608592": "A bundled trial.",
            "eligibility show NCT03608592 --formulas": "With the rule below each sentence.",
            "eligibility show NCT03608592 --values --format csv": "What to ask of a hospital, for a spreadsheet.",
            "eligibility show my-trial.elig": "A trial of your own.",
        },
    )
    parser.add_argument("trial", metavar="TRIAL", help="The ID of a trial, or a rule file.")
    parser.add_argument(
        "--values", action="store_true", help="List every fact that the trial reads, with its unit and time."
    )
    parser.add_argument("--formulas", action="store_true", help="Print the rule below each sentence.")
    parser.add_argument(
        "-f", "--format", choices=["table", "json", "csv"], default="table", dest="form",
        help="Text for people, JSON, or with --values CSV.",
    )  # fmt: skip
    options.add_rules(parser)
    options.add_vocabulary(parser)


def run(arguments: Namespace) -> int:
    """Tell it in words, or list what it reads."""
    if arguments.form == "csv" and not arguments.values:
        raise UsageError("CSV is for the data request: add --values")
    trial = _trial(arguments)
    sys.stdout.write(_request(trial, arguments.form) if arguments.values else _words(trial, arguments))
    return DONE


def _request(trial: Trial, form: str) -> str:
    from eligibility import data_request

    request = data_request.data_request(trial)
    match form:
        case "json":
            return data_request.as_json(trial, request)
        case "csv":
            return data_request.as_csv(request)
        case _:
            return f"What {trial.id} reads: {trial.title}\n\n{data_request.as_table(request, _width())}"


def _words(trial: Trial, arguments: Namespace) -> str:
    from eligibility import plain_words

    if arguments.form != "json":
        return plain_words.story(trial, _width(), formulas=arguments.formulas)
    import json

    told = [
        {"address": criterion.address, "label": criterion.label, "words": list(words.lines()), "rule": criterion.words,
         "note": criterion.note}
        for criterion, words in plain_words.words_of(trial)
    ]  # fmt: skip
    content = {"schema": "eligibility-words-1", "trial": trial.id, "title": trial.title, "criteria": told}
    return json.dumps(content, indent=2) + "\n"


def _width() -> int:
    from shutil import get_terminal_size

    return min(get_terminal_size((80, 24)).columns, 100)


def _trial(arguments: Namespace) -> Trial:
    """The trial of an ID, or of a rule file."""
    from eligibility.library import SUFFIX, compile_trial, read_rule_text

    if arguments.trial.endswith(SUFFIX):
        path = Path(arguments.trial)
        return compile_trial(read_rule_text(path), vocabulary=options.vocabulary_of(arguments), name=path.name)
    (found,) = options.trials_of(arguments, [arguments.trial])
    return found
