"""A source of chance goes in; pairs of small random rules come out, which ask about the same few facts, and the questions to ask."""

import random
from datetime import UTC, datetime
from itertools import product

from eligibility import compile_trial
from eligibility.analysis.reasoner import Goal, asker_of
from eligibility.intervals import INFINITY
from eligibility.writing import Writer

AT = datetime(2024, 3, 4, 8, tzinfo=UTC)
THEMES = (
    ("tumor", "malignancy", "solid tumor", "lymphoma"), ("acute lung injury", "ARDS", "protective ventilation"),
    ("myocardial infarction", "acute myocardial infarction", "serious cardiopulmonary disease"),
    ("infection", "severe infectious disease", "septic shock", "sepsis"), ("pregnancy", "lactation", "planned pregnancy", "sex"),
    ("pulmonary hypertension", "pulmonary hypertension stage"), ("stroke", "acute cerebral infarction", "surgery"),
    ("PaO2/FiO2", "SOFA"), ("creatinine", "ALT"), ("NYHA class", "heart failure"), ("SpO2 on room air", "hemoglobin"),
)  # fmt: skip
DERIVED = (
    ("PaO2/FiO2", "PaO2", "FiO2"), ("BMI", "weight", "height"), ("SOFA change", "SOFA", "baseline SOFA"),
    ("driving pressure", "plateau pressure", "PEEP"), ("anion gap", "sodium", "chloride", "bicarbonate"), ("SpO2/FiO2", "SpO2", "FiO2"),
    ("mean arterial pressure", "systolic blood pressure", "diastolic blood pressure"), ("MELD", "total bilirubin", "INR", "creatinine"),
    ("oxygenation index", "mean airway pressure", "FiO2", "PaO2"), ("FIB-4", "AST", "platelets", "ALT"), ("eGFR", "creatinine"),
    ("A-a gradient", "FiO2", "PaCO2", "PaO2", "barometric pressure"), ("corrected calcium", "calcium", "albumin"),
)  # fmt: skip
ALWAYS = ("age", "informed consent", "first dose", "creatinine", "NYHA class", "malignancy", "stroke")
KINDS = (
    "_comparison", "_comparison", "_comparison", "_class", "_class", "_presence", "_presence", "_presence", "_onset", "_limit", "_change",
    "_attestation", "_arithmetic", "_age", "_judgement",
)  # fmt: skip


class Small(Writer):
    """Writes rules about few concepts and few thresholds, so that they meet each other."""

    def __init__(self, words, chance, deepest, names, plain, kinds):
        super().__init__(words, chance, deepest)
        self._by_kind = {}
        self._plainly = plain
        self._few = [getattr(self, name) for name in kinds]
        for name in names:
            concept = words[name]
            self._by_kind.setdefault(concept.kind, []).append(concept)

    def _atom(self):
        return self._chance.choice(self._few)()

    def _value(self, concept, share):
        span = concept.plausible or concept.possible
        low = max(span.low, -100.0) if span.low > -INFINITY else -100.0
        high = span.high if span.high < INFINITY else max(low, 1.0) * 10
        return float(f"{low + (high - low) * self._chance.choice((0.0, 0.25, 0.5, 0.75, 1.0)):.3g}")

    def _duration(self):
        return self._chance.choice(("24 hours", "3 days", "30 days", "1 month", "1 year"))

    def _plain_quantity(self):
        return self._chance.choice([c for c in self._by_kind["quantity"] if not c.unit.startswith("/")])

    def _limit(self):
        if not any(c.formula is None and c.possible.low >= 0 and c.unit != "degC" for c in self._by_kind["quantity"]):
            return self._comparison()
        return super()._limit()

    def _presence(self):
        text = super()._presence()
        while self._plainly and any(word in text for word in (" before ", " after ", "the next")):
            text = super()._presence()
        return text

    def _measured(self, concept):
        text = super()._measured(concept)
        while self._plainly and (" before " in text or " after " in text):
            text = super()._measured(concept)
        return text


class Case:
    """Two rules about the same few facts."""

    def __init__(self, seed, words, theme=None):
        self.chance = random.Random(seed)
        self.words = words
        self.plain = self.chance.random() < 0.6
        theme = [*(theme or self.chance.choice((*THEMES, self.chance.choice(DERIVED), self.chance.choice(DERIVED))))]
        self.derived = next((t[0] for t in DERIVED if tuple(theme) == t), None)
        found = {words[name].kind for name in theme}
        if not found & {"condition", "event"}:
            found.add("event")
            theme.append("malignancy")
        names = list(dict.fromkeys([*theme, *(name for name in ALWAYS if words[name].kind not in found)]))
        kinds = self.chance.sample(KINDS, self.chance.randint(1, 3))
        self.trials, self.texts = [], []
        for _ in range(2):
            writer = Small(words, self.chance, self.chance.choice((0, 1, 1, 2)), names, self.plain, kinds)
            text = writer.body()
            lines = "".join(f"    {line}\n" for line in text.splitlines())
            self.trials.append(
                compile_trial(f'trial PROOF "proof"\n\ninclude:\n  1 "case":\n{lines}', vocabulary=words)
            )
            self.texts.append(text)
        self.rules = [trial.criteria[0].rule for trial in self.trials]
        self.asker = asker_of(self.trials[0])

    def goals(self):
        """The questions: each rule met, not met, not made to be met; and the two together in every way."""
        first, second = self.rules
        sides = [
            [Goal(self.asker, rule, met, denied) for met, denied in ((True, False), (False, False), (True, True))]
            for rule in (first, second)
        ]
        return [[goal] for side in sides for goal in side] + [[a, b] for a, b in product(*sides)]

    def key(self, goals):
        """Which rule, met or not, denied or not."""
        return tuple((0 if goal.rule is self.rules[0] else 1, goal.met, goal.denied) for goal in goals)
