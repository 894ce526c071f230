"""A key of contents goes in; what was kept under it comes out, or None. A cache on disk that is never needed.

One entry is one file of the user's own cache folder: a line with its key and the digest of the rest, and JSON. It is
written beside its place and renamed, so that readers and other writers never see a half of it. A file that is damaged,
foreign, or that others could have written is not read. The environment variable ELIGIBILITY_CACHE names another folder,
or says `off`. Whatever goes wrong with the disk, the work is done without the cache.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

try:
    from _blake2 import (
        blake2b,  # without the libraries that hashlib loads beside it, which take longer than our digests
    )
except ImportError:  # it is no public name
    from hashlib import blake2b

VERSION = 1  # of the form of entries; another one makes other keys
MOST_ENTRIES = 40
LARGEST_ENTRY = 50_000_000  # bytes
VARIABLE = "ELIGIBILITY_CACHE"


def folder() -> Path | None:
    """Where entries are kept; None where the cache is switched off, or there is no place for it."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen.strip().casefold() in ("off", "no", "0"):
        return None
    if chosen:
        return Path(chosen)
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        base = base if os.path.isabs(base) else os.path.join(home, ".cache")
    return Path(base, "eligibility") if os.path.isabs(base) else None


def key_for(*parts: bytes) -> str:
    """The key of some contents, for this program on this Python."""
    found = blake2b(digest_size=20)
    for part in (_program(), *parts):
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()


@lru_cache(maxsize=1)
def _program() -> bytes:
    """What the same contents are compiled by: version, Python, and the state of the sources, which may be under work."""
    from eligibility.version import __version__

    stamps = []
    with suppress(OSError), os.scandir(Path(__file__).parent) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                state = entry.stat()
                stamps.append(f"{entry.name} {state.st_size} {state.st_mtime_ns}")
    python = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
    return "\n".join([f"{VERSION} {__version__} {python}", *sorted(stamps)]).encode()


def fetch(kind: str, key: str) -> object | None:
    """The JSON value that was kept, or None; never an exception."""
    place = folder()
    if place is None:
        return None
    import json

    try:
        with open(place / f"{kind}-{key}.json", "rb") as stream:
            state = os.fstat(stream.fileno())
            if state.st_size > LARGEST_ENTRY or _others_may_write(state):
                return None
            head, _, body = stream.read(LARGEST_ENTRY + 1).partition(b"\n")
        if head != _head(key, body):
            return None
        value: object = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return None
    return value


def keep(kind: str, key: str, value: object) -> None:
    """Keep a JSON value; where that cannot be done, nothing happens."""
    place = folder()
    if place is None:
        return
    import json

    body = json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > LARGEST_ENTRY:
        return
    beside = place / f".{kind}-{key}-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(_head(key, body) + b"\n" + body)
        os.replace(beside, place / f"{kind}-{key}.json")
        _tidy(place)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)


def _head(key: str, body: bytes) -> bytes:
    return f"eligibility cache {VERSION} {key} {blake2b(body, digest_size=20).hexdigest()}".encode()


def _others_may_write(state: os.stat_result) -> bool:
    """Could somebody else have written this file? Rules decide on patients: they are taken from nobody else."""
    if not hasattr(os, "geteuid"):
        return False
    return state.st_uid != os.geteuid() or bool(state.st_mode & 0o022)


def _tidy(place: Path) -> None:
    """Only the newest entries stay; what a writer left behind when it was stopped goes with the oldest."""
    found = sorted(
        (path for path in place.iterdir() if path.name.lstrip(".").startswith(("vocabulary-", "trials-"))),
        key=lambda path: path.stat().st_mtime_ns, reverse=True,
    )  # fmt: skip
    for path in found[MOST_ENTRIES:]:
        with suppress(OSError):
            path.unlink()
