"""The engine's properties on random rules and patients, at a fixed seed; `make soak` runs them at length."""

import pytest

from eligibility.writing import CONSTRUCTS
from properties import run


@pytest.mark.parametrize("seed", [11, 12])
def test_nothing_differs_and_every_construct_was_written(seed):
    wrong, done, used = run(2_500, seed)
    assert wrong == []
    assert done >= 2_500
    assert sorted(set(CONSTRUCTS) - set(used)) == []
