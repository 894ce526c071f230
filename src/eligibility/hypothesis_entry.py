"""Called by Hypothesis when it is imported; what comes out is a strategy for `Patient`, registered without importing anything.

Hypothesis calls this in every process that imports it, whether eligibility is used there or not. So nothing of the library is
imported here: the strategy is registered at once where `Patient` is known already, else when `eligibility.strategies` is.
"""

from __future__ import annotations

import sys


def register() -> None:
    """Let `st.from_type(Patient)` draw patients, where somebody has imported the type."""
    if "eligibility.patient" in sys.modules:
        import eligibility.strategies  # noqa: F401  # it registers itself
