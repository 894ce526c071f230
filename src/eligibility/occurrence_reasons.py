"""A presence, window or onset goes in, with what is known of it; a clause that a clinician accepts and the evidence come out."""

from __future__ import annotations

from collections.abc import Callable

from eligibility import occurrences, rules, wording
from eligibility.evaluator import Situation
from eligibility.instants import EARLIEST, UNIT_LENGTHS, Span, shift
from eligibility.logic import Truth
from eligibility.results import OUTCOMES, Evidence
from eligibility.timelines import Episode, Timeline
from eligibility.vocabulary import Concept

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
MOST_SHOWN = 3

_Presence = rules.Present | rules.Ever | rules.InWindow | rules.OnsetIn | rules.Elapsed | rules.Lasting


def occurrence(atom: _Presence, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    """A presence, a window or an onset."""
    facts, concept = situation.facts, atom.concept
    timeline = facts.timelines.get(concept.name, Timeline())
    known = _history(timeline, concept, situation)
    when = wording.when_known(facts, timeline.episodes[0].onset) if len(timeline.episodes) == 1 else None
    threshold = wording.elapsed_threshold(atom) if isinstance(atom, rules.Elapsed) else None
    margin = _margin(atom, situation) if isinstance(atom, rules.Elapsed) and truth is not U else None
    evidence = Evidence(concept.name, atom.words, OUTCOMES[truth], known or None, when, None, threshold, margin)
    absent = _why_absent(concept, situation)
    source = f" ({known})" if known else f" ({absent})" if absent and truth is F else ""
    sentence = _CLAIMS[type(atom)](atom, truth)
    if (
        truth is F
        and isinstance(atom, rules.OnsetIn | rules.Elapsed)
        and occurrences.ever(facts, concept, situation.now) is F
    ):
        sentence = f"{concept.name}: never {'happened' if concept.kind == 'event' else 'present'}"
    if truth is U:
        window = atom.window if isinstance(atom, rules.InWindow | rules.OnsetIn) else None
        lacking = occurrences.open_anchors(facts, window, situation.trial, situation.now)
        missing = f"the time of {lacking[0].name} is not known" if lacking else "" if known else _why_open(timeline)
        told = "; ".join(part for part in (known, missing) if part)
        source = f" ({told})" if told else ""
    return sentence + source, evidence


def _margin(atom: rules.Elapsed, situation: Situation) -> str | None:
    """How far the time since the onset lies from the nearest threshold, in the unit of the rule; days for the calendar."""
    facts, now = situation.facts, situation.now
    onset = occurrences.newest_onset(facts, atom.concept, now)
    if not isinstance(onset, Span) or onset.is_undated:
        return None
    gaps = [
        (min(abs(end - shift(now, duration, facts.zone, -1)) for end in (onset.first, onset.last)), duration)
        for _, duration in atom.bounds
    ]
    gap, duration = min(gaps, key=lambda item: item[0])
    unit = "days" if duration.months else duration.text.split(" ")[1].removesuffix("s") + "s"
    return f"{gap / UNIT_LENGTHS[unit]:.4g} {unit}"


def _said(name: str, truth: Truth, yes: str, no: str) -> str:
    """`malignancy: absent`; the colon spares the grammar of names such as `vasopressors`."""
    it = "it " if yes.startswith(("began", "happened")) else ""
    return f"{name}: {yes if truth is T else no if truth is F else f'not known whether {it}{yes}'}"


def _claim_present(atom: rules.Present, truth: Truth) -> str:
    if atom.concept.kind == "event":
        return _said(atom.concept.name, truth, "happened", "never happened")
    return _said(atom.concept.name, truth, "present", "absent")


def _claim_ever(atom: rules.Ever, truth: Truth) -> str:
    if atom.concept.kind == "event":
        return _said(atom.concept.name, truth, "happened", "never happened")
    return _said(atom.concept.name, truth, "present, now or before", "never present")


def _claim_window(atom: rules.InWindow, truth: Truth) -> str:
    window = wording.window_words(atom.window)
    if atom.window.ahead:
        return _said(atom.concept.name, truth, f"expected {window}", f"not expected {window}")
    verb = "happened" if atom.concept.kind == "event" else "present"
    return _said(
        atom.concept.name,
        truth,
        f"{verb} {window}",
        f"{'did not happen' if verb == 'happened' else 'not present'} {window}",
    )


def _claim_onset(atom: rules.OnsetIn, truth: Truth) -> str:
    window = wording.window_words(atom.window)
    return _said(atom.concept.name, truth, f"began {window}", f"did not begin {window}")


def _claim_elapsed(atom: rules.Elapsed, truth: Truth) -> str:
    threshold = wording.elapsed_threshold(atom)
    return _said(atom.concept.name, truth, f"began {threshold} ago", f"did not begin {threshold} ago")


def _claim_lasting(atom: rules.Lasting, truth: Truth) -> str:
    duration = atom.duration.text
    return _said(atom.concept.name, truth, f"present for at least {duration}", f"not present for at least {duration}")


_CLAIMS: dict[type, Callable[..., str]] = {
    rules.Present: _claim_present, rules.Ever: _claim_ever, rules.InWindow: _claim_window, rules.OnsetIn: _claim_onset,
    rules.Elapsed: _claim_elapsed, rules.Lasting: _claim_lasting,
}  # fmt: skip


def _history(timeline: Timeline, concept: Concept, situation: Situation) -> str:
    """What the record holds of it: `since 2024-03-03`, `leukemia, 2024-01-10`."""
    newest = sorted(timeline.episodes, key=lambda episode: episode.onset.last, reverse=True)
    told = [_episode(episode, concept, situation) for episode in newest[:MOST_SHOWN]]
    if len(newest) > MOST_SHOWN:
        told.append(f"and {len(newest) - MOST_SHOWN} more")
    told += [f"planned for {wording.when_known(situation.facts, plan)}" for plan in timeline.plans[:MOST_SHOWN]]
    return ", ".join(dict.fromkeys(part for part in told if part))


def _episode(episode: Episode, concept: Concept, situation: Situation) -> str:
    facts = situation.facts
    span = episode.since if episode.concept != concept.name else episode.onset
    through = f"through {episode.concept}, " if episode.concept and episode.concept != concept.name else ""
    if span.first <= EARLIEST and span.last >= facts.at:
        return (through + ("no date" if concept.kind == "event" else "no onset given")).strip()
    if concept.kind == "event":
        return through + wording.when_known(facts, span)
    begin = f"since {wording.when_known(facts, span)}" if span.first > EARLIEST else ""
    if episode.end is not None:
        over = "no longer present" if episode.end.last >= facts.at and episode.end.first <= span.first else ""
        end = over or f"until {wording.when_known(facts, episode.end)}"
        return through + f"{begin.replace('since', 'from')} {end}".strip()
    if episode.presumed is not None and occurrences.present_now(facts, concept, situation.now) is U:
        return through + f"{begin}; whether it is still present is not recorded"
    return through + begin


def _why_absent(concept: Concept, situation: Situation) -> str:
    facts = situation.facts
    for name in (concept.name, *facts.vocabulary.wholes(concept.name)):
        timeline = facts.timelines.get(name)
        if timeline is None:
            continue
        whose = "" if name == concept.name else f"{name} "
        if timeline.complete == "cannot apply":
            return "cannot apply to this patient"
        if timeline.complete == "assumed":
            return "read as absent: the record does not name it"
        if timeline.complete in ("never", "listed") and not timeline.episodes:
            return "as stated" if not whose else f"{whose}is absent"
        if timeline.absent_now:
            return "as stated" if not whose else f"{whose}is absent"
    return ""


def _why_open(timeline: Timeline) -> str:
    if timeline.absent_now:
        return "not present now; the record says nothing of before"
    return ""
