"""The needs of an open criterion go in; a record that answers every one of them comes out, or what could not be answered.

An answer says no more and no less than was asked: a date inside the month that was stated, a number inside the interval, a
value inside the window. Which answer it is, chance decides.
"""

import re
from datetime import UTC, datetime, timedelta

from eligibility import Patient, rules
from eligibility.facts import prepare
from eligibility.formulas import check_formula
from eligibility.instants import instant_of, local
from eligibility.occurrences import Reach, reach
from eligibility.series import where_to_look
from eligibility.states import spell

BACK = (
    timedelta(minutes=1),
    timedelta(hours=30),
    timedelta(days=12),
    timedelta(days=70),
    timedelta(days=500),
    timedelta(days=2500),
)
BEYOND = "a value for which the formula has a result"


class Unanswered(Exception):
    """What is asked cannot be answered by this record alone; its words say why."""


def inputs(words, name):
    """What a derived quantity is computed from, directly or not."""
    concept = words.concepts.get(name)
    if concept is None or concept.formula is None:
        return set()
    direct = {source.name for source in check_formula(words, concept).inputs}
    return direct.union(*(inputs(words, source) for source in direct))


class Answers:
    """Answers the needs of one rule about one record at one instant."""

    def __init__(self, words, rule, record, situation, chance, at):
        self.words, self.rule, self.record, self.situation = words, rule, record, situation
        self.chance, self.at = chance, at

    def supply(self, needs):
        """The record with an answer to every need."""
        richer = dict(self.record)
        for need in needs:
            concept = self.words.concepts.get(need.concept)
            if any(need.concept in inputs(self.words, name) for name in self.record):
                raise Unanswered("what would add a computed value to one that was brought")
            if concept is None:  # a judgement stands under its address
                answers = {**richer.get("judgements", {}), need.concept: self.chance.random() < 0.5}
                richer["judgements"] = answers
            elif concept.kind == "age":
                richer["birth_date"] = self.birth_date(richer)
            else:
                for asks in need.asks.split("; "):
                    answer = self.rank if concept.kind == "class" else getattr(self, concept.kind)
                    richer[concept.name] = answer(concept, asks, richer.get(concept.name))
        return richer

    # --- times -------------------------------------------------------------------------------------------------------

    def stamp(self, when):
        return when.isoformat()

    def before(self):
        return self.at - self.chance.choice(BACK)

    def sharper(self, text, after=None):
        """An instant inside a partial date, at or before the instant of judgement and not before `after`."""
        if "T" in text:
            return text
        parts = [int(part) for part in text.split("-")]
        first = datetime(*[*parts, 1, 1][:3], tzinfo=self.at.tzinfo)
        year, month = first.year, first.month
        last = {
            1: datetime(year + 1, 1, 1, tzinfo=self.at.tzinfo),
            2: datetime(year + month // 12, month % 12 + 1, 1, tzinfo=self.at.tzinfo),
            3: first + timedelta(days=1),
        }[len(parts)] - timedelta(minutes=1)
        first, last = max(first, after or first), min(last, self.at)
        if first > last:
            raise Unanswered("no instant is left")
        return self.stamp(first + (last - first) * self.chance.random())

    def birth_date(self, record):
        stated = record.get("birth_date")
        if stated is not None:
            return self.sharper(stated)[:10]
        match = re.fullmatch(r"(\d+) (years|months)", record.get("age") or "")
        months = int(match[1]) * (12 if match[2] == "years" else 1) if match else self.chance.randint(1, 1000)
        born = self.at - timedelta(
            days=months * 30.436875 + (self.chance.randint(3, 300) if match and match[2] == "years" else 5)
        )
        return f"{born:%Y-%m-%d}"

    def windows(self, concept):
        """Where the rule looks for a measurement or a class: selection and window of each place."""
        found = []
        for atom in rules.atoms(self.rule):
            match atom:
                case rules.LimitComparison() | rules.InClass():
                    leaves = [atom]
                case rules.Comparison(number=number):
                    leaves = list(rules.leaves(number))
                case _:
                    leaves = []
            for leaf in leaves:
                if isinstance(leaf, rules.Age):
                    continue
                if leaf.concept.name == concept.name or concept.name in inputs(self.words, leaf.concept.name):
                    found.append((getattr(leaf, "selection", "highest"), leaf.window))
        return list(dict.fromkeys(found))

    def inside(self, concept):
        """An instant that is surely in every window in which the rule looks for a quantity."""
        last = self.situation.now
        for selection, window in self.windows(concept):
            where = where_to_look(
                self.situation.facts, concept, selection, window, self.situation.values, self.situation.trial, last
            )
            if not isinstance(where, Reach) or where.sure.first > where.sure.last or where.sure.first > last:
                raise Unanswered("no instant is surely in the window")
            last = min(last, where.sure.last)
        return self.stamp(local(last, self.situation.facts.zone))

    # --- kinds -------------------------------------------------------------------------------------------------------

    def attestation(self, concept, asks, stated):
        return self.chance.random() < 0.5

    def milestone(self, concept, asks, stated):
        if asks == "exact time":
            return self.sharper(stated)
        return self.stamp(self.before() if self.chance.random() < 0.7 else self.at + timedelta(days=3))

    def condition(self, concept, asks, stated):
        yes = self.chance.random() < 0.6
        onset = self.before()
        match asks:
            case "whether it is present":
                return yes if stated is None else self.refuse(asks)
            case "whether it ever was present":
                if stated is None:
                    return yes
                return {"onset": self.stamp(onset - timedelta(days=9)), "resolved": self.stamp(onset)} if yes else False
            case "whether and when" | "whether and since when" | "whether and when it began":
                if not yes:
                    return False
                dated = {"onset": self.stamp(onset - timedelta(days=9))}
                if stated == {"present": False}:
                    return {**dated, "resolved": self.stamp(onset)}
                return {**dated, "present": True} if stated in (None, True) else self.refuse(asks)
            case "whether it is still present" | "onset" | "onset and resolution" | "date" | "exact time":
                return self.sharpened(stated, asks)
            case "plan":
                return self.planned(concept, stated)
            case _:
                return self.refuse(asks)

    def event(self, concept, asks, stated):
        yes = self.chance.random() < 0.6
        match asks:
            case "whether it ever happened":
                return yes if stated is None or "planned" in stated else self.refuse(asks)
            case "whether and when" | "whether and since when" | "whether and when it began":
                return {"at": self.stamp(self.before())} if yes else False
            case "date" | "onset" | "onset and resolution" | "exact time":
                return self.sharpened(stated, asks)
            case "plan":
                return self.planned(concept, stated)
            case _:
                return self.refuse(asks)

    def planned(self, concept, stated):
        ahead = [self.at + later for later in BACK]
        if concept.kind == "condition":  # one that is planned before a window may last into it or not: nobody could say
            starts = [where.sure.first for where in self.reaches(concept)]
            ahead = [when for when in ahead if all(instant_of(when, UTC) >= start for start in starts)]
        if not ahead:
            return self.refuse("a plan that is not before a window")
        plan = {"planned": self.stamp(self.chance.choice(ahead))}
        if self.words.parts(concept.name):
            return self.refuse("a plan for a whole, which leaves open what is planned of its parts")
        if stated is None:
            return [plan]
        if not isinstance(stated, dict | list) or "present" in stated:
            return self.refuse("a plan beside what never was, or has no date")
        return [*(stated if isinstance(stated, list) else [stated]), plan]

    def reaches(self, concept):
        """The instants that the windows of the rule cover in which a condition is asked for."""
        situation = self.situation
        for atom in rules.atoms(self.rule):
            if isinstance(atom, rules.InWindow | rules.OnsetIn) and atom.concept == concept:
                where = reach(situation.facts, atom.window, situation.trial, situation.now)
                if isinstance(where, Reach):
                    yield where

    def sharpened(self, stated, asks):
        """Occurrences with every date to the instant, and with what was said of their end."""
        if stated is True:
            return {"onset": self.stamp(self.before()), "present": True}
        if not isinstance(stated, dict | list):
            return self.refuse(asks)
        rows = [dict(row) for row in (stated if isinstance(stated, list) else [stated])]
        for row in rows:
            start = row.get("onset", row.get("at"))
            ended = asks == "whether it is still present" and row is rows[-1] and row.get("resolved")
            if start is None or start > self.stamp(self.at) or ended:
                return self.refuse(asks)
            name = "onset" if "onset" in row else "at"
            if asks != "whether it is still present":
                row[name] = self.sharper(start)
            if row.get("resolved"):
                row["resolved"] = self.sharper(row["resolved"], datetime.fromisoformat(self.sharper(start)))
        newest = rows[-1]
        if "onset" in newest and "resolved" not in newest and "present" not in newest and asks != "onset":
            newest["present"] = True
        return rows if isinstance(stated, list) else rows[0]

    def rank(self, concept, asks, stated):
        value = self.chance.choice(concept.values)
        if stated is not None and not asks.startswith("newer value"):
            return self.refuse(asks)
        if any(window for _, window in self.windows(concept)):
            return self.beside(stated, {"value": value, "at": self.inside(concept)})
        return value if stated is None else self.beside(stated, {"value": value, "at": self.stamp(self.at)})

    def number(self, concept):
        span = concept.plausible or concept.possible
        low, high = max(span.low, -100.0), min(span.high, 1000.0)
        return low + (high - low) * self.chance.choice((0.1, 0.3, 0.5, 0.7))

    def beside(self, stated, row):
        rows = stated if isinstance(stated, list) else [] if stated is None else [stated]
        if any(not isinstance(other, dict) or "at" not in other for other in rows):
            return self.refuse("a value beside one without a time")
        if any(other["at"] == row["at"] for other in rows):
            return self.refuse("a value beside one of its instant")
        return [*rows, row]

    def quantity(self, concept, asks, stated):
        text = spell(concept, self.number(concept))
        limits = {}
        if limit := re.search(r"(upper|lower) limit of normal$", asks):
            limits = {f"{limit[1]}_limit": spell(concept, abs(self.number(concept)) or 1.0)}
        if asks in ("upper limit of normal", "lower limit of normal"):
            return self.with_limits(concept, stated, limits)
        if "which is not over yet" in asks:
            return self.refuse("what is still to be measured")
        if asks.startswith("exact value"):
            found = self.exact(concept, stated)
            return self.with_limits(concept, found, limits) if limits else found
        if asks.startswith("values at two times"):
            earlier = self.stamp(self.at - timedelta(seconds=50))  # where no state of a record stands
            first = self.beside(stated, {"value": spell(concept, self.number(concept)), "at": earlier})
            return self.beside(first, {"value": text, "at": self.stamp(self.at)})
        if asks.startswith("value at or before "):
            return self.beside(stated, {"value": text, "at": asks.removeprefix("value at or before ")})
        if not asks.startswith(("value", "newer value")) or asks.startswith("value in whole"):
            return self.refuse(asks)
        if stated is None and asks.startswith("value") and not any(window for _, window in self.windows(concept)):
            return {"value": text, **limits} if limits else text
        return self.beside(stated, {"value": text, "at": self.inside(concept), **limits})

    def with_limits(self, concept, stated, limits):
        rows = stated if isinstance(stated, list) else [stated]
        rows = [{**limits, **(row if isinstance(row, dict) else {"value": row})} for row in rows]
        return rows if isinstance(stated, list) else rows[0]

    def exact(self, concept, stated):
        rows = stated if isinstance(stated, list) else [stated]
        found = []
        for row in rows:
            value = row["value"] if isinstance(row, dict) else row
            if value is None:
                return self.refuse("a null among values")
            if isinstance(value, str) and not re.match(r"[<>]| to |.* to ", value):
                found.append(row)
                continue
            facts = prepare(Patient.parse({concept.name: value}, vocabulary=self.words), self.at)
            (known,) = facts.observations[concept.name]
            low, high = max(known.value.low, -1e4), min(known.value.high, 1e4)
            text = spell(concept, low + (high - low) * self.chance.choice((0.001, 0.5, 0.999)))
            found.append({**row, "value": text} if isinstance(row, dict) else text)
        return found if isinstance(stated, list) else found[0]

    def refuse(self, asks):
        raise Unanswered(asks)
