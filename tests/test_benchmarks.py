"""The benchmarks: every contestant gives the right answers, and the code by hand is what it is said to be. Nothing is timed."""

import json

import pytest

import hand_written
import hand_written_reasons
import many_trials
import run
import startup
from contest import Contest, Contestant, Settings, differing, hold
from eligibility import Screener, screen
from five_trials import by_hand_places, in_the_order_of, records_to_check, reference
from patients import STAMP, patients, with_unit_strings
from raw_records import outcomes, outcomes_by_reference

QUICK = Settings(quick=True, rounds=1)


@pytest.fixture(scope="module")
def screener():
    return Screener()


def known_by_hand(screener, record):
    return in_the_order_of(by_hand_places(screener), screener.prepare(record, at=STAMP).contents)


def test_the_code_by_hand_gives_the_verdicts_of_the_reference(screener):
    verdicts = set()
    for record in records_to_check(90):
        expected = reference(record)
        verdicts.update(expected.values())
        assert hand_written.verdicts(known_by_hand(screener, record)) == expected, record
    assert verdicts == {"eligible", "ineligible", "review", "undetermined"}


def test_the_reasons_by_hand_have_the_outcomes_of_the_reference(screener):
    for record in records_to_check(30):
        told = hand_written_reasons.judged(known_by_hand(screener, record))
        assert {trial: outcomes(found) for trial, found in told.items()} == outcomes_by_reference(record)
        assert [len(said) for said in hand_written_reasons.sentences(told).values()] == [13, 18, 29, 15, 14]


def test_records_are_read_by_hand_as_by_the_screener(screener):
    nothing = known_by_hand(screener, {})
    for record in with_unit_strings(12, 3, 45, flags=False):
        assert sum(" " in value or value.replace(".", "").isdecimal() for value in record.values()) == 45
        read, prepared = hand_written_reasons.read(record, nothing), known_by_hand(screener, record)
        for name, one, other in zip(hand_written.FACTS, read, prepared, strict=True):
            assert one == pytest.approx(other, rel=1e-12), name


@pytest.mark.parametrize("peer", ["datalogic_py", "zen", "cel", "rule_engine"])
def test_peers_give_the_verdicts_of_the_reference(screener, peer):
    pytest.importorskip(peer, reason="peers are in the dependency group `bench`")
    import peers

    judges = [found for found in peers.PEERS if not found.is_slow and found.module == peer]
    assert judges
    for found in judges:
        judge, encode = found.compiled(screener.trials, screener)
        for record in records_to_check(30):
            contents = screener.prepare(record, at=STAMP).contents
            assert peers.named(judge(encode(contents))) == reference(record), (found.name, record)


@pytest.mark.parametrize("distinct", [False, True])
def test_random_trials_by_hand_and_in_the_index_are_those_of_the_reference(distinct):
    made = many_trials.make(60, 2, distinct=distinct)
    assert all(4 <= len(trial.criteria) <= 20 for trial in made.trials)
    screener = Screener(made.trials)
    functions = many_trials.by_hand(made, screener)
    names = ("ineligible", "eligible", "review", "undetermined")
    found = set()
    for record in many_trials.patients(many_trials.Registry(2, distinct), 6, 2):
        facts = screener.prepare(record, at=STAMP)
        expected = {trial.id: trial.verdict for trial in screen(record, made.trials, at=STAMP)}
        found.update(expected.values())
        assert dict(screener.verdicts(facts)) == expected
        assert [names[function(facts.contents)] for function in functions] == list(expected.values())
    assert len(found) >= 3


def test_a_fifth_of_the_facts_is_missing():
    full, some = patients(60, 1, missing=0), patients(60, 1)
    assert 0.74 < sum(map(len, some)) / sum(map(len, full)) < 0.86


def test_who_is_wrong_is_not_timed_and_is_told():
    contest = Contest(
        "adding", [Contestant("right", lambda: 2), Contestant("wrong", lambda: 3, lambda: differing([3], [2]), 1.1)], "right",
        left_out={"absent": "not installed (absent)"},
    )  # fmt: skip
    result = hold(contest, QUICK)
    assert [bool(row.seconds) for row in result.rows] == [True, False]
    said = run.table(result)
    assert "WRONG: 1 of 1 answers differ; the first, 0: 3, not 2" in said
    assert "absent: left out, not installed (absent)" in said
    assert json.loads(json.dumps(run.as_json(result)))["rows"][1]["wrong"]


def test_every_module_with_contests_is_found():
    assert run.modules()[:4] == ["five_trials", "raw_records", "very_many_trials", "startup"]


def test_the_calls_that_are_timed_say_what_they_must():
    for contest in startup.contests(QUICK):
        assert contest.contestants[0].name == contest.baseline
        assert [contestant.wrong() for contestant in contest.contestants] == [""] * 4


def test_curves_are_drawn_from_what_is_written(tmp_path):
    pytest.importorskip("matplotlib", reason="it is in the dependency group `bench`")
    held = [
        Contest(f"{size} patients", [Contestant("by hand", lambda: sum(range(9))), Contestant("wrong", lambda: 3, lambda: "wrong")], "by hand", units=size, family="a cohort", axis="patients", size=size)
        for size in (10, 100)
    ]  # fmt: skip
    told = json.loads(json.dumps([run.as_json(hold(contest, QUICK)) for contest in held]))
    assert not run.draw(told[:1], tmp_path / "one.png")  # a point is no curve
    assert run.draw(told, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
