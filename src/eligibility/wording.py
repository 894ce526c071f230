"""Numbers, regions, thresholds and windows go in; the words of reasons come out."""

from __future__ import annotations

from eligibility import rules
from eligibility.facts import Facts
from eligibility.instants import EARLIEST, Span, iso, show
from eligibility.intervals import INFINITY, Interval, same
from eligibility.units import Scale

_RELATION = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}


def number(value: float, beside: float | None = None) -> str:
    """A number with six digits, or more where six would make it look equal to the one that it is compared with."""
    for digits in (6, 9, 12, 15):
        text = f"{value:.{digits}g}"
        if beside is None or same(value, beside) or float(text) != float(f"{beside:.{digits}g}"):
            break
    if "e" in text and 1e-6 <= abs(value) < 1e15:
        text = f"{value:.15f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"
    return text


def with_unit(text: str, unit: str) -> str:
    """`82 mmHg`, `93 %`; nothing behind a score."""
    return f"{text} {unit}" if unit and unit != "1" else text


def converted(x: Interval, line: Scale) -> Interval:
    """An interval on the scale of the rule."""

    def end(value: float) -> float:
        return value if abs(value) == INFINITY else float(line.factor) * value + float(line.offset)

    return Interval(end(x.low), end(x.high), x.low_open, x.high_open)


def region(x: Interval, unit: str, beside: float | None = None) -> str:
    """`82 mmHg`, `below 0.05 ng/mL`, `5 to 10 mg/L`; `not known` where nothing is."""
    low, high = number(x.low, beside), number(x.high, beside)
    if x.is_point or (low == high and not (x.low_open or x.high_open)):
        return with_unit(low, unit)
    if x.high == INFINITY:
        if x.low == -INFINITY or (x.low == 0 and not x.low_open):
            return "not known"
        return f"{'above' if x.low_open else 'at least'} {with_unit(low, unit)}"
    if x.low == -INFINITY or (x.low == 0 and not x.low_open):
        return f"{'below' if x.high_open else 'at most'} {with_unit(high, unit)}"
    return f"{'above ' if x.low_open else ''}{low} to {'below ' if x.high_open else ''}{with_unit(high, unit)}"


def threshold(bounds: tuple[rules.Bound, ...]) -> str:
    """`below 200 mmHg`, `above 200 mmHg and at most 300 mmHg`."""
    return " and ".join(f"{_RELATION[bound.operator]} {bound.shown}" for bound in bounds)


def limit_threshold(atom: rules.LimitComparison) -> str:
    """`at least 5 x ULN`"""
    return f"{_RELATION[atom.operator]} {number(atom.multiple)} x {'ULN' if atom.upper else 'LLN'}"


def elapsed_threshold(atom: rules.Elapsed) -> str:
    """`more than 96 hours`"""
    said = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
    return " and ".join(f"{said[operator]} {duration.text}" for operator, duration in atom.bounds)


def window_words(window: rules.Window | None) -> str:
    """`within 28 days before first dose`, `after protective ventilation`."""
    if window is None:
        return ""
    parts = []
    if window.duration is not None:
        parts.append(f"within {'the next ' if window.ahead else ''}{window.duration.text}")
    parts += [f"{'after' if anchor.after else 'before'} {anchor.concept.name}" for anchor in window.anchors]
    return " ".join(parts)


def measure_name(number: rules.Measured | rules.Changed | rules.LimitComparison | rules.InClass) -> str:
    """`highest lactate within 24 hours`, `rise in creatinine over 28 hours within 7 days`."""
    window = window_words(number.window)
    if isinstance(number, rules.Changed):
        head = f"{'rise' if number.rise else 'fall'} in {number.concept.name} over {number.over.text}"
    else:
        head = number.concept.name if number.selection == "latest" else f"{number.selection} {number.concept.name}"
    return f"{head} {window}".strip()


def when_known(facts: Facts, span: Span) -> str:
    """When something was, as far as it is known."""
    return "undated" if span.is_undated and span.last >= facts.at else show(span, facts.zone)


def date_of(facts: Facts, span: Span) -> str:
    """A span for evidence: an instant in ISO 8601, or the days that it covers."""
    if span.first == span.last:
        return iso(span.first, facts.zone)
    return "undated" if span.first <= EARLIEST and span.last >= facts.at else show(span, facts.zone)


def joined(sentences: list[str], link: str = "; ") -> str:
    """Clauses as one sentence."""
    text = link.join(sentences)
    first = text.split(" ", 1)[0].split(":", 1)[0]
    plain = first.replace("-", "").isalpha() and first.islower()  # `eGFR` and `pH` keep their letters
    if plain or first.endswith("'s"):
        text = f"{text[:1].upper()}{text[1:]}"
    return f"{text}." if text else ""
