"""A screening goes in; one page of HTML comes out, to read or print: verdicts first, then what failed, what is open, what
to ask next, and every criterion with its reason and evidence. The page needs nothing else and runs nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from eligibility.results import Screening

if TYPE_CHECKING:
    from jinja2 import Template

_FOLDER = Path(__file__).resolve().parent / "templates"


def html_of(screening: Screening) -> str:
    """The page of a screening. Every text of the patient, the trials and the rules is escaped."""
    return _template().render(screening=screening)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template("screening.html")
