"""The answers of the language server, without a server: positions, words, hover, completion, definition, outline, formatting."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from eligibility.concept_words import describe, in_other_units, usual_units
from eligibility.files import bundled
from eligibility.language_server.completing import MOST_ITEMS, complete
from eligibility.language_server.defining import Declarations, definition
from eligibility.language_server.documents import MOST_SHOWN, Document
from eligibility.language_server.hovering import hover
from eligibility.language_server.outlining import outline
from eligibility.language_server.positions import Positions
from eligibility.language_server.words import words_of
from eligibility.layout import MOST_ERRORS
from eligibility.library import compile_trial
from eligibility.source import Span
from eligibility.vocabulary import Vocabulary, bundled_vocabulary

WORDS = bundled_vocabulary()
HEAD = 'trial T "t"\n\ninclude:\n'
DECLARED = Declarations(sorted(bundled("rules", "vocabulary").glob("*.toml")))
TRIALS = sorted(bundled("rules", "trials").glob("*.elig"))

# --- positions -------------------------------------------------------------------------------------------------------

TEXT = 'a😀b\r\n"é"\rx\n\u2028z\n'


@pytest.mark.parametrize(
    ("encoding", "offset", "position"),
    [
        ("utf-16", 0, (0, 0)), ("utf-16", 1, (0, 1)), ("utf-16", 2, (0, 3)), ("utf-16", 3, (0, 4)), ("utf-16", 5, (1, 0)),
        ("utf-16", 7, (1, 2)), ("utf-16", 9, (2, 0)), ("utf-16", 11, (3, 0)), ("utf-16", 12, (3, 1)), ("utf-16", 14, (4, 0)),
        ("utf-8", 2, (0, 5)), ("utf-8", 7, (1, 3)), ("utf-8", 12, (3, 3)), ("utf-32", 2, (0, 2)), ("utf-32", 7, (1, 2)),
    ],
)  # fmt: skip
def test_an_offset_and_its_position(encoding, offset: int, position: tuple[int, int]) -> None:
    positions = Positions(TEXT, encoding)
    assert positions.position(offset) == position
    assert positions.offset(*position) == offset


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_of_odd_texts_come_back(encoding) -> None:
    chance = random.Random(2)
    for _ in range(200):
        text = "".join(
            chance.choice(["a", "é", "€", "😀", "\n", "\r", "\r\n", "\ud800", "\u2028", "\x00", "\t"])
            for _ in range(30)
        )
        positions = Positions(text, encoding)
        for offset in range(len(text) + 1):
            if text[max(0, offset - 1) : offset + 1] == "\r\n":
                continue  # inside of the end of a line there is no position
            assert positions.offset(*positions.position(offset)) == offset, (text, offset)
        assert positions.count == len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@pytest.mark.parametrize("place", [(-1, 0), (99, 0), (0, 10**9), (0, -5), (3, 10**9), (10**9, 10**9)])
def test_positions_outside_are_led_to_the_nearest(place: tuple[int, int]) -> None:
    positions = Positions(TEXT)
    assert 0 <= positions.offset(*place) <= len(TEXT)


def test_half_of_a_surrogate_pair_is_the_character() -> None:
    assert Positions("a😀b").offset(0, 2) == 1


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("creatinine >= 442 umol/L", [("name", "creatinine"), ("sign", ">="), ("number", "442")]),
        ("no deep vein thrombosis within 3 months", [("word", "no"), ("name", "deep vein thrombosis"), ("word", "within"), ("number", "3")]),
        ("NYHA class in (III, IV)",
         [("name", "NYHA class"), ("word", "in"), ("sign", "("), ("value", "III"), ("sign", ","), ("value", "IV"), ("sign", ")")]),
        ('1 "malignancy": # stroke', [("number", "1"), ("string", '"malignancy"'), ("sign", ":"), ("comment", "# stroke")]),
        ("`creatinine` > 1", [("name", "`creatinine`"), ("sign", ">"), ("number", "1")]),
        ("type 2 diabetes", [("name", "type 2 diabetes")]),
        ("participation in another trial", [("name", "participation in another trial")]),
        ("25-hydroxyvitamin D < 3", [("word", "25-hydroxyvitamin"), ("word", "D"), ("sign", "<"), ("number", "3")]),
        ('"open text', [("string", '"open text')]),
        ("`open name", [("name", "`open name")]),
        ("", []),
    ],
)  # fmt: skip
def test_the_words_of_a_line(line: str, found: list[tuple[str, str]]) -> None:
    words = words_of(line, WORDS)
    shown = [(word.kind, word.text) for word in words]
    if "25-hydroxyvitamin" in line and WORDS.find("25-hydroxyvitamin D"):
        assert shown[0] == ("name", "25-hydroxyvitamin D")
    else:
        assert shown == found
    for word in words:
        assert line[word.start :].startswith(word.text)


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("platelets < 60 x 10^9/L and", "x 10^9/L"), ("PaO2 < 60 mm Hg or", "mm Hg"), ("creatinine > 3 mg/dL)", "mg/dL"),
        ("within 6 months", "months"), ("creatinine > 3 and", ""), ("creatinine > 3 mg/q", ""), ("INR > 3", ""),
    ],
)  # fmt: skip
def test_the_unit_of_a_number(line: str, unit: str) -> None:
    (number,) = [word for word in words_of(line, WORDS) if word.kind == "number"]
    assert number.unit == unit


def test_of_a_very_long_line_nothing_is_said() -> None:
    assert words_of("malignancy or " * 10_000, WORDS) == []


# --- hover -----------------------------------------------------------------------------------------------------------


def hovered(line: str, word: str) -> str:
    found = hover(Positions(line), line.index(word) + 1, WORDS)
    return found.text if found else ""


def test_hover_tells_what_a_name_is() -> None:
    text = hovered('  1 "a": serum creatinine >= 442 umol/L', "creatinine")
    assert text.startswith("**creatinine** (quantity)\n\nCreatinine in serum or plasma.")
    for line in (
        "- unit: `umol/L`",
        "- possible: 0 and above",
        "- LOINC: 2160-0",
        "- bare number: refused",
        "- source: ",
    ):
        assert line in text


def test_hover_tells_the_formula_and_its_source() -> None:
    text = hovered('  1 "a": MELD > 40', "MELD")
    assert "- formula: `3.78 * ln(max(total bilirubin" in text
    assert "- formula from: Kamath et al." in text


@pytest.mark.parametrize(
    ("line", "word", "told"),
    [
        ("creatinine >= 442 umol/L", "442", "- 4.9999 mg/dL"),  # molar mass 113.12 g/mol
        ("creatinine >= 5 mg/dL", "5", "- 442.008 umol/L"),
        ("temperature > 38 degC", "38", "- 100.4 degF"),
        ("PaO2 < 60 mmHg", "60", "- 7.99934 kPa"),
        ("200 < PaO2/FiO2 <= 300 mmHg", "300", "- 39.9967 kPa"),
        ("creatinine between 1 and 2 mg/dL", "2", "- 176.803 umol/L"),
        ("platelets < 60 x 10^9/L", "60", "- 60000 /uL"),
    ],
)
def test_hover_tells_a_threshold_in_other_units(line: str, word: str, told: str) -> None:
    assert told in hovered(line, word)


def test_hover_warns_of_what_is_not_plausible() -> None:
    assert "Outside of what is plausible: 5 to 7000 umol/L." in hovered("creatinine > 442 mg/dL", "442")
    assert "Outside" not in hovered("creatinine > 442 umol/L", "442")
    assert "Outside of what is possible: " in hovered("FiO2 > 150 %", "150")


def test_hover_tells_a_class_value() -> None:
    assert "value of `NYHA class`" in hovered("NYHA class in (III, IV)", "IV")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('1 "creatinine": x', "creatinine"), ("# creatinine", "creatinine"), ("unknown thing", "thing"), ("3 mg/dL", "3"),
        ("malignancy within 3 months", "3"), ("age >= 18 years", "18"), ("creatinine > 5 mmHg", "5"), ("x > 1e999 mg/dL", "1e999"),
        ("creatinine > 1e999 mg/dL", "1e999"),
    ],
)  # fmt: skip
def test_hover_says_nothing_where_there_is_nothing(line: str, word: str) -> None:
    assert hovered(line, word) == ""


def test_a_vocabulary_cannot_write_markup(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[concept."odd<b>"]\nkind = "attestation"\nabout = "![x](http://x) <script>"\nsource = "s"\n', encoding="utf-8"
    )
    text = hover(Positions("`odd<b>`"), 2, Vocabulary.load(path))
    assert text is not None
    assert "<script>" not in text.text.replace("\\<", "")
    assert "![" not in text.text


# --- completion ------------------------------------------------------------------------------------------------------


def offered(line: str) -> list[str]:
    return [item.label for item in complete(Positions(line), len(line), WORDS).items]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ('  1 "a": creatinine >= 442 ', ["umol/L", "mg/dL"]),
        ('  1 "a": creatinine >= 442 um', ["umol/L"]),
        ('  1 "a": 200 < PaO2/FiO2 <= 300 ', ["mmHg", "kPa"]),
        ('  1 "a": platelets < 60 ', ["x 10^9/L"]),
        ('  1 "a": age >= 18 ', ["years", "months"]),
        ('  1 "a": surgery within 3 ', ["hours", "days"]),
        ('  1 "a": time since onset of ARDS > 96 ', ["hours", "days"]),
        ('  1 "a": NYHA class is ', ["none", "I", "II", "III", "IV"]),
        ('  1 "a": NYHA class >= I', ["I", "II", "III", "IV"]),
        ('  1 "a": NYHA class in (III, ', ["none", "I", "II", "III", "IV"]),
        ('  1 "a": sex is not ', ["female", "male"]),
        ('  1 "a": deep ve', ["deep vein thrombosis", "deep venous thrombosis"]),
        ('  1 "a": malignancy or history of deep vein', ["deep vein thrombosis"]),
        ('  1 "a": no `deep', ["deep vein thrombosis"]),
        ('  1 "a": surgery within 3 days before first d', ["first dose"]),
        ('  1 "a": NYHA class ', ["is", "is not", "in ()", ">="]),
        ('  1 "a": malignancy ', ["within", "for at least", "and", "or"]),
        ("", ['trial ID "title"', "include:", "exclude:"]),
        ("exc", ["exclude:"]),
        ('  1 "a": ', ["all of:", "any of:"]),
        ("    - at le", ["at least 2 of:"]),
    ],
)  # fmt: skip
def test_what_is_offered_first(line: str, first: list[str]) -> None:
    assert offered(line)[: len(first)] == first


@pytest.mark.parametrize(
    "line", ['  1 "mali', "# mali", '  1 "a": judgement "is mali', '  1 "a": creatinine > 3 mg/dL # mali', "x" * 5000]
)
def test_nothing_is_offered_in_texts_and_comments(line: str) -> None:
    assert offered(line) == []


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ('  1 "a": history of ', {"condition", "event"}), ('  1 "a": rise in ', {"quantity"}), ('  1 "a": highest ', {"quantity", "class"}),
        ('  1 "a": surgery within 3 days after ', {"condition", "event", "milestone"}),
    ],
)  # fmt: skip
def test_only_kinds_that_fit_are_offered(line: str, kinds: set[str]) -> None:
    found = complete(Positions(line), len(line), WORDS)
    assert {WORDS.find(item.label).kind for item in found.items} <= kinds  # type: ignore[union-attr]  # they are declared
    assert len(found.items) <= MOST_ITEMS


def test_what_is_offered_is_written_where_it_was_begun() -> None:
    line = '  1 "a": no history of deep ve'
    item = complete(Positions(line), len(line), WORDS).items[0]
    made = line[: item.span.start] + item.text + line[item.span.end :]
    assert made == '  1 "a": no history of deep vein thrombosis'
    assert compile_trial(f"{HEAD}{made}\n").criteria


def test_every_name_can_be_completed_and_then_compiles() -> None:
    """A concept offered after its first letters stands as it must: in backticks where a keyword is in it."""
    for concept in WORDS:
        if concept.is_occurrence:
            line = f'  1 "a": no {concept.name[:-1]}' if not set(concept.name) & set("`") else ""
            items = [item for item in complete(Positions(line), len(line), WORDS).items if item.label == concept.name]
            for item in items[:1]:
                made = line[: item.span.start] + item.text + line[item.span.end :]
                assert compile_trial(f"{HEAD}{made}\n").criteria, made


# --- definition ------------------------------------------------------------------------------------------------------


def defined(line: str, word: str) -> str:
    place = definition(Positions(line), line.index(word), WORDS, DECLARED)
    return f"{place.path.name}: {place.text[place.span.start : place.span.end]}" if place else ""


@pytest.mark.parametrize(
    ("line", "word", "place"),
    [
        ("serum creatinine > 3 mg/dL", "serum", "chemistry.toml: [concept.creatinine]"),
        ("NYHA class is III", "NYHA", 'scores.toml: [concept."NYHA class"]'),
        ("NYHA class is III", "III", 'scores.toml: "III"'),
        ("surgery within 3 days before first dose", "dose", 'trial_conduct.toml: [concept."first dose"]'),
        ("unknown", "unknown", ""),
        ("and", "and", ""),
    ],
)
def test_where_a_word_is_declared(line: str, word: str, place: str) -> None:
    assert defined(line, word) == place


def test_every_concept_and_every_value_has_its_place() -> None:
    for concept in WORDS:
        place = DECLARED.concept(concept.name)
        assert place is not None, concept.name
        for value in concept.values:
            found = DECLARED.value(concept.name, value)
            assert found is not None
            assert found.text[found.span.start : found.span.end].strip("\"'") == value


def test_a_later_file_that_restates_a_concept_wins(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('\n\n[concept.creatinine]\nkind = "quantity"\n', encoding="utf-8")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    declared = Declarations(
        [*sorted(bundled("rules", "vocabulary").glob("*.toml")), mine, binary, tmp_path / "gone.toml"]
    )
    place = declared.concept("creatinine")
    assert place is not None
    assert place.path == mine
    assert Positions(place.text).position(place.span.start) == (2, 0)


# --- outline ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_the_outline_of_a_trial_has_its_criteria(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    trial = compile_trial(text)
    (root,) = outline(text)
    assert (root.name, root.detail) == (trial.id, trial.title)
    found = [f"{section.name}.{criterion.name}" for section in root.children for criterion in section.children]
    assert found == [criterion.address for criterion in trial]
    for section in root.children:
        for criterion in section.children:
            assert text[criterion.own.start : criterion.own.end] == criterion.name
            assert section.span.start <= criterion.span.start <= criterion.span.end <= section.span.end


@pytest.mark.parametrize(
    "text", ["", "\n\n", "trial", "include:", '  1 "a', "trial T", "\x00" * 100, 'trial T\ninclude:\n  1 "\n' * 3000]
)
def test_the_outline_of_what_is_half_typed(text: str) -> None:
    assert isinstance(outline(text), list)


# --- documents -------------------------------------------------------------------------------------------------------


def document(text: str) -> Document:
    return Document(text, "mine.elig", WORDS)


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_a_formatted_file_is_left_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert document(text).formatted() is None


@pytest.mark.parametrize(
    "text",
    [
        f'{HEAD}  1   "a":malignancy   and stroke # why\n\n\n', f'{HEAD}  1 "a": age ≥ 18 years', f'{HEAD}  1 "a": malignancy\n'.replace("\n", "\r\n"),
        f'\ufeff{HEAD}  1 "a":   malignancy\n', f'{HEAD}  1 "😀":   malignancy\n  2 "b": stroke\n',
    ],
)  # fmt: skip
def test_formatting_changes_what_has_to_change(text: str) -> None:
    found = document(text).formatted()
    assert found is not None
    span, new = found
    made = text[: span.start] + new + text[span.end :]
    assert document(made).formatted() is None
    assert compile_trial(made).criteria[0].rule == compile_trial(text).criteria[0].rule


def test_what_cannot_be_read_is_not_formatted() -> None:
    assert document(f'{HEAD}  1   "a":   age >=\n').formatted() is None
    assert document("").formatted() is None


def test_diagnostics_of_a_file_are_bounded() -> None:
    errors = HEAD + "".join(f'  {number} "a": unknown{number}\n' for number in range(1000))
    assert len(document(errors).diagnostics) == MOST_ERRORS
    warnings = HEAD + "".join(f'  {number} "a": stroke or sepsis and malignancy\n' for number in range(1000))
    assert len(document(warnings).diagnostics) == MOST_SHOWN


def test_fixes_touch_the_asked_place_alone() -> None:
    found = document(f'{HEAD}  1 "a": age => 18 years\n  2 "b": age =< 90 years\n')
    start = found.text.index("=>")
    assert [fix.title for _, fix in found.fixes_at(Span(start, start))] == ["Write `>=`"]
    assert [fix.title for _, fix in found.fixes_at(Span(0, len(found.text)))] == ["Write `>=`", "Write `<=`"]
    assert found.fixes_at(Span(0, 1)) == []


def test_a_byte_order_mark_moves_every_place() -> None:
    found = document(f'\ufeff{HEAD}  1 "a": age => 18 years\n')
    (told,) = found.diagnostics
    place = found.place(told.span)
    assert found.text[place.start : place.end] == "=>"


# --- what is declared of a concept -----------------------------------------------------------------------------------


def test_every_concept_can_be_described() -> None:
    for concept in WORDS:
        rows = dict(describe(concept, WORDS))
        assert rows["kind"] == concept.kind
        assert rows["about"]
        assert rows["source"]
        assert all(isinstance(value, str) and value for value in rows.values()), concept.name
        if concept.kind == "quantity":
            assert usual_units(concept, WORDS)[0][0] == concept.unit


def test_other_units_are_exact() -> None:
    glucose = WORDS["glucose"]
    assert "18.0156 mg/dL" in in_other_units(glucose, WORDS, Fraction(1), "mmol/L") or glucose.measure is not None
    assert in_other_units(glucose, WORDS, Fraction(1), "mmHg") == []


# --- anything at all -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_answers_of_broken_texts_never_raise(seed: int) -> None:
    chance = random.Random(seed)
    text = TRIALS[seed % len(TRIALS)].read_text(encoding="utf-8")[: chance.randint(50, 1500)]
    for _ in range(chance.randint(1, 30)):
        place = chance.randrange(len(text) + 1)
        odd = chance.choice(
            ["", "(", '"', "`", "\t", "\r", "😀", "\ud83d", "\x00", " within 3", "e999", "#", "\u2028", "1e400 mg/dL"]
        )
        text = text[:place] + odd + text[place + chance.randint(0, 5) :]
    found = document(text)
    for _ in range(30):
        offset = found.positions.offset(chance.randint(-1, 40), chance.randint(-1, 90))
        hover(found.positions, offset, WORDS)
        definition(found.positions, offset, WORDS, DECLARED)
        complete(found.positions, offset, WORDS)
    outline(text)
    found.formatted()
    found.fixes_at(Span(0, len(text)))
    for told in found.diagnostics:
        found.positions.range(found.place(told.span))
