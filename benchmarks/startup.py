"""Calls that do next to nothing go in: bare Python, the import, the help, a screen of one patient; each is a process that is timed.

"first" is a screen without a cache, "next" one with it. Bytecode is there before anything is timed, as an installed package
has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contest import Contest, Contestant, Settings

ROOT = Path(__file__).resolve().parent.parent
PATIENT = str(ROOT / "docs" / "examples" / "ards.json")
SCREEN = ("-m", "eligibility", "screen", PATIENT)
BARE = "bare Python"


@dataclass(frozen=True)
class Call:
    """A call of Python, what it must print, and the most that it may take, in times of bare Python."""

    name: str
    arguments: Sequence[str]
    is_right: Callable[[str], bool]
    goal: float | None = None
    is_first: bool = False

    def made(self, cache: str) -> str:
        """Call it; what it prints comes out."""
        environment = {**os.environ, "ELIGIBILITY_CACHE": "off" if self.is_first else cache, "COLUMNS": "80"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, *self.arguments], capture_output=True, text=True, encoding="utf-8", env=environment, check=True
        )  # fmt: skip
        return done.stdout

    def wrong(self, cache: str) -> str:
        """What is wrong with its answer; it also fills the cache."""
        return "" if self.is_right(self.made(cache)) else "it printed something else"


# the goals are 25 ms over bare Python, 60 and 150 ms in all, where bare Python takes 10
CALLS = (
    Call(BARE, ("-c", ""), lambda said: said == ""),
    Call("import pydantic", ("-c", "import pydantic"), lambda said: said == ""),
    Call("import rich.console", ("-c", "import rich.console"), lambda said: said == ""),
    Call("import eligibility", ("-c", "import eligibility"), lambda said: said == "", 3.5),
    Call("eligibility --help", ("-m", "eligibility", "--help"), lambda said: "vocabulary" in said, 6),
    Call("eligibility screen --help", ("-m", "eligibility", "screen", "--help"), lambda said: "--absent" in said),
    Call("eligibility screen, first", SCREEN, lambda said: said.count("undetermined") >= 3, is_first=True),
    Call("eligibility screen, next", SCREEN, lambda said: said.count("undetermined") >= 3, 15),
    Call("the same, as JSON", (*SCREEN, "-f", "json"), lambda said: len(json.loads(said)["trials"]) == 5),
    Call("the same, as HTML", (*SCREEN, "-f", "html"), lambda said: said.rstrip().endswith("</html>")),
)


def contests(settings: Settings) -> Iterator[Contest]:
    """Every call, with a cache of its own."""
    calls = [call for call in CALLS if not settings.quick or call.name == BARE or call.goal is not None]
    with tempfile.TemporaryDirectory() as cache:
        yield Contest(
            "start-up",
            [Contestant(one.name, lambda one=one: one.made(cache), lambda one=one: one.wrong(cache), one.goal) for one in calls],  # type: ignore[misc]  # each lambda keeps its own call
            BARE, unit="call", clock="wall",
            note="The goals are 25 ms over bare Python, 60 ms and 150 ms where bare Python takes 10 ms. Each call is a process.",
        )  # fmt: skip
