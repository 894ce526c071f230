"""Facts prepared once go in; five verdicts for one patient are timed: the screener, code by hand, and other rule engines."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hand_written
import peers
from contest import Contest, Contestant, Settings, differing, over
from eligibility import EligibilityError, Screener, compile_trial, load_trials, rules, screen
from eligibility.building import consistent, merged, solved
from eligibility.screener import PreparedFacts
from eligibility.slots import Content, TruthSlot, slot_of
from eligibility.states import states_for
from eligibility.vocabulary import bundled_vocabulary
from patients import AT, STAMP, Record, at_thresholds, patients

GOAL = 1.25
Verdicts = dict[str, str]


def contests(settings: Settings) -> Iterator[Contest]:
    """Patients as they come, and a record that says nothing, for which every criterion is looked at."""
    screener = Screener()
    checked = records_to_check(40 if settings.quick else 1_000)
    timed = patients(40 if settings.quick else 1_000, 1, readable=readable)
    yield _contest("five verdicts, facts prepared", screener, timed, checked)
    yield _contest("five verdicts, nothing is known", screener, [{}], checked[:40])


def _contest(name: str, screener: Screener, records: Sequence[Record], checked: Sequence[Record]) -> Contest:
    prepared = [screener.prepare(record, at=STAMP) for record in records]
    to_check = [screener.prepare(record, at=STAMP) for record in checked]
    expected = [reference(record) for record in checked]
    places = by_hand_places(screener)
    by_hand = [in_the_order_of(places, facts.contents) for facts in prepared]

    def wrong_by_hand() -> str:
        return differing(
            [hand_written.verdicts(in_the_order_of(places, facts.contents)) for facts in to_check], expected
        )

    def wrong(judge: Callable[[PreparedFacts], Verdicts]) -> Callable[[], str]:
        return lambda: differing([judge(facts) for facts in to_check], expected)

    contestants = [
        Contestant("by hand", over(hand_written.verdicts, by_hand), wrong_by_hand, note="a dict of verdicts"),
        Contestant(
            "Screener.verdicts",
            over(screener.verdicts, prepared),
            wrong(lambda facts: dict(screener.verdicts(facts))),
            GOAL,
            "a mapping of verdicts",
        ),
        Contestant(
            "dict(Screener.verdicts)",
            over(lambda facts: dict(screener.verdicts(facts)), prepared),
            note="the same, listed",
        ),
    ]
    left_out: dict[str, str] = {}
    for peer in peers.PEERS:
        try:
            judge, encode = peer.compiled(load_trials(), screener)
        except ImportError as missing:
            left_out[peer.name] = f"not installed ({missing.name})"
            continue
        some = prepared[:20] if peer.is_slow else prepared
        contestants.append(
            Contestant(
                peer.name,
                over(judge, [encode(facts.contents) for facts in some]),
                wrong(_named(judge, encode)),
                note=peer.note,
            )
        )
    return Contest(name, contestants, "by hand", unit="patient", left_out=left_out, note=peers.ENCODING)


def _named(judge: peers.Judge, encode: peers.Encode) -> Callable[[PreparedFacts], Verdicts]:
    return lambda facts: peers.named(judge(encode(facts.contents)))


def reference(record: Record) -> Verdicts:
    """The verdicts by the reference evaluator."""
    return {trial.id: trial.verdict for trial in screen(record, at=STAMP)}


def readable(record: Record) -> bool:
    """Does the record not contradict itself?"""
    try:
        screen(record, (), at=STAMP)
    except EligibilityError:
        return False
    return True


def records_to_check(number: int) -> list[Record]:
    """Patients as they come, ones at the thresholds, and ones that pass but for one criterion, a third of each."""
    words = bundled_vocabulary()
    formulas = [criterion.rule for trial in load_trials() for criterion in trial.criteria]
    pieces = list(states_for(formulas, words, AT).values())
    found = patients(number // 3, 2, readable=readable)
    found += passing_but_for_one(number // 3, 4)
    seed = 3
    while len(found) < number:
        drawn = at_thresholds(number, seed, pieces, lambda some: consistent(merged(some), words))
        found += [record for record in drawn if readable(record)][: number - len(found)]
        seed += 1
    return found


def passing_but_for_one(number: int, seed: int) -> list[Record]:
    """Records that make a trial pass, but for one group of its criteria, which fails, lacks data, or waits for an answer."""
    chance = random.Random(seed)
    found: list[Record] = []
    while len(found) < number:
        groups = solved(chance.choice(load_trials()), AT)
        one = chance.choice(groups)
        record = merged(chance.choice(group.passing) for group in groups if group is not one and group.passing)
        others = [*one.failing, *one.lacking, *one.asking, *one.passing]
        record = merged([record, chance.choice(others)]) if others else record
        if readable(record):
            found.append(record)
    return found


def by_hand_places(screener: Screener) -> list[int]:
    """The place of each fact of the hand-written code among the slots of the screener."""
    places = {slot: place for place, slot in enumerate(screener.slots)}
    judged = {
        slot.atom.address: place
        for slot, place in places.items()
        if isinstance(slot, TruthSlot) and isinstance(slot.atom, rules.Judged)
    }
    return [judged[text] if "/" in text and text in judged else places[_slot(text)] for text in hand_written.FACTS.values()]  # fmt: skip


def _slot(formula: str) -> Any:
    trial = compile_trial(f'trial X "x"\n\ninclude:\n  1 "x": {formula}\n')
    return slot_of(next(rules.atoms(trial.criteria[0].rule)), None)


def in_the_order_of(places: Sequence[int], contents: Sequence[Content]) -> tuple[Content, ...]:
    """The contents of slots in the order of the hand-written code."""
    return tuple(contents[place] for place in places)
