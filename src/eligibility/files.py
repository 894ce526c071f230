"""The name of a bundled file goes in; where it lies comes out, in a wheel as in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(*parts: str) -> Path:
    """The path of `grammars/...` or `rules/...`: inside an installed package, else at the top of the checkout."""
    installed = _PACKAGE / "_data" / Path(*parts)
    return installed if installed.exists() else _PACKAGE.parent.parent / Path(*parts)
