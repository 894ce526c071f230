"""Trials from text, files and folders: found again by their IDs, refused with the nearest, errors of several files together."""

from datetime import timedelta

import pytest

from eligibility import RuleError, Trial, UsageError, Vocabulary, compile_trial, load_trials, screen
from eligibility.instants import read_duration
from eligibility.library import LARGEST_FILE, find, select
from eligibility.source import Source, Span

BUNDLED = ["NCT02444455", "NCT03608592", "NCT06416709", "NCT06882811", "XHNKKY-DDSC"]
AT = "2024-03-04T08:00Z"


def text(trial_id="T1", rule="malignancy", header=""):
    return f'trial {trial_id} "title of {trial_id}"\n{header}\ninclude:\n  1 "one": {rule}\n'


def write(folder, name, content):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


# --- reading ---------------------------------------------------------------------------------------------------------


def test_the_bundled_trials():
    trials = load_trials()
    assert [trial.id for trial in trials] == BUNDLED
    assert load_trials() is trials
    assert all(trial.criteria and trial.title for trial in trials)
    assert all(trial.warnings == () for trial in trials)


def test_a_file(tmp_path):
    (trial,) = load_trials(write(tmp_path, "one.elig", text(header='  registry "Ours"\n')))
    assert isinstance(trial, Trial)
    assert (trial.id, trial.title, trial.registry, trial.values) == ("T1", "title of T1", "Ours", None)
    (criterion,) = trial
    assert (criterion.address, criterion.section, criterion.id, criterion.label, criterion.note) == (
        "include.1", "include", "1", "one", None,
    )  # fmt: skip
    assert criterion.words == "malignancy"
    assert trial.source.words(criterion.span).endswith("malignancy")


def test_a_file_of_any_name(tmp_path):
    assert [trial.id for trial in load_trials(str(write(tmp_path, "rules.txt", text())))] == ["T1"]


def test_a_folder_in_the_order_of_names(tmp_path):
    write(tmp_path, "b.elig", text("B"))
    write(tmp_path, "a.elig", text("Z"))
    write(tmp_path, "notes.md", "# no trial")
    write(tmp_path, "a.examples.jsonl", "{}")
    assert [trial.id for trial in load_trials(tmp_path)] == ["Z", "B"]


def test_a_byte_order_mark_does_not_matter(tmp_path):
    (tmp_path / "bom.elig").write_bytes(b"\xef\xbb\xbf" + text().encode())
    assert [trial.id for trial in load_trials(tmp_path)] == ["T1"]
    assert compile_trial("\ufeff" + text()).id == "T1"


def test_letters_of_all_writings(tmp_path):
    path = write(tmp_path, "u.elig", text().replace("title of T1", "Étude — 肺炎 ≥ µ"))
    assert load_trials(path)[0].title == "Étude — 肺炎 ≥ µ"


def test_windows_line_ends(tmp_path):
    (tmp_path / "crlf.elig").write_bytes(text().replace("\n", "\r\n").encode())
    assert [criterion.address for criterion in load_trials(tmp_path)[0]] == ["include.1"]


def test_another_vocabulary(tmp_path):
    toml = write(
        tmp_path, "mine.toml",
        '[concept.sarcoidosis]\nkind = "condition"\nabout = "S."\nsource = "s"\non_problem_list = true\n',
    )  # fmt: skip
    words = Vocabulary.load(toml)
    rules = write(tmp_path, "one.elig", text(rule="sarcoidosis"))
    (trial,) = load_trials(rules, vocabulary=words)
    assert trial.vocabulary is words
    assert screen({"sarcoidosis": True}, [trial], at=AT)["T1"].verdict == "eligible"
    with pytest.raises(RuleError, match="sarcoidosis"):
        load_trials(rules)
    assert [trial.id for trial in load_trials(vocabulary=words)] == BUNDLED


# --- what cannot be read ---------------------------------------------------------------------------------------------


def test_a_folder_without_trials(tmp_path):
    write(tmp_path, "notes.md", "# no trial")
    with pytest.raises(UsageError, match=r"no \.elig files") as caught:
        load_trials(tmp_path)
    assert tmp_path.name in str(caught.value)


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.elig.*no such"):
        load_trials(tmp_path / "nowhere.elig")


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", 'trial T "é"'.encode("latin-1"), text().encode("utf-16")])
def test_what_is_not_utf8(tmp_path, raw):
    (tmp_path / "raw.elig").write_bytes(raw)
    with pytest.raises(UsageError, match=r"raw\.elig.*UTF-8"):
        load_trials(tmp_path)


def test_a_file_far_too_large(tmp_path):
    write(tmp_path, "large.elig", text() + "# more\n" * (LARGEST_FILE // 7 + 1))
    with pytest.raises(UsageError, match=r"large\.elig.*1 MB"):
        load_trials(tmp_path)


def test_an_empty_file(tmp_path):
    write(tmp_path, "empty.elig", "")
    with pytest.raises(RuleError, match=r"empty\.elig:1:1: error\[E110\]"):
        load_trials(tmp_path)


def test_errors_of_several_files_come_together(tmp_path):
    write(tmp_path, "a.elig", text("A", "malignacy") + '  2 "two": age = 3\n')
    write(tmp_path, "b.elig", text("B"))
    write(tmp_path, "c.elig", text("C", "creatinine > 5"))
    with pytest.raises(RuleError) as caught:
        load_trials(tmp_path)
    told = [(item.source.name, item.line, item.code) for item in caught.value.diagnostics]
    assert told == [("a.elig", 4, "E400"), ("a.elig", 5, "E444"), ("c.elig", 4, "E481")]
    assert all(f"{name}:{line}:" in str(caught.value) for name, line, _ in told)


def test_warnings_alone_do_not_stand_in_the_way(tmp_path):
    write(tmp_path, "a.elig", text("A", "malignancy or stroke and bleeding"))
    (trial,) = load_trials(tmp_path)
    assert [item.code for item in trial.warnings] == ["W201"]


def test_warnings_are_no_part_of_an_error(tmp_path):
    write(tmp_path, "a.elig", text("A", "malignancy or stroke and bleedin"))
    with pytest.raises(RuleError) as caught:
        load_trials(tmp_path)
    assert [item.severity for item in caught.value.diagnostics] == ["error"]


@pytest.mark.parametrize(("first", "second"), [("T1", "T1"), ("NCT1", "nct1")])
def test_two_files_of_one_id(tmp_path, first, second):
    write(tmp_path, "a.elig", text(first))
    write(tmp_path, "b.elig", text(second))
    with pytest.raises(UsageError) as caught:
        load_trials(tmp_path)
    assert all(word in str(caught.value) for word in ("a.elig", "b.elig", second))


# --- choosing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["NCT03608592", "nct03608592", "Nct03608592", " NCT03608592 "])
def test_ids_in_any_case(asked):
    assert [trial.id for trial in select(asked)] == ["NCT03608592"]
    assert [trial.id for trial in select([asked])] == ["NCT03608592"]
    assert next(iter(screen({"age": 17}, asked, at=AT))).id == "NCT03608592"


def test_none_is_all_of_them():
    assert [trial.id for trial in select(None)] == BUNDLED
    assert [trial.id for trial in screen({}, at=AT)] == BUNDLED


def test_ids_and_compiled_trials_in_the_order_asked_for():
    mine = compile_trial(text())
    assert select([mine, "XHNKKY-DDSC", "NCT02444455"])[0] is mine
    assert [trial.id for trial in select([mine, "xhnkky-ddsc", "NCT02444455"])] == ["T1", "XHNKKY-DDSC", "NCT02444455"]
    assert select(mine) == (mine,)
    assert [trial.id for trial in select(iter(["NCT02444455"]))] == ["NCT02444455"]


def test_none_of_them():
    assert select([]) == ()
    assert list(screen({}, [], at=AT)) == []


@pytest.mark.parametrize(
    ("asked", "nearest"), [("NCT0360859", "NCT03608592"), ("NCT3608592", "NCT03608592"), ("XHNKKY", "XHNKKY-DDSC")]
)
def test_an_unknown_id_comes_with_the_nearest(asked, nearest):
    with pytest.raises(UsageError, match=f"`{asked}`.*`{nearest}`"):
        select(asked)


def test_an_id_like_no_other_comes_with_all():
    with pytest.raises(UsageError) as caught:
        select("zzz")
    assert all(name in str(caught.value) for name in BUNDLED)


def test_a_hostile_id_is_cut():
    with pytest.raises(UsageError) as caught:
        select("x\n" * 100_000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("wrong", [[5], [None], [b"NCT03608592"]])
def test_what_is_no_id(wrong):
    with pytest.raises(UsageError, match="ID"):
        select(wrong)


@pytest.mark.parametrize("asked", [["NCT03608592", "NCT03608592"], ["NCT03608592", "nct03608592"]])
def test_one_id_asked_for_twice(asked):
    """The same trial twice is one trial asked for twice, not two trials of one ID."""
    assert len({trial.id for trial in select(asked)}) == 1


def test_two_trials_of_one_id_are_refused():
    with pytest.raises(UsageError, match="T1"):
        select([compile_trial(text()), compile_trial(text(rule="stroke"))])
    with pytest.raises(UsageError, match="NCT03608592"):
        select(["NCT03608592", compile_trial(text("NCT03608592"))])


def test_find_in_a_list_of_one_s_own():
    mine = (compile_trial(text("A1")), compile_trial(text("B2")))
    assert find("b2", mine) is mine[1]
    with pytest.raises(UsageError, match="A1"):
        find("zzzz", mine)


def test_a_screening_finds_its_trials_by_id():
    screening = screen({"age": 17}, at=AT)
    assert screening["nct03608592"].id == "NCT03608592"
    assert screening["NCT03608592"].verdict == "ineligible"


# --- the header ------------------------------------------------------------------------------------------------------


def test_values_says_how_old_a_value_may_be():
    plain = compile_trial(text(rule="creatinine < 442 umol/L"))
    patient = compile_trial(text("T2", "creatinine < 442 umol/L", '  values "30 days"\n'))
    short = compile_trial(text("T3", "creatinine < 442 umol/L", '  values "2 days"\n'))
    assert plain.values is None
    assert patient.values == read_duration("30 days")

    def verdict(trial, made):
        facts = {"creatinine": {"value": "88 umol/L", "at": made}}
        return screen(facts, [trial], at=AT)[trial.id].criteria["include.1"].outcome

    assert [verdict(trial, "2024-03-03T08:00Z") for trial in (plain, patient, short)] == ["met", "met", "met"]
    assert [verdict(trial, "2024-02-26T08:00Z") for trial in (plain, patient, short)] == ["met", "met", "unknown"]
    assert [verdict(trial, "2024-02-20T08:00Z") for trial in (plain, patient, short)] == ["unknown", "met", "unknown"]
    assert [verdict(trial, "2024-02-01T08:00Z") for trial in (plain, patient, short)] == [
        "unknown",
        "unknown",
        "unknown",
    ]


def test_values_counts_both_ends_of_its_time():
    trial = compile_trial(text(rule="creatinine < 442 umol/L", header='  values "30 days"\n'))
    for made, expected in (("2024-02-03T08:00Z", "met"), ("2024-02-03T07:59Z", "unknown")):
        facts = {"creatinine": {"value": "88 umol/L", "at": made}}
        assert screen(facts, [trial], at=AT)["T1"].criteria["include.1"].outcome == expected


def test_values_in_months_follow_the_calendar():
    trial = compile_trial(text(rule="creatinine < 442 umol/L", header='  values "1 month"\n'))
    for made, expected in (("2024-02-04T08:00Z", "met"), ("2024-02-04T07:59Z", "unknown")):
        facts = {"creatinine": {"value": "88 umol/L", "at": made}}
        assert screen(facts, [trial], at=AT)["T1"].criteria["include.1"].outcome == expected


def test_a_window_of_the_rule_goes_before_values():
    trial = compile_trial(text(rule="creatinine within 60 days < 442 umol/L", header='  values "2 days"\n'))
    facts = {"creatinine": {"value": "88 umol/L", "at": "2024-02-01T08:00Z"}}
    assert screen(facts, [trial], at=AT)["T1"].criteria["include.1"].outcome == "met"


@pytest.mark.parametrize("values", ["a while", "", "30", "1.5 months", "-3 days"])
def test_values_that_are_no_duration(values):
    with pytest.raises(RuleError, match="E301"):
        compile_trial(text(header=f'  values "{values}"\n'))


def test_the_registry_comes_before_or_after_values():
    for header in ('  registry "r"\n  values "30 days"\n', '  values "30 days"\n  registry "r"\n'):
        trial = compile_trial(text(header=header))
        assert (trial.registry, trial.values.exact) == ("r", timedelta(days=30) // timedelta(microseconds=1))


# --- sources ---------------------------------------------------------------------------------------------------------


def test_places_in_a_source():
    source = Source("ab\ncd\r\n\nxyz", "s")
    assert [source.position(offset) for offset in (0, 1, 3, 4, 7, 8, 10)] == [
        (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (4, 3),
    ]  # fmt: skip
    assert [source.line(number) for number in (1, 2, 3, 4)] == ["ab", "cd", "", "xyz"]
    assert source.words(Span(8, 11)) == "xyz"
    assert Span(5, 9).to(Span(2, 6)) == Span(2, 9)
    assert source.snippet(Span(9, 10)) == "    4 | xyz\n      |  ^"
    assert source.snippet(Span(11, 11)).endswith("   ^")


def test_a_compiled_trial_says_what_it_was_compiled_from():
    trial = compile_trial(text(), name="mine.elig")
    assert trial.source.name == "mine.elig"
    assert trial.source.text == text()
