"""A set of compiled trials that was saved is the same when it is loaded; any other file is refused with a message."""

import gc
import json
import os
import random
from hashlib import blake2b

import pytest

import many_trials
from eligibility import (
    Screener,
    Trial,
    UsageError,
    Vocabulary,
    compile_trial,
    library,
    load_trials,
    saved_sets,
    screen,
    screener,
)
from eligibility.vocabulary import bundled_vocabulary
from eligibility.writing import Writer
from properties import AT

STAMP = AT.isoformat()
WORDS = '[concept."test score"]\nkind = "quantity"\nabout = "A score."\nsource = "none"\nunit = "1"\nbare = "1"\ncurrent_for = "7 days"\n'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "set.trials"


@pytest.fixture
def no_compiler(monkeypatch):
    """From here on nothing can be compiled: what comes out was saved."""

    def refuse(*_, **__):
        raise AssertionError("this was compiled")

    return lambda: monkeypatch.setattr(library, "diagnose", refuse)


def test_the_bundled_trials_come_back_with_their_reasons(path, no_compiler):
    compiled = Screener()
    compiled.save(path)
    no_compiler()
    loaded = Screener.load(path)
    patient = {"PaO2": "82 mmHg", "FiO2": "45 %", "malignancy": False, "age": "54 years", "creatinine": "<500 umol/L"}
    assert loaded.screen(patient, at=STAMP).to_json() == compiled.screen(patient, at=STAMP).to_json()
    assert [trial.source.text for trial in loaded.trials] == [trial.source.text for trial in compiled.trials]


def test_random_trials_come_back_as_they_were(path):
    trials = []
    for seed in range(60):
        body = "".join(
            f"    {line}\n" for line in Writer(bundled_vocabulary(), random.Random(seed), 3).body().splitlines()
        )
        trials.append(compile_trial(f'trial T{seed} "t"\n  values "30 days"\n\ninclude:\n  1 "one":\n{body}'))
    Screener(trials).save(path)
    found = Screener.load(path).trials
    assert found == tuple(trials)
    assert [str(w) for trial in found for w in trial.warnings] == [str(w) for trial in trials for w in trial.warnings]


def test_an_index_comes_back_and_takes_trials_in(path):
    made = many_trials.make(screener.FEW + 20, 3)
    compiled = Screener(made.trials[:-1])
    compiled.withdraw("RND00002")
    compiled.save(path)
    loaded = Screener.load(path)
    loaded.add(made.trials[-1])
    compiled.add(made.trials[-1])
    for patient in many_trials.patients(many_trials.Registry(3), 6, 4):
        expected = {trial.id: trial.verdict for trial in screen(patient, loaded.trials, at=STAMP)}
        assert dict(loaded.verdicts(loaded.prepare(patient, at=STAMP))) == expected
        assert dict(compiled.verdicts(compiled.prepare(patient, at=STAMP))) == expected
    assert "RND00002" not in expected


def test_no_trials_at_all(path):
    Screener([]).save(path)
    assert Screener.load(path).trials == ()


def test_trials_that_share_a_text(path):
    (trial, *_) = load_trials()
    twin = Trial("TWIN", "twin", trial.criteria, source=trial.source, warnings=trial.warnings)
    Screener([trial, twin]).save(path)
    assert Screener.load(path).trials == (trial, twin)


def test_a_vocabulary_of_one_s_own(path, tmp_path):
    (tmp_path / "words.toml").write_text(WORDS, encoding="utf-8")
    words = Vocabulary.load(tmp_path / "words.toml")
    trial = compile_trial('trial A "a"\n\ninclude:\n  1 "one": test score > 3 and BMI < 30 kg/m^2\n', vocabulary=words)
    Screener([trial]).save(path)
    with pytest.raises(UsageError, match="another vocabulary; load it with that one"):
        Screener.load(path)
    again = Vocabulary.load(tmp_path / "words.toml")
    loaded = Screener.load(path, vocabulary=again)
    assert loaded.screen({"test score": 4, "BMI": "20 kg/m^2"})["A"].verdict == "eligible"
    by_hand = Vocabulary(words, words.units)  # it says the same
    assert (
        Screener.load(path, vocabulary=by_hand).screen({"test score": 3, "BMI": "20 kg/m^2"})["A"].verdict
        == "ineligible"
    )
    (tmp_path / "words.toml").write_text(WORDS.replace("7 days", "8 days"), encoding="utf-8")
    with pytest.raises(UsageError, match="another vocabulary"):
        Screener.load(path, vocabulary=Vocabulary.load(tmp_path / "words.toml"))


def signed(body, head):
    *said, _ = head.split(b" ")
    return b" ".join([*said, blake2b(body, digest_size=20).hexdigest().encode()]) + b"\n" + body


def other_files(good):
    head, _, body = good.partition(b"\n")
    lines = body.splitlines(keepends=True)
    yield "no saved set", b""
    yield "no saved set", b'trial A "a"\n\ninclude:\n  1 "one": malignancy\n'
    yield "no saved set", b"\x80\x04\x95" + bytes(range(256)) * 9  # a pickle
    yield "no saved set", head[:30]
    yield "no saved set", b"eligibility cache 1 abc def\n[]"
    yield "no saved set", b"eligibility trials 1 0.1.0\n" + body
    yield "is damaged", good[:-1]
    yield "is damaged", good[: len(head) + 1]
    yield "is damaged", head
    yield "is damaged", good + b"\n"
    yield "is damaged", good[:-9] + bytes([good[-9] ^ 1]) + good[-8:]
    yield "is damaged", head + b"\n" + b"".join(lines[:-1])
    yield "another version", good.replace(b"trials 1 ", b"trials 2 ", 1)
    yield "another version", good.replace(b"trials 1 ", b"trials 1 9", 1)
    for wrong in (
        b"", b"null\n", b"{}\n", b"[]\n", b"{}\n[]\n", b"[" * 100_000 + b"\n", b"\xff\n", b"{}\n" * 3, lines[0] + b"[1,2,3]\n",
        lines[0] + b'["a","b",["Popen","ls"]]\n', b"{}\n" + b"".join(lines[1:]), lines[0] + lines[1].replace(b"Criterion", b"Criteria"),
        lines[0] + lines[1].replace(b'["Span",', b'["Span",NaN,', 1), lines[0] + lines[1].replace(b'["Span",', b'["Span","1",', 1),
    ):  # fmt: skip
        yield "holds what no set", signed(wrong, head)


def test_any_other_file_is_refused_with_a_message(path):
    Screener([compile_trial('trial A "a"\n\ninclude:\n  1 "one": malignancy\n')]).save(path)
    good = path.read_bytes()
    for why, content in other_files(good):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=why) as found:
            Screener.load(path)
        assert str(found.value).startswith("set.trials: ")
        assert "compile the rule files again" in str(found.value)
        assert gc.isenabled()


def test_every_byte_counts(path):
    Screener([compile_trial('trial A "a"\n\ninclude:\n  1 "one": malignancy\n')]).save(path)
    good, chance = path.read_bytes(), random.Random(1)
    for place in [*range(170), *(chance.randrange(len(good)) for _ in range(200))]:
        path.write_bytes(good[:place] + bytes([good[place] ^ 1 << chance.randrange(8)]) + good[place + 1 :])
        with pytest.raises(UsageError):
            Screener.load(path)


def test_two_trials_of_one_id_are_refused(path):
    Screener([compile_trial('trial A "a"\n\ninclude:\n  1 "one": malignancy\n')]).save(path)
    head, _, body = path.read_bytes().partition(b"\n")
    formulas, trial = body.splitlines(keepends=True)
    path.write_bytes(signed(formulas + trial * 2, head))
    with pytest.raises(UsageError, match="two trials"):
        Screener.load(path)


def test_nothing_there_and_no_place_to_write(path, tmp_path):
    with pytest.raises(UsageError, match=r"set\.trials: cannot be read: No such file"):
        Screener.load(path)
    with pytest.raises(UsageError, match="cannot be read"):
        Screener.load(tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        Screener().save(tmp_path / "nowhere" / "set")
    with pytest.raises(UsageError, match="cannot be written"):
        Screener().save(tmp_path)


def test_a_disk_that_refuses_leaves_the_old_file(path, monkeypatch):
    Screener(["XHNKKY-DDSC"]).save(path)
    good = path.read_bytes()

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(UsageError, match=r"set\.trials: cannot be written: No space"):
        Screener().save(path)
    assert path.read_bytes() == good
    assert list(path.parent.iterdir()) == [path]  # nothing is left behind


def test_another_state_of_the_sources_is_another_version(path, monkeypatch):
    Screener(["XHNKKY-DDSC"]).save(path)
    assert json.loads(path.read_bytes().splitlines()[1])
    monkeypatch.setattr(saved_sets, "_program", lambda: b"0.1.1-0123456789abcdef")
    with pytest.raises(UsageError, match="another version"):
        Screener.load(path)
