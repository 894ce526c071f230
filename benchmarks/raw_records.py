"""Records as they come go in; whole screenings of them are timed: validated, judged, with reasons when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import hand_written_reasons as by_hand
from contest import Contest, Contestant, Settings, differing, over
from eligibility import Screener, Screening, screen
from five_trials import by_hand_places, in_the_order_of, readable, records_to_check, reference
from patients import STAMP, Record, patients, with_unit_strings

GOAL = 60 / 15  # microseconds of a screening where hand-written reasons take 15
STRINGS = 45


def contests(settings: Settings) -> Iterator[Contest]:
    """Strings alone, strings and conditions, and records with times and lists."""
    screener = Screener()
    number = 20 if settings.quick else 300
    strings = with_unit_strings(number, 5, STRINGS, flags=False)
    yield _strings(screener, strings, records_to_check(20 if settings.quick else 500))
    flagged = [record for record in with_unit_strings(2 * number, 6, STRINGS, flags=True) if readable(record)]
    yield _others("a dict with 45 strings and 60 conditions", screener, flagged[:number])
    dated = patients(number, 7, readable=readable)
    yield _others("a dict with times and lists", screener, dated)


def _strings(screener: Screener, records: Sequence[Record], checked: Sequence[Record]) -> Contest:
    places = by_hand_places(screener)
    nothing = in_the_order_of(places, screener.prepare({}, at=STAMP).contents)
    known = [in_the_order_of(places, screener.prepare(record, at=STAMP).contents) for record in records]

    def wrong_by_hand() -> str:
        found, expected = [], []
        for record in checked:
            facts = in_the_order_of(places, screener.prepare(record, at=STAMP).contents)
            found.append({trial: outcomes(told) for trial, told in by_hand.judged(facts).items()})
            expected.append(outcomes_by_reference(record))
        return differing(found, expected)

    def wrong_read_by_hand() -> str:
        found = [{trial: outcomes(told) for trial, told in by_hand.judged(by_hand.read(record, nothing)).items()} for record in records]  # fmt: skip
        return differing(found, [outcomes_by_reference(record) for record in records])

    texts = [text for name, text in records[0].items() if name not in ("age", "sex")]
    contestants = [
        Contestant("by hand, reasons", over(by_hand.judged, known), wrong_by_hand, note="from prepared facts: a dict for each criterion, with its values"),
        Contestant("by hand, read and reasons", over(lambda record: by_hand.judged(by_hand.read(record, nothing)), records), wrong_read_by_hand, note="from the strings, by tables of expected units"),
        Contestant("by hand, reasons in sentences", over(lambda facts: by_hand.sentences(by_hand.judged(facts)), known), note="from prepared facts"),
        Contestant("Screener.screen", over(lambda record: screener.screen(record, at=STAMP), records), lambda: _wrong(screener, records), GOAL, "validated; reasons are made when read"),
        Contestant("Screener.screen, outcomes read", over(lambda record: [one.outcome for trial in screener.screen(record, at=STAMP) for one in trial.criteria], records), note="every criterion, judged by the reference"),
        Contestant("Screener.screen, reasons read", over(lambda record: [one.reason for trial in screener.screen(record, at=STAMP) for one in trial.criteria], records), note="every sentence read"),
        Contestant("Screener.screen, all as JSON", over(lambda record: screener.screen(record, at=STAMP).to_json(), records), note="reasons, evidence, needs, warnings and validity"),
        Contestant("screen (reference)", over(lambda record: screen(record, at=STAMP), records)),
    ]  # fmt: skip
    left_out = {}
    try:
        contestants.append(_pint(texts))
    except ImportError:
        left_out["pint"] = "not installed"
    return Contest(
        f"a dict with {STRINGS} strings",
        contestants,
        "by hand, reasons",
        left_out=left_out,
        note=f"The goal of {GOAL:g} is 60 us where reasons by hand take 15. Reasons that are read are told by the reference.",
    )


def _others(name: str, screener: Screener, records: Sequence[Record]) -> Contest:
    places = by_hand_places(screener)
    known = [in_the_order_of(places, screener.prepare(record, at=STAMP).contents) for record in records]
    contestants = [
        Contestant("by hand, reasons", over(by_hand.judged, known), note="from prepared facts"),
        Contestant("Screener.screen", over(lambda record: screener.screen(record, at=STAMP), records), lambda: _wrong(screener, records)),
        Contestant("Screener.screen, reasons read", over(lambda record: [one.reason for trial in screener.screen(record, at=STAMP) for one in trial.criteria], records)),
        Contestant("screen (reference)", over(lambda record: screen(record, at=STAMP), records)),
    ]  # fmt: skip
    return Contest(name, contestants, "by hand, reasons")


def _pint(texts: Sequence[str]) -> Contestant:
    """What a user without a library would do for the units alone: every string to a quantity of pint."""
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    registry.define("U = 1e-6 * mole / minute")
    readable_texts = [
        text.replace("x10^9", "10^9 ").replace("degC", "kelvin") for text in texts
    ]  # what it would refuse
    return Contestant("pint alone", lambda: [registry(text) for text in readable_texts], note="45 strings to quantities: no names, no ranges, no verdicts")  # fmt: skip


def outcomes(told: tuple[str, list[by_hand.Criterion]]) -> tuple[str, dict[str, str]]:
    """The verdict and the outcome of each criterion."""
    verdict, criteria = told
    return verdict, {one["id"]: one["outcome"].replace("unanswered", "unknown") for one in criteria}


def outcomes_by_reference(record: Record) -> dict[str, tuple[str, dict[str, str]]]:
    """The same by the reference evaluator."""
    return {trial.id: (trial.verdict, {one.id: one.outcome for one in trial.criteria}) for trial in screen(record, at=STAMP)}  # fmt: skip


def _wrong(screener: Screener, records: Sequence[Record]) -> str:
    some = records[:40]
    found: list[Screening] = [screener.screen(record, at=STAMP) for record in some]
    wrong = differing([{trial.id: trial.verdict for trial in told} for told in found], [reference(r) for r in some])
    return wrong or differing(
        [told.to_dict() for told in found[:5]], [screen(record, at=STAMP).to_dict() for record in some[:5]]
    )
