"""The code of a diagnostic goes in; what it means, how to mend it and an example of each kind come out."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from eligibility.errors import Severity, UsageError, did_you_mean, excerpt, nearest

GROUPS = {
    "E1": ("Reading the text", "The text cannot be read as a rule file."),
    "E3": ("The trial file", "The file can be read, and does not hold together."),
    "E4": ("The meaning of a formula", "The formula can be read, and says nothing that could be computed."),
    "W2": ("Warnings", "The rule compiles; it may not mean what it seems to say. `check` exits with 1 on them too."),
}


@dataclass(frozen=True)
class Code:
    """All that is said of one code. `shape` says what `bad` and `good` are: the body of a criterion ("formula"), a whole
    rule file ("file"), a formula of a vocabulary ("vocabulary"), or words for what is too large to be shown ("told")."""

    code: str
    title: str
    means: str
    mend: str
    bad: str
    good: str
    shape: Literal["formula", "file", "vocabulary", "told"] = "formula"

    @property
    def severity(self) -> Severity:
        """Errors stand in the way of a trial, warnings do not."""
        return "warning" if self.code.startswith("W") else "error"


@cache
def all_codes() -> Mapping[str, Code]:
    """Every code, in order."""
    text = Path(__file__).with_name("error_codes.toml").read_text(encoding="utf-8")
    return {code: Code(code=code, **table) for code, table in sorted(tomllib.loads(text).items())}


def code_of(asked: str) -> Code:
    """One code, in any case of letters. Raises UsageError with the nearest."""
    codes = all_codes()
    found = codes.get(asked.strip().upper())
    if found is None:
        hint = did_you_mean(nearest(asked.strip().upper(), list(codes)))
        raise UsageError(f"no code `{excerpt(asked)}`{f'; {hint}' if hint else ''}")
    return found


def as_file(code: Code, example: str) -> str:
    """An example as a whole rule file; what is one already stays as it is."""
    if code.shape != "formula":
        return example.lstrip("\n")
    body = "".join(f"    {line}\n" for line in example.split("\n"))
    return f'trial T "Title"\n\ninclude:\n  1 "Shown":\n{body}'


def explanation(code: Code) -> str:
    """What `eligibility explain` prints of a code: plain text of about 80 columns."""

    def shown(example: str) -> str:
        return "\n".join(f"    {line}".rstrip() for line in (example.strip("\n") or "(nothing)").split("\n"))

    return (
        "\n\n".join(
            [
                f"{code.code}, {code.severity}: {code.title}",
                _wrapped(code.means),
                f"Wrong:\n\n{shown(code.bad)}",
                f"Right:\n\n{shown(code.good)}",
                _wrapped(
                    f"To mend it: {code.mend[0].lower() if code.mend[1:2].islower() else code.mend[0]}{code.mend[1:]}"
                ),
            ]
        )
        + "\n"
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 80, break_long_words=False, break_on_hyphens=False)
