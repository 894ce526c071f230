"""What is kept on disk is what was compiled; whatever is wrong with the disk, the answers are the same."""

import json
import os
import random
import stat
import subprocess
import sys
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest

from eligibility import (
    RuleError,
    UsageError,
    Vocabulary,
    VocabularyError,
    cache,
    compile_trial,
    library,
    load_trials,
    screen,
)
from eligibility import vocabulary as vocabularies
from eligibility.codec import Codec, Foreign
from eligibility.formulas import check_formula, proved_formulas
from eligibility.instants import Duration
from eligibility.intervals import INFINITY, Interval
from eligibility.library import Trial
from eligibility.saved_rules import rules_codec
from eligibility.source import Span
from eligibility.units import Scale, Unit
from eligibility.vocabulary import bundled_vocabulary
from eligibility.writing import CONSTRUCTS, Writer

AT = "2024-03-04T08:00Z"
RULE = 'trial T1 "title"\n\ninclude:\n  1 "one": malignancy or infection and sepsis\n  2 "two": PaO2/FiO2 < 200 mmHg\n'
WORDS = '[concept."test score"]\nkind = "quantity"\nabout = "A score."\nsource = "none"\nunit = "1"\nbare = "1"\ncurrent_for = "7 days"\n'


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A cache of its own, in a folder that is not there yet."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def rule(tmp_path):
    path = tmp_path / "one.elig"
    path.write_text(RULE, encoding="utf-8")
    return path


def entries(place, kind=""):
    return sorted(place.glob(f"{kind}*.json"))


def no_compiler(monkeypatch):
    """From here on nothing can be compiled: what comes out was kept."""

    def refuse(*_, **__):
        raise AssertionError("this was compiled")

    monkeypatch.setattr(library, "diagnose", refuse)
    monkeypatch.setattr("eligibility.vocabulary_files.read_contents", refuse)


def written(trials):
    codec = rules_codec(trials[0].vocabulary, [trial.source for trial in trials], [Trial])
    return codec.encode(tuple(trials))


# --- the codec -------------------------------------------------------------------------------------------------------


def test_random_rules_come_back_as_they_were():
    words, used = bundled_vocabulary(), set()
    for seed in range(400):
        writer = Writer(words, random.Random(seed), 3)
        body = "".join(f"    {line}\n" for line in writer.body().splitlines())
        used |= set(writer.used)
        trial = compile_trial(f'trial T "t"\n  values "30 days"\n\ninclude:\n  1 "one":\n{body}')
        codec = rules_codec(words, [trial.source], [Trial])
        text = json.dumps(codec.encode(trial), allow_nan=False)
        back = codec.decode("Trial", json.loads(text))
        assert back == trial
        assert (
            json.dumps(codec.encode(back)) == text
        )  # spans and sources too, which do not count when rules are compared
        assert back.source is trial.source
        assert back.vocabulary is words
        assert hash(back.criteria[0].rule) == hash(trial.criteria[0].rule)
    assert used == set(CONSTRUCTS)


def test_every_formula_comes_back_as_it_was():
    words = bundled_vocabulary()
    codec = rules_codec(words)
    formulas = proved_formulas(words)
    assert formulas
    for formula in formulas.values():
        assert codec.decode("Formula", json.loads(json.dumps(codec.encode(formula)))) == formula


def test_the_vocabulary_comes_back_as_it_was():
    words = bundled_vocabulary()
    codec = vocabularies._CODEC
    concepts = codec.decode("tuple[Concept, ...]", json.loads(json.dumps(codec.encode(tuple(words)), allow_nan=False)))
    units = codec.decode("UnitTable", json.loads(json.dumps(codec.encode(words.units))))
    assert [vars(concept) for concept in concepts] == [vars(concept) for concept in words]
    assert (units.symbols, units.aliases, units.hints) == (words.units.symbols, words.units.aliases, words.units.hints)
    assert [unit.text for unit in units.symbols.values()] == [unit.text for unit in words.units.symbols.values()]
    assert units.read("mL/min/1.73m^2") == words.units.read("mL/min/1.73m^2")


PLAIN = Codec((Span, Duration, Interval, Scale, Unit), {"Dimensions": "tuple[tuple[str, int], ...]"})


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("Interval", Interval(-INFINITY, INFINITY, True, True)),
        ("Interval | None", None),
        ("Interval | None", Interval(0.1, 1e300)),
        ("Scale", Scale(Fraction(-7, 3), Fraction(10**40, 3))),
        ("Unit", Unit("mg/dL", Fraction(1, 100), (("[mass]", 1), ("[length]", -3)))),
        ("tuple[Span, ...]", (Span(0, 1), Span(2, 3))),
        ("tuple[Span, Duration]", (Span(0, 1), Duration("1 hour", exact=3_600_000_000))),
        ("frozenset[int]", frozenset({3, 1, 2})),
        ("Mapping[str, tuple[str, ...]]", {"loinc": ("1-8", "µ")}),
        ("Span | str", "text"),
        ("Span | str", Span(1, 2)),
        ("tuple[tuple[str, int], ...]", ()),
    ],
)
def test_values_come_back(annotation, value):
    assert PLAIN.decode(annotation, json.loads(json.dumps(PLAIN.encode(value), allow_nan=False))) == value


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("Span", None), ("Span", []), ("Span", ["Span", 1]), ("Span", ["Span", 1, 2, 3]), ("Span", ["Span", 1, "2"]),
        ("Span", ["Span", 1, 2.0]), ("Span", ["Span", True, 2]), ("Span", ["Duration", "a", 1, 2]), ("Span", {"Span": 1}),
        ("Span", [["Span"], 1, 2]), ("Span | None", ["Popen", "x", 1]), ("Span | None", 3), ("Span | None", []),
        ("Interval", ["Interval", "nan", 1.0, False, False]), ("Interval", ["Interval", 0.0, None, False, False]),
        ("Interval", ["Interval", 0.0, 1.0, 0, 1]), ("Scale", ["Scale", "1/0", "0/1"]), ("Scale", ["Scale", "1", "0/1"]),
        ("Scale", ["Scale", 1, "0/1"]), ("Scale", ["Scale", "1 /2", "0/1"]), ("Scale", ["Scale", "9" * 500 + "/1", "0/1"]),
        ("Unit", ["Unit", "g", "1/1", [["[mass]"]], [], [], "0/1"]), ("Unit", ["Unit", "g", "1/1", "ab", [], [], "0/1"]),
        ("tuple[int, ...]", [1, "2"]), ("tuple[int, ...]", "12"), ("frozenset[int]", [[1]]), ("Mapping[str, int]", [1]),
        ("Mapping[str, int]", {"a": None}), ('Literal["a", "b"]', "c"), ('Literal["a", "b"]', 1), ("bool", 1), ("int", True),
        ("str", 1), ("float", "1"), ("float", True), ("Fraction", None),
    ],
)  # fmt: skip
def test_what_was_not_written_by_the_codec_is_refused(annotation, value):
    with pytest.raises(Foreign):
        PLAIN.decode(annotation, value)


@pytest.mark.parametrize("value", [object(), {1: "a"}, Path("."), b"bytes", Foreign, 1j])
def test_what_is_not_on_the_list_is_not_written(value):
    with pytest.raises(Foreign):
        PLAIN.encode(value)


@pytest.mark.parametrize("annotation", ["Popen", "list[int]", "Callable[[], None]", "str | int", "tuple[Path, ...]"])
def test_an_annotation_that_the_codec_does_not_know_is_a_mistake_of_ours(annotation):
    with pytest.raises(TypeError):
        PLAIN.decode(annotation, [])


def test_concepts_are_those_of_the_vocabulary():
    words = bundled_vocabulary()
    other = Vocabulary(list(words)[:3], words.units)
    trial = compile_trial(RULE)
    with pytest.raises(Foreign):
        rules_codec(other, [trial.source], [Trial]).encode(trial)
    kept = rules_codec(words, [trial.source], [Trial]).encode(trial)
    with pytest.raises(Foreign):
        rules_codec(other, [trial.source], [Trial]).decode("Trial", kept)
    with pytest.raises(Foreign):
        rules_codec(words, [], [Trial]).decode("Trial", kept)  # a source that is not there
    with pytest.raises(Foreign):
        rules_codec(words, [], [Trial]).encode(trial)


# --- the cache of trials and vocabularies ----------------------------------------------------------------------------


def test_kept_trials_are_the_compiled_ones(place, rule, monkeypatch):
    compiled = load_trials(rule)
    assert len(entries(place, "trials-")) == 1
    no_compiler(monkeypatch)
    kept = load_trials(rule)
    assert kept[0].criteria == compiled[0].criteria
    assert written(kept) == written(compiled)
    assert [str(warning) for warning in kept[0].warnings] == [str(warning) for warning in compiled[0].warnings] != []
    patient = {"PaO2": "82 mmHg", "FiO2": "45 %", "malignancy": False}
    assert screen(patient, kept, at=AT).to_json() == screen(patient, compiled, at=AT).to_json()


def test_a_kept_vocabulary_of_one_s_own(place, rule, tmp_path, monkeypatch):
    (tmp_path / "words.toml").write_text(WORDS, encoding="utf-8")
    rule.write_text(RULE + '  3 "three": test score > 3 and BMI < 30 kg/m^2\n', encoding="utf-8")
    first = Vocabulary.load(tmp_path / "words.toml")
    compiled = load_trials(rule, vocabulary=first)
    no_compiler(monkeypatch)
    second = Vocabulary.load(tmp_path / "words.toml")
    assert [vars(concept) for concept in second] == [vars(concept) for concept in first]
    kept = load_trials(rule, vocabulary=second)
    assert written(kept) == written(compiled)
    monkeypatch.setattr("eligibility.formula_compiler.compile_formula", None)
    assert check_formula(second, second["BMI"]) == check_formula(first, first["BMI"])


def test_another_text_is_compiled_anew(place, rule):
    load_trials(rule)
    rule.write_text(RULE.replace("200 mmHg", "300 mmHg"), encoding="utf-8")
    (trial,) = load_trials(rule)
    assert trial.criteria[1].rule.bounds[0].shown == "300 mmHg"
    assert len(entries(place, "trials-")) == 2


def test_another_name_of_the_file_is_another_entry(place, rule):
    load_trials(rule)
    moved = rule.rename(rule.with_name("two.elig"))
    (trial,) = load_trials(moved)
    assert trial.source.name == "two.elig"
    assert trial.warnings[0].source.name == "two.elig"


def test_another_vocabulary_is_another_entry(place, rule, tmp_path):
    (tmp_path / "words.toml").write_text(WORDS, encoding="utf-8")
    load_trials(rule, vocabulary=Vocabulary.load(tmp_path / "words.toml"))
    (tmp_path / "words.toml").write_text(WORDS.replace("7 days", "8 days"), encoding="utf-8")
    words = Vocabulary.load(tmp_path / "words.toml")
    assert words["test score"].current_for.text == "8 days"
    load_trials(rule, vocabulary=words)
    assert len(entries(place, "trials-")) == 2


def test_a_vocabulary_made_by_hand_is_not_kept(place, rule):
    words = bundled_vocabulary()
    load_trials(rule, vocabulary=Vocabulary(words, words.units))
    assert entries(place) == []


def test_what_does_not_compile_is_not_kept(place, rule, tmp_path):
    rule.write_text(RULE.replace("malignancy", "malignant"), encoding="utf-8")
    (tmp_path / "words.toml").write_text('[concept."test score"]\nkind = "quantity"\n', encoding="utf-8")
    for _ in range(2):
        with pytest.raises(RuleError, match="malignant"):
            load_trials(rule)
        with pytest.raises(VocabularyError):
            Vocabulary.load(tmp_path / "words.toml")
    assert entries(place) == []


def test_twins_are_refused_each_time(place, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.elig").write_text(RULE, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(UsageError, match="two trials"):
            load_trials(tmp_path)


def test_the_program_is_part_of_the_key(monkeypatch):
    key = cache.key_for(b"a")
    assert key == cache.key_for(b"a") != cache.key_for(b"b")
    assert cache.key_for(b"a", b"bc") != cache.key_for(b"ab", b"c")
    monkeypatch.setattr(cache, "_program", lambda: b"another version")
    assert cache.key_for(b"a") != key


# --- files that cannot be trusted ------------------------------------------------------------------------------------


def damaged(entry):
    content = entry.read_bytes()
    yield "empty", b""
    yield "cut", content[: len(content) // 2]
    yield "cut after the head", content[: content.index(b"\n") + 1]
    yield "one letter changed", content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]
    yield "longer", content + b"]"
    yield "no text", bytes(range(256)) * 40
    yield "another key", content.replace(b"cache 1 ", b"cache 1 0", 1)
    for body in (
        b"[]",
        b"null",
        b"{}",
        b'[["Trial"],{}]',
        b"[[],[]]",
        b'[[["os.system","x"]],{}]',
        b"[" * 100_000,
        b"\xff",
    ):
        yield f"well signed {body[:20]!r}", cache._head(key_of(entry), body) + b"\n" + body


def key_of(entry):
    return entry.stem.partition("-")[2]


def test_a_damaged_or_foreign_file_is_ignored_and_rewritten(place, rule):
    compiled = load_trials(rule)
    (entry,) = entries(place, "trials-")
    good = entry.read_bytes()
    for what, content in list(damaged(entry)):
        entry.write_bytes(content)
        assert written(load_trials(rule)) == written(compiled), what
        assert entry.read_bytes() == good, what


def test_a_damaged_vocabulary_is_ignored_and_rewritten(place, tmp_path):
    (tmp_path / "words.toml").write_text(WORDS, encoding="utf-8")
    Vocabulary.load(tmp_path / "words.toml")
    (entry,) = entries(place, "vocabulary-")
    good = entry.read_bytes()
    for what, content in list(damaged(entry))[:9]:
        entry.write_bytes(content)
        assert "test score" in Vocabulary.load(tmp_path / "words.toml").concepts, what
        assert entry.read_bytes() == good, what


def test_an_entry_of_the_right_form_that_names_what_is_not_there(place, rule):
    load_trials(rule)
    (entry,) = entries(place, "trials-")
    body = entry.read_bytes().partition(b"\n")[2].replace(b'"malignancy"', b'"no such name"', 1)
    entry.write_bytes(cache._head(key_of(entry), body) + b"\n" + body)
    (trial,) = load_trials(rule)
    assert trial.criteria == compile_trial(RULE).criteria


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner and mode here")
def test_a_file_that_others_may_write_is_not_read(place):
    cache.keep("trials", "k", [1])
    assert cache.fetch("trials", "k") == [1]
    (entry,) = entries(place)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    for mode in (0o620, 0o602, 0o666):
        entry.chmod(mode)
        assert cache.fetch("trials", "k") is None
    entry.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(entry, 12345, -1)
        assert cache.fetch("trials", "k") is None


# --- places ----------------------------------------------------------------------------------------------------------


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.folder() == tmp_path / ".cache" / "eligibility"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache.folder() == tmp_path / "x" / "eligibility"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the standard says to ignore
    assert cache.folder() == tmp_path / ".cache" / "eligibility"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.folder() == tmp_path / "Library" / "Caches" / "eligibility"
    for word in ("off", "OFF", "0", "no"):
        monkeypatch.setenv(cache.VARIABLE, word)
        assert cache.folder() is None
    monkeypatch.setenv(cache.VARIABLE, "elsewhere")
    assert cache.folder() == Path("elsewhere")


def test_off_means_off(rule, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert load_trials(rule)[0].criteria == load_trials(rule)[0].criteria
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", ["a file stands there", "below a file", "a folder stands in the place of the entry"])
def test_no_place_to_write(kind, rule, tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    if kind == "a folder stands in the place of the entry":
        monkeypatch.setenv(cache.VARIABLE, str(blocked))
        load_trials(rule)
        (entry,) = entries(blocked, "trials-")
        entry.unlink()
        entry.mkdir()
        (entry / "content").touch()
    else:
        blocked.touch()
        monkeypatch.setenv(cache.VARIABLE, str(blocked if kind == "a file stands there" else blocked / "cache"))
    assert load_trials(rule)[0].id == "T1"
    assert load_trials(rule)[0].id == "T1"
    assert blocked.is_file() or not [path for path in blocked.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("fault", [PermissionError(13, "Permission denied"), OSError(28, "No space left on device")])
def test_a_disk_that_refuses(place, rule, monkeypatch, fault):
    def refuse(*_, **__):
        raise fault

    monkeypatch.setattr(os, "replace", refuse)
    assert load_trials(rule)[0].id == "T1"
    assert list(place.iterdir()) == []  # nothing is left behind
    monkeypatch.setattr(os, "open", refuse)
    assert load_trials(rule)[0].id == "T1"


def test_only_the_newest_entries_stay(place):
    (place / "strange.txt").parent.mkdir()
    (place / "strange.txt").touch()
    for number in range(cache.MOST_ENTRIES + 5):
        cache.keep("trials", f"k{number}", number)
        os.utime(place / f"trials-k{number}.json", ns=(number, number))
    cache.keep("trials", "last", 0)
    assert len(entries(place)) == cache.MOST_ENTRIES
    assert cache.fetch("trials", "last") == 0
    assert cache.fetch("trials", "k0") is None
    assert (place / "strange.txt").exists()  # what is not ours is not touched


def test_many_writers_and_readers_at_once(place, rule):
    program = (
        "import sys; from eligibility import load_trials\n"
        "for _ in range(3): assert load_trials(sys.argv[1])[0].id == 'T1'\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(rule)], stderr=subprocess.PIPE, env={**os.environ})
        for _ in range(4)
    ]
    for process in running:
        assert process.communicate(timeout=120)[1] == b""
        assert process.returncode == 0
    assert len(entries(place, "trials-")) == len(entries(place, "vocabulary-")) == 1
    assert not [path for path in place.iterdir() if path.name.startswith(".")]


def test_the_codec_knows_every_class_of_rules():
    from eligibility import rules

    codec = rules_codec(bundled_vocabulary())
    for name, found in vars(rules).items():
        if isinstance(found, type) and found.__module__ == rules.__name__ and hasattr(found, "__dataclass_fields__"):
            assert fields(found)
            with pytest.raises(Foreign):
                codec.decode(name, ["Popen"])


def test_the_other_places_of_a_diagnostic_come_back():
    from eligibility.library import diagnose

    text = 'trial T "t"\n\ninclude:\n  1 "a": malignancy\n  1 "b": infection\n'
    (found,) = diagnose(text)[1]
    assert found.related
    codec = rules_codec(bundled_vocabulary(), [found.source])
    assert str(codec.decode("Diagnostic", codec.encode(found))) == str(found)
