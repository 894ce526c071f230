"""The names of files go in; what is read and written comes out: patients one at a time, rule texts, standard input, and a file
that appears whole."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from eligibility.errors import UsageError, excerpt

if TYPE_CHECKING:
    from eligibility.records import Line

_KEEP = "surrogateescape"  # bytes that are no UTF-8 spoil their own line, not those before and after


@contextmanager
def patients(place: str) -> Iterator[tuple[bool, Iterator[Line]]]:
    """The patients of a file, or of standard input for `-`: whether there is one a line, and the lines.

    Raises UsageError where the file cannot be read, or is not UTF-8 text.
    """
    from eligibility.records import LARGEST_RECORD, Line, is_lines, is_utf8, read_lines, read_record

    name = excerpt(Path(place).name or place, 80)
    try:
        stream: TextIO = standard_input(_KEEP) if place == "-" else open(place, encoding="utf-8-sig", errors=_KEEP)  # noqa: SIM115  # closed below
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or 'no such file'}") from None
    try:
        named = place.endswith((".jsonl", ".ndjson"))
        if not named:
            text = stream.read(LARGEST_RECORD + 1)
            if not is_lines(text):
                if not is_utf8(text):
                    raise UsageError(f"{name}: not UTF-8 text")
                yield False, iter([Line(1, read_record(text))])
                return
            if place == "-":
                import io

                yield True, read_lines(_Chained(io.StringIO(text), stream))
                return
            stream.seek(0)
        yield True, read_lines(stream)
    finally:
        if place != "-":
            stream.close()


def rule_sources(items: Iterable[Path]) -> Iterator[Path]:
    """The rule files that files and folders stand for; `-`, which is standard input, stands for itself."""
    from eligibility.library import rule_files

    for item in items:
        yield from [item] if str(item) == "-" else rule_files(item)


def rule_text(path: Path) -> str:
    """The text of a rule file, or of standard input for `-`. Raises UsageError where it cannot be read."""
    from eligibility.library import LARGEST_FILE, read_rule_text

    if str(path) != "-":
        return read_rule_text(path)
    try:
        return standard_input().read(LARGEST_FILE + 1)  # one more than is allowed: the reader of text refuses it
    except UnicodeDecodeError:
        raise UsageError("<stdin>: not UTF-8 text") from None


def standard_input(errors: str = "strict") -> TextIO:
    """Standard input as UTF-8 text; `errors` as `open` takes it. Raises UsageError where there is none."""
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("there is no standard input")
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:  # JSON and rule files are UTF-8, whatever the terminal speaks
        reconfigure(encoding="utf-8-sig", errors=errors)
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
def destination(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears only when it is complete; until then what stood there stays.

    Raises UsageError where it cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    try:
        state = path.stat() if path.exists() else None
        if state is not None and not stat.S_ISREG(state.st_mode) and not stat.S_ISDIR(state.st_mode):
            with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:  # a device or a pipe
                yield stream
            return
        real = path.resolve()
        if real.is_dir():
            raise UsageError(f"{path.name or path}: is a folder; name a file")
        if not real.parent.is_dir():
            raise UsageError(f"{path.name}: its folder does not exist")
        beside = real.with_name(f".{real.name[:100]}.{os.getpid()}-{os.urandom(4).hex()}")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
                yield stream
            if state is not None:
                beside.chmod(stat.S_IMODE(state.st_mode))
            beside.replace(real)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be written: {error.strerror or type(error).__name__}") from None
