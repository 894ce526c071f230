"""Compiled trials go in, one file comes out; the file goes in, and the same trials come out, without their compilation.

A file holds data alone: a line that says what it is, with the digest of the rest; then the formulas of the vocabulary, and a
line of JSON for each trial, with its text. It is written beside its place and renamed. Whatever is not exactly what this
version wrote is refused with a message. The digest tells damage; like a rule file, a set decides on patients, so take it
from those whose rule files you would take.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NoReturn, cast

from eligibility.errors import UsageError
from eligibility.formulas import Formula, keep_formulas, proved_formulas
from eligibility.library import Trial
from eligibility.saved_rules import rules_codec
from eligibility.source import Source
from eligibility.version import __version__
from eligibility.vocabulary import Vocabulary, said_by

FORM = 1
LARGEST_SET = 4_000_000_000  # bytes
_MAGIC = b"eligibility trials"


def write_set(path: Path, trials: Sequence[Trial], vocabulary: Vocabulary) -> None:
    """Save trials of one vocabulary. Raises UsageError where the file cannot be written."""
    beside = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        with open(beside, "xb") as stream:
            body = b"".join(_lines(trials, vocabulary))
            stream.write(
                b" ".join([_MAGIC, b"%d" % FORM, _program(), _digest(said_by(vocabulary)), _digest(body)])
                + b"\n"
                + body
            )
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be written: {error.strerror or 'the system refused'}") from None
    finally:
        with suppress(OSError):
            os.unlink(beside)


def read_set(path: Path, vocabulary: Vocabulary) -> tuple[Trial, ...]:
    """The trials that were saved. Raises UsageError for a file that cannot be read, is damaged or of something else, or was
    saved by another version or with another vocabulary."""
    try:
        if path.stat().st_size > LARGEST_SET:
            _refuse(path, "it is larger than any set of trials")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {error.strerror or 'no such file'}") from None
    head, _, body = content.partition(b"\n")
    form, _, rest = head[:400].removeprefix(_MAGIC + b" ").partition(b" ")
    said = rest.split(b" ")
    if not head.startswith(_MAGIC + b" ") or len(said) != 3:
        _refuse(path, "it is no saved set of trials")
    program, words, digest = said
    if (form, program) != (b"%d" % FORM, _program()):
        _refuse(path, "it was saved by another version of this library")
    if digest != _digest(body):
        _refuse(path, "it is damaged")
    if words != _digest(said_by(vocabulary)):
        _refuse(path, "it was saved with another vocabulary", "load it with that one")
    collects = gc.isenabled()
    gc.disable()  # what is read has no cycles, and looking for them through all of it takes longer than the reading
    try:
        return _read(body, vocabulary)
    except (ValueError, TypeError, RecursionError):  # signed well, but not by us
        _refuse(path, "it holds what no set of trials holds")
    finally:
        if collects:
            gc.enable()


def _refuse(path: Path, why: str, fix: str = "compile the rule files again and save them anew") -> NoReturn:
    raise UsageError(f"{path.name}: {why}; {fix}")


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=20).hexdigest().encode()


@lru_cache(maxsize=1)
def _program() -> bytes:
    """The version, and the contents of the sources, which may be under work: another state of them may mean other rules."""
    found = blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    return f"{__version__}-{found.hexdigest()}".encode()


def _lines(trials: Sequence[Trial], vocabulary: Vocabulary) -> Iterator[bytes]:
    codec = rules_codec(vocabulary, [trial.source for trial in trials], [Trial])
    yield _line({name: codec.encode(formula) for name, formula in proved_formulas(vocabulary).items()})
    for trial in trials:
        yield _line([trial.source.name, trial.source.text, codec.encode(trial)])


def _line(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _read(body: bytes, vocabulary: Vocabulary) -> tuple[Trial, ...]:
    formulas, *lines = [json.loads(line, parse_constant=_no_number) for line in body.splitlines()]
    if not all(type(name) is str and type(text) is str for name, text, _ in lines):
        raise ValueError
    codec = rules_codec(vocabulary, [Source(text, name) for name, text, _ in lines], [Trial])
    checked = cast("dict[str, Formula]", codec.decode("Mapping[str, Formula]", formulas))
    if checked.keys() != {concept.name for concept in vocabulary if concept.formula is not None}:
        raise ValueError
    trials = tuple([cast("Trial", codec.decode("Trial", told)) for _, _, told in lines])
    keep_formulas(vocabulary, checked)
    return trials


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)
