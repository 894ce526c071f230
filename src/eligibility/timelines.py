"""A look at a record goes in; for each condition and event comes out when it certainly or possibly was there.

Occurrences meet through the hierarchy: what is included makes the whole present, and an absent whole what it includes absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from eligibility.instants import EARLIEST, Duration, Instant, Span
from eligibility.look import Look
from eligibility.patient import Occurrence
from eligibility.vocabulary import Concept


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that a condition was certainly there, or an event happened.

    `onset` is what is known of its beginning, `since` from when its presence is certain or possible (they differ where a
    part makes the whole present: the whole began then or earlier). `end` is None while it lasts; `presumed` says that it
    is taken to last for that long only.
    """

    onset: Span
    since: Span
    end: Span | None = None
    presumed: Duration | None = None
    concept: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is known of a condition or an event at the instant.

    `complete` says that there was nothing beside the episodes, and why; `absent_now` that it is not present.
    """

    episodes: tuple[Episode, ...] = ()
    complete: Literal["", "never", "assumed", "cannot apply", "listed"] = ""
    absent_now: bool = False
    own_plans: tuple[Span, ...] = ()
    plans: tuple[Span, ...] = ()


# an event makes a condition that includes it present then; how long it lasted is not told
_A_MOMENT = Duration("0 s")
_UNREACHABLE = Episode(Span(0, 0), Span(0, 0))


def timelines_of(look: Look, cannot: frozenset[str]) -> dict[str, Timeline]:
    """What is known of each condition and event that the record tells of; `cannot` names those that cannot apply."""
    vocabulary = look.patient.vocabulary
    own = {name: _own(look, vocabulary[name], name in cannot) for name in look.patient.occurrences}
    for name, stated in look.patient.occurrences.items():
        if stated.past and not stated.plans and own[name] == Timeline():
            del own[name]  # all of it lies after the instant: it is not seen
    for name in cannot:
        if vocabulary[name].is_occurrence:
            own[name] = Timeline(complete="cannot apply")
    touched = set(own)
    for name in list(own):
        touched.update(vocabulary.wholes(name))
        touched.update(vocabulary.parts(name))
    if look.absent == "no":
        touched.update(concept.name for concept in vocabulary if concept.is_occurrence and concept.on_problem_list)
    timelines = {name: _joined(look, name, own) for name in touched}
    for name, timeline in timelines.items():
        if timeline.complete or name in own or not _may_be_assumed(look, name, own):
            continue
        timelines[name] = Timeline(
            timeline.episodes, "assumed", timeline.absent_now, timeline.own_plans, timeline.plans
        )
    return timelines


def _may_be_assumed(look: Look, name: str, own: Mapping[str, Timeline]) -> bool:
    """May silence about it be read as absence, under absent="no"?"""
    if look.absent != "no" or not look.patient.vocabulary[name].on_problem_list or name in look.patient.nulls:
        return False
    for part in look.patient.vocabulary.parts(name):
        if part in look.patient.nulls:
            return False
        theirs = own.get(part)
        if theirs is not None and any(may_last(episode, look.at) for episode in theirs.episodes):
            return False
    return True


def _own(look: Look, concept: Concept, cannot: bool) -> Timeline:
    """What the record says of one condition or event itself."""
    stated = look.patient.occurrences[concept.name]
    if cannot:
        return Timeline(complete="cannot apply")
    plans = tuple(
        Span(max(span.first, look.at), span.last) for plan in stated.plans if (span := look.span(plan)).last >= look.at
    )
    if len(plans) < len(stated.plans):
        look.warnings.append(f"{concept.name}: a plan dated before the instant of judgement is not used")
    match stated.form:
        case "never":
            return Timeline(complete="never")
        case "absent":
            return Timeline(absent_now=True)
        case "present":
            return Timeline((_episode(look, concept, Occurrence(present=True)) or _UNREACHABLE,))
        case "planned":
            return Timeline(own_plans=plans, plans=plans)
        case "listed":
            episodes = [_episode(look, concept, item) for item in stated.past]
            kept = tuple(episode for episode in episodes if episode is not None)
            lost = len(kept) < len(episodes)
            undated = any(item.onset is None and item.end is None for item in stated.past)
            complete = not undated and not (lost and not kept)
            if not stated.items:
                look.warnings.append(f"{concept.name}: an empty list was taken as never")
            return Timeline(kept, "listed" if complete else "", False, plans, plans)


def _episode(look: Look, concept: Concept, item: Occurrence) -> Episode | None:
    """One occurrence with its times; None where it lies after the instant. An end that does is not seen: it lasts."""
    name = concept.name
    onset = look.cut(look.span(item.onset)) if item.onset else None
    end = look.cut(look.span(item.end)) if item.end else None
    if (item.onset and onset is None) or (item.end and end is None):
        look.unseen(name)
        if onset is None:
            return None
    if onset is None:
        onset = Span(EARLIEST, look.at if end is None else end.last)
    elif item.onset and item.end and end is not None and end.last < onset.first:
        look.clash(name, f"it resolved ({item.end.text}) before its onset ({item.onset.text})")
    if concept.kind == "event":
        return Episode(onset, onset, concept=name)
    if end is not None:
        onset = Span(onset.first, max(onset.first, min(onset.last, end.last)))  # it began before it ended
        return Episode(onset, onset, Span(max(end.first, onset.first), end.last), concept=name)
    if item.present is False:
        return Episode(onset, onset, Span(onset.first, look.at), concept=name)
    presumed = concept.acute_for if item.present is None else None
    return Episode(onset, onset, None, presumed, name)


def _joined(look: Look, name: str, own: Mapping[str, Timeline]) -> Timeline:
    """What is known of a concept from its own record and from those of its parts."""
    vocabulary = look.patient.vocabulary
    mine = own.get(name, Timeline())
    listed, added = list(mine.episodes), list[Episode]()
    plans = list(mine.plans)
    is_event = vocabulary[name].kind == "event"
    for part in vocabulary.parts(name):
        theirs = own.get(part)
        if theirs is None or theirs.complete == "cannot apply":
            continue
        plans += theirs.own_plans
        for episode in theirs.episodes:
            if mine.absent_now and may_last(episode, look.at) and not is_event:
                look.warn(f"{name}: it is absent now, which leaves out {part}, that it includes; both count")
            onset, since = episode.onset, episode.since
            holding = [index for index, known in enumerate(listed) if _may_hold(known, episode, is_event)]
            if mine.complete and holding:  # it is one of those that the record of the whole dates
                together = [_began_together(listed[index].onset, onset, is_event) for index in holding]
                onset = Span(min(span.first for span in together), max(span.last for span in together))
                since = onset if is_event else Span(max(since.first, onset.first), since.last)
                if len(holding) == 1:
                    listed[holding[0]] = replace(listed[holding[0]], onset=onset, since=onset)
            elif mine.complete:
                _disagree(look, name, part, mine)
            elif not is_event:
                onset = Span(EARLIEST, onset.last)
            end, presumed = (None, None) if is_event else (episode.end, episode.presumed)
            if not is_event and vocabulary[part].kind == "event":
                presumed = _A_MOMENT
            added.append(Episode(onset, since, end, presumed, part))
    return Timeline((*listed, *added), mine.complete, mine.absent_now, mine.own_plans, tuple(plans))


def _disagree(look: Look, name: str, part: str, mine: Timeline) -> None:
    if mine.complete == "never":
        shown = look.patient.named.get(part, part)
        look.clash(name, f"it never was, and `{shown}`, which it includes, is or was present")
    elif mine.complete == "listed":
        look.warn(f"{name}: its record leaves out {part}, which it includes; both count")


def _may_hold(known: Episode, episode: Episode, is_event: bool) -> bool:
    """May an occurrence of a whole hold that of a part?"""
    if known.onset.first > episode.onset.last:
        return False
    if is_event:
        return known.onset.last >= episode.onset.first
    return known.end is None or (episode.end is not None and known.end.last >= episode.end.first)


def _began_together(whole: Span, part: Span, is_event: bool) -> Span:
    """When a whole began that holds a part: then or earlier (an event: then)."""
    return Span(max(whole.first, part.first) if is_event else whole.first, min(whole.last, part.last))


def may_last(episode: Episode, at: Instant) -> bool:
    """May an episode be present at an instant after its beginning?"""
    return episode.end is None or episode.end.last > at
