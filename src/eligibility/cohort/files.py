"""A parquet file of facts goes in; a folder with verdicts, criteria, attrition and rejects comes out.

The folder is made beside its place and renamed when it is whole. What is done of a larger file is kept part by part, so that an
interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eligibility.cohort.partitions import SEED, deal, dealt, give_memory_back, part_of, partitions_for
from eligibility.errors import EligibilityError, UsageError, excerpt
from eligibility.facts import read_instant
from eligibility.library import Trial
from eligibility.look import Absent
from eligibility.version import __version__

TABLES = ("verdicts", "criteria", "rejects")
_MANIFEST = "run.json"
_MOST_REASONS = 1_000  # of one part
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Request:
    """What is to be screened, and how. `at` is an instant as text, or None for each patient's `as_of`, else now."""

    facts: Path
    output: Path
    trials: tuple[Trial, ...]
    patients: Path | None = None
    engine: str = "polars"
    at: str | None = None
    absent: Absent = "unknown"
    strict: bool = False
    memory_limit: int | None = None
    partitions: int | None = None
    resume: bool = False


@dataclass(frozen=True)
class Summary:
    """What was screened: how many patients, the table of attrition, how many rows were rejected, and why, the most frequent
    reason first."""

    patients: int
    rejected: int
    attrition: list[dict[str, Any]]
    reasons: list[tuple[str, int]]


class Stopped(EligibilityError):
    """A strict run met rows that cannot be used."""


def screen_files(request: Request, progress: Progress = lambda done, total, what: None) -> Summary:
    """Screen a parquet file of facts into a folder. Raises UsageError for files that cannot be read or an output that exists,
    and Stopped for the first part with a rejected row where `strict` is asked for."""
    read_instant(request.at)  # a bad instant is said before any work
    if request.output.exists():
        raise UsageError(f"{request.output.name}: exists already; choose another folder, or remove it")
    if not request.output.absolute().parent.is_dir():
        raise UsageError(f"{request.output.name}: its folder does not exist")
    if request.engine == "spark" and (request.partitions or request.memory_limit):
        raise UsageError("Spark deals out its data itself; leave out --partitions and --memory-limit")
    if request.memory_limit is not None:
        give_memory_back()
    for path in (request.facts, request.patients):
        if path is not None:
            _check(path, ("patient", "concept") if path is request.facts else ("patient",))
    with _alone(request.output) as staging:
        run = _Run(request, staging, progress)
        try:
            summary = run.go()
        except Exception as error:
            engine = type(error).__module__.partition(".")[0].removeprefix("_")
            if engine not in _ENGINES:
                raise
            # what an engine says may hold values of patients
            raise UsageError(
                f"{engine} could not go on ({type(error).__name__}); if memory or disk ran out, give a smaller `--memory-limit`, "
                "or more `--partitions`; `--resume` goes on with the parts that are done"
            ) from None
        staging.rename(request.output)
    return summary


_ENGINES = ("polars", "duckdb", "pyarrow", "pyspark", "py4j")


def _check(path: Path, needed: Sequence[str]) -> None:
    """Is a file parquet, and are the needed columns in it? Raises UsageError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        raise UsageError(f"{path.name}: no such file")
    if path.is_dir():
        raise UsageError(f"{path.name}: is a folder; give one parquet file")
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError):
        raise UsageError(
            f"{path.name}: is no parquet file; `polars.read_csv(...).write_parquet(...)` makes one of a CSV file"
        ) from None
    missing = [name for name in needed if name not in names]
    if missing:
        raise UsageError(f"{path.name}: there is no column `{missing[0]}`; it has {', '.join(map(excerpt, names))}")


@contextmanager
def _alone(output: Path) -> Iterator[Path]:
    """The folder that becomes the output, beside its place, held against another run of the same. Raises UsageError."""
    staging = output.absolute().with_name(f".{output.name}.partial")
    beside = staging.with_suffix(".lock")
    with beside.open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # there are no such locks on this system
            pass
        except OSError:
            raise UsageError(f"{output.name}: another run is making it") from None
        try:
            yield staging
        finally:
            beside.unlink(missing_ok=True)


class _Run:
    def __init__(self, request: Request, staging: Path, progress: Progress) -> None:
        self.request = request
        self.progress = progress
        self.staging = staging
        self.parts = self.staging / "parts"
        wanted = request.partitions or (
            partitions_for(request.facts, request.memory_limit) if request.engine == "polars" else 1
        )
        stat = request.facts.stat()
        self.manifest: dict[str, Any] = {
            "version": __version__, "facts": [request.facts.name, stat.st_size, stat.st_mtime_ns], "engine": request.engine,
            "absent": request.absent, "partitions": wanted, "asked_at": request.at, "trials": _digest(request.trials),
            "patients": None if request.patients is None else [request.patients.name, request.patients.stat().st_size],
        }  # fmt: skip
        kept = self._kept_manifest() if request.resume else None
        self.at = request.at or (kept or {}).get("at") or datetime.now(UTC).isoformat()
        if kept is None:
            if self.staging.exists():
                shutil.rmtree(self.staging)
            self.parts.mkdir(parents=True)
            (self.staging / _MANIFEST).write_text(json.dumps({**self.manifest, "at": self.at}), encoding="utf-8")

    def _kept_manifest(self) -> dict[str, Any] | None:
        """What an interrupted run noted of itself, where it asked for the same."""
        try:
            kept = json.loads((self.staging / _MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        same = isinstance(kept, dict) and all(kept.get(name) == value for name, value in self.manifest.items())
        return kept if same else None

    def go(self) -> Summary:
        total = self.manifest["partitions"]
        done: list[dict[str, Any]] = []
        for number in range(total):
            note = self.parts / f"{number:05}.json"
            if note.exists():
                done.append(json.loads(note.read_text(encoding="utf-8")))
            else:
                done.append(self._part(number, total))
                if self.request.strict and done[-1]["rejected"]:
                    raise Stopped(self._stopped(done[-1]))
                note.write_text(json.dumps(done[-1]), encoding="utf-8")
            self.progress(number + 1, total, f"{sum(part['patients'] for part in done):,} patients")
        return self._whole(done)

    def _stopped(self, part: dict[str, Any]) -> str:
        told = "; ".join(f"row {row['row']} ({row['concept']}): {row['reason']}" for row in part["first_rejects"])
        shutil.rmtree(self.staging)
        return f"{part['rejected']:,} rows cannot be used; the first: {told}"

    def _part(self, number: int, total: int) -> dict[str, Any]:
        from eligibility.cohort.long import screened

        facts, patients = self._frames(number, total)
        cohort = screened(facts, self.request.trials, patients, self.request.at, self.request.absent, otherwise=self.at)
        for name in TABLES:
            _write(getattr(cohort, name), self.parts / f"{name}-{number:05}.parquet")
        attrition = cohort.attrition_list
        first = cohort.first_rejects(3) if cohort.rejected else []
        return {
            "patients": attrition[0]["patients"] if attrition else 0, "rejected": cohort.rejected, "attrition": attrition,
            "first_rejects": [{key: row[key] for key in ("row", "concept", "reason")} for row in first],
            "reasons": cohort.reasons(_MOST_REASONS) if cohort.rejected else [],
        }  # fmt: skip

    def _frames(self, number: int, total: int) -> tuple[Any, Any]:
        """The facts and the patients of one part."""
        request = self.request
        match request.engine:
            case "polars":
                return self._polars(number, total)
            case "duckdb":
                import duckdb

                connection = duckdb.connect(config={"temp_directory": str(self.staging / "spill")})
                if request.memory_limit:
                    connection.execute(f"set memory_limit = '{request.memory_limit // 1024**2}MiB'")
                found = []
                for path in (request.facts, request.patients):
                    relation = (
                        None
                        if path is None
                        else connection.read_parquet(str(path), file_row_number=path is request.facts)
                    )
                    if relation is not None and total > 1:
                        relation = relation.filter(f"hash(patient) % {total} = {number}")
                    if relation is not None and path is request.facts:
                        relation = relation.project("* exclude (file_row_number), file_row_number as row")
                    found.append(relation)
                return found[0], found[1]
            case "spark":
                from pyspark.sql import SparkSession

                if (
                    "PYSPARK_GATEWAY_PORT" not in os.environ
                ):  # not under spark-submit: the workers run on this very Python
                    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
                session = SparkSession.builder.appName("eligibility").getOrCreate()
                return (
                    session.read.parquet(str(request.facts)), None if request.patients is None else session.read.parquet(str(request.patients)),
                )  # fmt: skip
        raise UsageError(f"`{request.engine}` is no engine; it is polars, duckdb or spark")

    def _polars(self, number: int, total: int) -> tuple[Any, Any]:
        import polars as pl

        path = self.request.facts
        if total > 1:
            rows = self.staging / "rows"
            ready = self.staging / "rows.done"
            if not ready.exists():
                self.progress(0, total, "dealing out the rows by patient")
                shutil.rmtree(rows, ignore_errors=True)
                deal(path, rows, total)
                ready.touch()
            path = part_of(rows, number)
        patients = None
        if self.request.patients is not None:
            everyone = pl.scan_parquet(self.request.patients)
            if total > 1:
                everyone = everyone.filter(pl.col("patient").hash(seed=SEED) % total == number)
            patients = everyone.collect()
        if not path.exists():  # no patient fell into this part
            return pl.read_parquet(self.request.facts, n_rows=0), patients
        return dealt(path) if total > 1 else pl.read_parquet(path), patients

    def _whole(self, done: Sequence[dict[str, Any]]) -> Summary:
        """The parts as one folder: one file a table."""
        import polars as pl

        for name in TABLES:
            pieces = sorted(self.parts.glob(f"{name}-*.parquet"))
            scans = [pl.scan_parquet(piece / "*.parquet" if piece.is_dir() else piece) for piece in pieces]
            pl.concat(scans, how="vertical_relaxed").sink_parquet(self.staging / f"{name}.parquet")
        rows = _summed([part["attrition"] for part in done])
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(self.staging / "attrition.parquet")
        for leftover in ("parts", "rows", "spill"):
            shutil.rmtree(self.staging / leftover, ignore_errors=True)
        for leftover in (_MANIFEST, "rows.done"):
            (self.staging / leftover).unlink(missing_ok=True)
        reasons: Counter[str] = Counter()
        for part in done:
            reasons.update(dict(part["reasons"]))
        told = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        return Summary(sum(part["patients"] for part in done), sum(part["rejected"] for part in done), rows, told)


def _digest(trials: Iterable[Trial]) -> str:
    texts = [part for trial in trials for part in (trial.id, trial.source.text)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _write(native: Any, path: Path) -> None:
    """A native frame as a parquet file (Spark: a folder of them)."""
    if hasattr(native, "sink_parquet"):
        native.sink_parquet(path)
    elif hasattr(native, "sparkSession"):
        native.write.parquet(str(path))
    else:
        native.write_parquet(str(path))


_COUNTS = ("patients", "removed", "removed_first", "left", "open", "settled")


def _summed(tables: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The attrition of all parts: rows of one criterion and fact added up, in the order of `attrition`."""
    found: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}
    patients = sum(table[0]["patients"] for table in tables if table)
    for table in tables:
        for row in table:
            key = (row["trial"], row["criterion"], row["fact"])
            kept = found.setdefault(key, {**row, **{name: None if row[name] is None else 0 for name in _COUNTS}})
            for name in _COUNTS:
                if row[name] is not None:
                    kept[name] += row[name]
    for row in found.values():
        row["patients"] = patients
    criteria = dict.fromkeys((trial, criterion) for trial, criterion, _ in found if criterion is not None)
    trials = {trial: number for number, trial in enumerate(dict.fromkeys(trial for trial, _, _ in found))}
    place = {key: number for number, key in enumerate(criteria)}
    return sorted(
        found.values(),
        key=lambda row: (
            trials[row["trial"]],
            place.get((row["trial"], row["criterion"]), len(place)),
            row["fact"] is not None,
            -(row["settled"] or 0),
            -(row["open"] or 0),
            row["fact"] or "",
        ),
    )
