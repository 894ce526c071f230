"""A vocabulary and a source of chance go in; random well-typed rule text comes out: every construct of the language."""

from __future__ import annotations

import re
from random import Random

from eligibility.intervals import INFINITY
from eligibility.vocabulary import Concept, Vocabulary

CONSTRUCTS = (
    "comparison", "chain", "between", "limit", "class order", "class in", "class is", "present", "ever", "in window",
    "window of group", "onset", "elapsed", "lasting", "selection", "relation", "change", "judgement", "attestation", "arithmetic",
    "function", "power", "age", "ahead", "milestone", "not", "and", "or", "unless", "if", "block", "count",
)  # fmt: skip
_DURATIONS = (
    "1 hour",
    "24 hours",
    "28 hours",
    "3 days",
    "1 week",
    "28 days",
    "3 months",
    "6 months",
    "1 year",
    "5 years",
)
_PLAIN = re.compile(r"(?:and|or|not|then|unless)", re.IGNORECASE)


def formulas(vocabulary: Vocabulary, chance: Random, deepest: int = 3) -> str:
    """One formula, or one block over several lines, that compiles as the body of a criterion."""
    return Writer(vocabulary, chance, deepest).body()


class Writer:
    """Writes one rule; `used` holds the constructs that it wrote."""

    def __init__(self, vocabulary: Vocabulary, chance: Random, deepest: int = 3) -> None:
        self._words = vocabulary
        self._chance = chance
        self._deepest = deepest
        self._judged = False
        self.used: set[str] = set()
        self._by_kind: dict[str, list[Concept]] = _by_kind(vocabulary)

    def body(self) -> str:
        """The body of a criterion."""
        if self._chance.random() < 0.25:
            return "\n".join(self._block(0))
        return self._statement(self._deepest)

    # --- names -------------------------------------------------------------------------------------------------------

    def _pick(self, *kinds: str) -> Concept:
        return self._chance.choice([concept for kind in kinds for concept in self._by_kind.get(kind, [])])

    def _name(self, concept: Concept) -> str:
        text = self._chance.choice((concept.name, *concept.synonyms)) if self._chance.random() < 0.2 else concept.name
        words = re.split(r"[\s/-]+", text)
        odd = any(_PLAIN.fullmatch(word) for word in words) or not re.fullmatch(
            r"[A-Za-z][A-Za-z0-9]*(?:[ /-][A-Za-z0-9]+)*", text
        )
        return f"`{text}`" if odd else text

    def _duration(self) -> str:
        return self._chance.choice(_DURATIONS)

    # --- statements --------------------------------------------------------------------------------------------------

    def _statement(self, depth: int) -> str:
        if depth <= 0 or self._chance.random() < 0.45:
            return self._atom()
        form = self._chance.choice(("not", "no", "and", "or", "unless", "if"))
        inner = [self._inner(depth - 1) for _ in range(2 if form in ("unless", "if") else self._chance.randint(2, 3))]
        self.used.add("not" if form == "no" else form)
        match form:
            case "not" | "no":
                return f"{form} {inner[0]}"
            case "and" | "or":
                return f" {form} ".join(inner)
            case "unless":
                return f"{inner[0]} unless {inner[1]}"
            case _:
                return f"if {inner[0]} then {inner[1]}"

    def _inner(self, depth: int) -> str:
        return f"({self._statement(depth)})"

    def _block(self, depth: int) -> list[str]:
        items: list[list[str]] = []
        for _ in range(self._chance.randint(1, 4)):
            nested = depth < self._deepest - 1 and self._chance.random() < 0.25
            items.append(self._block(depth + 1) if nested else [self._statement(1)])
        size = len(items)
        heads = ["all of", "any of", "none of"]
        heads += [f"at least {self._chance.randint(1, size)} of", f"exactly {self._chance.randint(0, size)} of"]
        if size > 1:
            heads.append(f"at most {self._chance.randint(0, size - 1)} of")
        head = self._chance.choice(heads)
        self.used.add("count" if any(char.isdigit() for char in head) else "block")
        lines = [f"{head}:"]
        for item in items:
            lines.append(f"  - {item[0]}")
            lines += [f"  {line}" for line in item[1:]]
        return lines

    def _atom(self) -> str:
        kinds = [
            self._comparison, self._comparison, self._class, self._presence, self._presence, self._presence, self._onset,
            self._limit, self._change, self._attestation, self._arithmetic, self._age, self._judgement,
        ]  # fmt: skip
        return self._chance.choice(kinds)()

    def _presence(self) -> str:
        concept = self._pick("condition", "event")
        name = self._name(concept)
        form = self._chance.choice(("present", "ever", "in window", "ahead", "milestone", "window of group", "lasting"))
        if form == "lasting" and concept.kind == "event":
            form = "present"
        self.used.add(form)
        match form:
            case "present":
                return name
            case "ever":
                return f"history of {name}"
            case "in window":
                return f"{name} within {self._duration()}"
            case "ahead":
                return f"{name} within the next {self._duration()}"
            case "milestone":
                anchor = self._pick("milestone", "condition")
                return (
                    f"{name} within {self._duration()} {self._chance.choice(('before', 'after'))} {self._name(anchor)}"
                )
            case "window of group":
                return f"({name} or {self._name(self._pick('condition', 'event'))}) within {self._duration()}"
            case _:
                return f"{name} for at least {self._duration()}"

    def _onset(self) -> str:
        name = self._name(self._pick("condition"))
        if self._chance.random() < 0.5:
            self.used.add("onset")
            return f"onset of {name} within {self._duration()}"
        self.used.add("elapsed")
        return f"time since onset of {name} {self._chance.choice(('<', '<=', '>', '>='))} {self._duration()}"

    def _attestation(self) -> str:
        self.used.add("attestation")
        return self._name(self._pick("attestation"))

    def _judgement(self) -> str:
        if self._judged:
            return self._attestation()
        self._judged = True
        self.used.add("judgement")
        return 'judgement "Is it so?"'

    def _class(self) -> str:
        concept = self._pick("class")
        name, values = self._name(concept), concept.values
        value = self._quoted(self._chance.choice(values))
        form = self._chance.choice(("class is", "class in", "class order"))
        if form == "class order" and concept.ordered:
            self.used.add(form)
            rank = self._chance.randrange(
                len(values) - 1
            )  # below the last and from the second on, some classes are left
            return f"{name} {self._chance.choice(('<=', '>'))} {self._quoted(values[rank])}"
        if form == "class in":
            self.used.add(form)
            chosen = self._chance.sample(values, self._chance.randint(1, len(values)))
            return f"{name} in ({', '.join(self._quoted(item) for item in chosen)})"
        self.used.add("class is")
        return f"{name} is {self._chance.choice(('', 'not '))}{value}"

    def _quoted(self, value: str) -> str:
        return value if value.isascii() and value.isalnum() else f"`{value}`"

    # --- numbers -----------------------------------------------------------------------------------------------------

    def _value(self, concept: Concept, share: float) -> float:
        span = concept.plausible or concept.possible
        low = max(span.low, -1e3) if span.low > -INFINITY else -100.0
        high = span.high if span.high < INFINITY else max(low, 1.0) * 10
        return float(f"{low + (high - low) * share * share:.4g}")

    def _unit(self, concept: Concept) -> str:
        return "" if concept.unit == "1" else f" {concept.unit}"

    def _measured(self, concept: Concept) -> str:
        name = self._name(concept)
        chance = self._chance.random()
        if chance < 0.5:
            return name
        if chance < 0.7:
            self.used.add("selection")
            return f"{self._chance.choice(('highest', 'lowest', 'first', 'latest'))} {name} within {self._duration()}"
        if chance < 0.85:
            self.used.add("selection")
            return f"{self._chance.choice(('highest', 'lowest', 'first'))} {name}"
        self.used.add("relation")
        return f"{name} {self._chance.choice(('after', 'before'))} {self._name(self._pick('condition'))}"

    def _comparison(self) -> str:
        concept = self._pick("quantity")
        name, unit = self._measured(concept), self._unit(concept)
        low, high = sorted((self._value(concept, self._chance.random()), self._value(concept, self._chance.random())))
        form = self._chance.choice(("comparison", "comparison", "chain", "between"))
        if form != "comparison" and low < high:
            self.used.add(form)
            if form == "between":
                return f"{name} between {_plain(low)} and {_plain(high)}{unit}"
            return f"{_plain(low)}{unit} {self._chance.choice(('<', '<='))} {name} {self._chance.choice(('<', '<='))} {_plain(high)}{unit}"
        self.used.add("comparison")
        return f"{name} {self._chance.choice(('<', '<=', '>', '>='))} {_plain(low)}{unit}"

    def _limit(self) -> str:
        plain = [c for c in self._by_kind["quantity"] if c.formula is None and c.possible.low >= 0 and c.unit != "degC"]
        self.used.add("limit")
        name = self._measured(self._chance.choice(plain))
        return f"{name} {self._chance.choice(('<', '<=', '>', '>='))} {self._chance.choice(('', '2 x ', '5 x ', '0.5 x '))}{self._chance.choice(('ULN', 'LLN'))}"

    def _change(self) -> str:
        concept = self._pick("quantity")
        self.used.add("change")
        window = f" within {self._duration()}" if self._chance.random() < 0.5 else ""
        value = abs(self._value(concept, 0.3)) or 1.0
        word = self._chance.choice(("rise", "fall"))
        return f"{word} in {self._name(concept)} over {self._duration()}{window} {self._chance.choice(('<', '<=', '>', '>='))} {_plain(value)}{self._unit(concept)}"

    def _age(self) -> str:
        self.used.add("age")
        if self._chance.random() < 0.3:
            return f"age between {self._chance.randint(0, 30)} and {self._chance.randint(31, 90)} years"
        unit = self._chance.choice(("years", "years", "months"))
        return f"age {self._chance.choice(('<', '<=', '>', '>='))} {self._chance.randint(1, 80)} {unit}"

    def _arithmetic(self) -> str:
        self.used.add("arithmetic")
        first, second = self._plain_quantity(), self._plain_quantity()
        left = f"{self._name(first)} / (1 {first.unit})" if first.unit != "1" else self._name(first)
        right = f"{self._name(second)} / (1 {second.unit})" if second.unit != "1" else self._name(second)
        form = self._chance.choice(("+", "-", "*", "/", "min", "max", "ln", "exp", "^"))
        if form in ("min", "max", "ln", "exp"):
            self.used.add("function")
        if form == "^":
            self.used.add("power")
        text = {
            "min": f"min({left}, {right})", "max": f"max({left}, {right})", "ln": f"ln({left})",
            "exp": f"exp(({left}) / 1000)", "^": f"({left}) ^ {self._chance.choice((2, 3, 0.5, 1.2))}",
        }.get(form, f"({left}) {form} ({right})")  # fmt: skip
        return f"{text} {self._chance.choice(('<', '<=', '>', '>='))} {self._chance.choice((0.5, 1, 2, 10, 50, 300))}"

    def _plain_quantity(self) -> Concept:
        return self._chance.choice(
            [c for c in self._by_kind["quantity"] if not c.unit.startswith("/") and c.unit != "degC"]
        )


def _plain(value: float) -> str:
    text = f"{value:.6g}"
    return f"{value:f}".rstrip("0").rstrip(".") if "e" in text else text


def _by_kind(vocabulary: Vocabulary) -> dict[str, list[Concept]]:
    cached = vocabulary.formula_cache.get("\0by kind")
    if isinstance(cached, dict):
        return cached
    found: dict[str, list[Concept]] = {}
    for concept in vocabulary:
        found.setdefault(concept.kind, []).append(concept)
    vocabulary.formula_cache["\0by kind"] = found
    return found
