"""The sentences that authors of rules and users read, word for word, against those that were read in review."""

import pytest

import messages


@pytest.mark.parametrize("kind", ["diagnostics", "needs"])
def test_every_sentence_is_the_one_that_was_reviewed(kind):
    reviewed = (messages.FOLDER / f"{kind}.txt").read_text("utf-8").split("\n\n")
    said = getattr(messages, kind)().split("\n\n")
    assert said == reviewed, "if it was meant, write it anew: python tests/messages.py"
