"""`eligibility cohort`: files in, a folder out; parts, resumption, strictness, refusals."""

import random
import sys

import polars as pl
import pytest
from differences import AT, Batch, frames, tables

from eligibility import UsageError
from eligibility.cli import run as run_command
from eligibility.cohort.files import Request, Stopped, screen_files
from eligibility.cohort.partitions import bytes_of, deal, dealt, partitions_for


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    batch = Batch(5, trials=1, criteria=3, records=40)
    facts, people, _ = tables(batch, batch.records, random.Random(1))
    long, small = frames("polars", facts, people)
    long.write_parquet(folder / "facts.parquet")
    small.drop("as_of").write_parquet(folder / "people.parquet")
    return folder, tuple(batch.trials)


def request(cohort, output, **options):
    folder, trials = cohort
    return Request(folder / "facts.parquet", output, trials, folder / "people.parquet", at=AT, **options)


def read(folder, name):
    return pl.read_parquet(folder / f"{name}.parquet")


@pytest.mark.parametrize("options", [{"partitions": 3}, {"engine": "duckdb", "partitions": 2}])
def test_parts_and_engines_change_nothing(cohort, tmp_path, options):
    whole = screen_files(request(cohort, tmp_path / "whole"))
    other = screen_files(request(cohort, tmp_path / "other", **options))
    assert whole == other
    for name in ("verdicts", "criteria"):
        assert read(tmp_path / "whole", name).sort("patient").equals(read(tmp_path / "other", name).sort("patient"))
    keys = ["row", "concept", "reason"]
    first, second = (read(tmp_path / name, "rejects").sort(keys, nulls_last=True) for name in ("whole", "other"))
    assert first.equals(second)
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == [
        "attrition.parquet", "criteria.parquet", "rejects.parquet", "verdicts.parquet",
    ]  # fmt: skip


def test_an_interrupted_run_leaves_no_folder_and_goes_on(cohort, tmp_path):
    seen = []

    def interrupt(done, total, what):
        seen.append(done)
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screen_files(request(cohort, tmp_path / "out", partitions=3), interrupt)
    assert not (tmp_path / "out").exists()
    again = []
    found = screen_files(
        request(cohort, tmp_path / "out", partitions=3, resume=True), lambda done, total, what: again.append(done)
    )
    assert again == [1, 2, 3]
    assert found == screen_files(request(cohort, tmp_path / "whole"))
    assert not list(tmp_path.glob(".*"))


def test_what_another_run_left_is_not_resumed(cohort, tmp_path):
    def interrupt(done, total, what):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screen_files(request(cohort, tmp_path / "out", partitions=2, absent="no"), interrupt)
    found = screen_files(request(cohort, tmp_path / "out", partitions=2, resume=True))
    assert found == screen_files(request(cohort, tmp_path / "whole"))


def test_strict_stops_at_a_bad_row(cohort, tmp_path):
    folder, trials = cohort
    facts = pl.concat(
        [read(folder, "facts"), pl.DataFrame({"patient": ["p000"], "concept": ["creatinin"]})], how="diagonal"
    )
    facts.write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(Stopped, match="did you mean creatinine"):
        screen_files(Request(tmp_path / "bad.parquet", tmp_path / "out", trials, at=AT, strict=True))
    assert not list(tmp_path.glob("*out*"))


def test_refusals(cohort, tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        screen_files(request(cohort, tmp_path / "there"))
    with pytest.raises(UsageError, match="no such file"):
        screen_files(Request(tmp_path / "none.parquet", tmp_path / "out", cohort[1]))
    with pytest.raises(UsageError, match="folder does not exist"):
        screen_files(request(cohort, tmp_path / "a" / "out"))
    with pytest.raises(UsageError, match="deals out its data itself"):
        screen_files(request(cohort, tmp_path / "out", engine="spark", partitions=2))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"patient,concept\n1,age\n", "is no parquet file"),
        (b"", "is no parquet file"),
        (b"PAR1" + b"\x00" * 40 + b"PAR1", "is no parquet file"),
        (pl.DataFrame({"patient": ["a"], "name": ["age"]}), "there is no column `concept`; it has patient, name"),
        (pl.DataFrame({"patient": ["a"], "concept": ["age"], "value": ["5"]}), "must hold numbers"),
        (None, "is a folder"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, capsys, content, words):
    path = tmp_path / "facts.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is None:
        path.mkdir()
    else:
        content.write_parquet(path)
    assert run(path, "-o", tmp_path / "out") == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob("*.lock"))


def test_what_is_not_installed_is_named(cohort, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)  # as if it were not there
    assert run(cohort[0] / "facts.parquet", "-o", tmp_path / "out", "--at", AT, "--engine", "duckdb") == 2
    assert "pip install 'eligibility[duckdb]'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert run(cohort[0] / "facts.parquet", "-o", tmp_path / "out", "--at", AT) == 2
    assert "pip install 'eligibility[cohort]'" in capsys.readouterr().err


def test_two_runs_do_not_make_one_folder(cohort, tmp_path):
    fcntl = pytest.importorskip("fcntl", reason="there are no such locks on this system")
    with (tmp_path / ".out.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another run"):
            screen_files(request(cohort, tmp_path / "out"))


def test_rejects_are_counted_by_reason(cohort, tmp_path, capsys):
    strange = pl.DataFrame(
        {"patient": ["a", "a", "b"], "concept": ["creatinin", "creatinin", "age"], "value": [1.0, 2.0, -1.0]}
    )
    strange.write_parquet(tmp_path / "strange.parquet")
    assert (
        run(tmp_path / "strange.parquet", "-o", tmp_path / "out", "--at", AT, "--partitions", 2, "-t", "NCT03608592")
        == 0
    )
    said = capsys.readouterr()
    assert "3 rows could not be used" in said.err
    assert "2 x no concept `creatinin`; did you mean creatinine" in said.err
    assert "2 patients against 1 trial" in said.out
    assert sorted(read(tmp_path / "out", "rejects")["row"]) == [0, 1, 2]
    assert run(tmp_path / "strange.parquet", "-o", tmp_path / "strict", "--at", AT, "--strict") == 1
    assert "rows cannot be used" in capsys.readouterr().err


def test_rows_are_dealt_out_by_patient_and_keep_their_numbers(cohort, tmp_path):
    facts = cohort[0] / "facts.parquet"
    parts = [dealt(path) for path in deal(facts, tmp_path / "rows", 4)]
    patients = [set(part["patient"]) for part in parts]
    assert sum(map(len, patients)) == len(set().union(*patients))
    whole = pl.concat(parts).sort("row")
    assert whole["row"].to_list() == list(range(whole.height))
    assert whole.drop("row").equals(pl.read_parquet(facts))


def test_amounts_of_memory():
    assert bytes_of("4GB") == 4 * 1024**3
    assert bytes_of(" 512 mb ") == 512 * 1024**2
    for text in ("much", "-1GB", "0", "4 apples"):
        with pytest.raises(UsageError, match="no amount of memory"):
            bytes_of(text)


def test_a_smaller_limit_means_more_parts(tmp_path):
    rows = 1_200_000
    pl.DataFrame({"patient": range(rows), "concept": ["age"] * rows, "value": [50.0] * rows}).write_parquet(
        tmp_path / "f.parquet"
    )
    assert partitions_for(tmp_path / "f.parquet", None) == 1
    assert partitions_for(tmp_path / "f.parquet", 520 * 1024**2) > partitions_for(tmp_path / "f.parquet", 1024**3) >= 1
    with pytest.raises(UsageError, match="512MB at least"):
        partitions_for(tmp_path / "f.parquet", 100 * 1024**2)


def run(*arguments):
    return run_command(["cohort", *map(str, arguments)])


def test_the_command_says_what_it_did(cohort, tmp_path, capsys):
    folder = cohort[0]
    assert (
        run(
            folder / "facts.parquet",
            "--patients",
            folder / "people.parquet",
            "-o",
            tmp_path / "out",
            "--at",
            AT,
            "-t",
            "NCT03608592",
        )
        == 0
    )
    said = capsys.readouterr().out
    assert "40 patients against 1 trial" in said
    assert "NCT03608592" in said
    assert run(folder / "facts.parquet", "-o", tmp_path / "out", "--at", AT) == 2
    assert "exists already" in capsys.readouterr().err
    assert run(folder / "facts.parquet", "-o", tmp_path / "new", "--at", "2024-03-04") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
