"""Random trials and random records go in; every difference between the cohort and the reference comes out as a sentence.

`soak.py` runs them at length.
"""

import random
from datetime import datetime, timedelta

from rows import COLUMNS, rows_of

from eligibility import EligibilityError, compile_trial
from eligibility import screen as screen_one
from eligibility.building import consistent, merged
from eligibility.cohort import screen
from eligibility.regions import Variable, judgements, touched, variables
from eligibility.states import states
from eligibility.vocabulary import bundled_vocabulary
from eligibility.writing import Writer

AT = "2024-03-04T08:00:00+00:00"
MET = {"met": True, "not met": False, "unknown": None}


class Batch:
    """Some trials, and records about what they read."""

    def __init__(self, seed, trials=6, criteria=3, records=12, at=AT, deepest=2, only=None):
        self.chance = random.Random(seed)
        self.words = bundled_vocabulary()
        self.at = at
        self.trials, self.records = [], []
        moment = datetime.fromisoformat(at)
        for number in range(trials):
            trial = self.trial(number, self.chance.randint(1, criteria), deepest, only)
            self.trials.append(trial)
            rules = [criterion.rule for criterion in trial]
            cut = variables(rules, self.words)
            pieces = {name: states(variable, self.words, moment) for name, variable in cut.items()}
            for address in judgements(rules):
                pieces[address] = tuple({"judgements": {address: answer}} for answer in (True, False))
            related = sorted(set().union(*(touched(rule, self.words) for rule in rules)) - set(pieces))
            for name in self.chance.sample(related, min(3, len(related))):
                pieces[name] = states(Variable(self.words[name]), self.words, moment)
            self.records += [self.record(pieces) for _ in range(records)]

    def trial(self, number, criteria, deepest, only):
        for _ in range(200):
            head = f'trial T{number} "t"\n' + self.chance.choice(("", '  values "30 days"\n', '  values "2 hours"\n'))
            lines = {"include": [], "exclude": []}
            for index in range(criteria):
                body = (
                    Writer(self.words, self.chance, deepest=deepest).body()
                    if only is None
                    else only(self.words, self.chance)
                )
                text = "".join(f"    {line}\n" for line in body.splitlines())
                lines[self.chance.choice(("include", "exclude"))].append(f'  {index + 1} "c":\n{text}')
            text = head + "".join(f"\n{section}:\n" + "".join(items) for section, items in lines.items() if items)
            try:
                return compile_trial(text)
            except EligibilityError:
                continue
        raise AssertionError("no trial compiles")

    def record(self, pieces):
        share = self.chance.choice((0.3, 0.6, 0.9, 1.0))
        drawn = [self.chance.choice(options) for options in pieces.values() if options and self.chance.random() < share]
        self.chance.shuffle(drawn)
        record = consistent(merged(drawn), self.words)
        attested = [
            name
            for name in record
            if name in self.words.concepts and self.words[name].kind in ("attestation", "milestone")
        ]
        if attested and self.chance.random() < 0.4:
            name, trial = self.chance.choice(attested), self.chance.choice(self.trials).id
            record["trials"] = {trial: {name: self.chance.choice((record[name], None))}}
        return record


def expected(record, batch, at, absent):
    """The outcomes of the reference, or None for a record that it refuses."""
    try:
        screening = screen_one(record, batch.trials, at=at, absent=absent)
    except EligibilityError:
        return None
    found = {}
    for trial in screening:
        found[trial.id] = trial.verdict
        for criterion in trial.criteria:
            found[f"{trial.id}/{criterion.id}"] = MET[criterion.outcome]
    return found


def own_instants(batch, chance):
    """Each record with an instant of its own near the common one, some with an offset."""
    moment = datetime.fromisoformat(batch.at)
    made = []
    for record in batch.records:
        shifted = moment + timedelta(minutes=chance.choice((0, 0, 1, -1, 60, 60 * 24, 60 * 24 * 30)))
        offset = timedelta(hours=chance.choice((0, 0, 2, -5)))
        text = (shifted + offset).replace(tzinfo=None).isoformat() + (
            "Z"
            if not offset
            else f"{'+' if offset > timedelta(0) else '-'}{abs(int(offset.total_seconds() // 3600)):02}:00"
        )
        made.append({**record, "as_of": text})
    return made


def tables(batch, records, chance, shuffled=True):
    """The long table and the table of patients, as lists of rows."""
    facts, people, kept = [], [], {}
    for index, record in enumerate(records):
        name = f"p{index:03}"
        rows, person = rows_of(record, name, batch.words, chance)
        facts += rows
        people.append(person)
        kept[name] = record
    if shuffled:
        chance.shuffle(facts)
    return facts, people, kept


def frames(engine, facts, people, session=None):
    """Both tables as frames of an engine."""
    import polars as pl

    types = {
        name: pl.Float64 if name in ("value", "value_high", "lower_limit", "upper_limit") else pl.String
        for name in COLUMNS
    }
    long = pl.DataFrame(facts, schema=types)
    small = pl.DataFrame(
        people, schema={"patient": pl.String, "as_of": pl.String, "birth_date": pl.String, "sex": pl.String}
    )
    if engine == "polars":
        return long, small
    if engine == "duckdb":
        import duckdb

        connection = session or duckdb.connect()
        return connection.from_arrow(long.to_arrow()), connection.from_arrow(small.to_arrow())
    return spark_frame(session, long), spark_frame(session, small)


def spark_frame(session, frame):
    types = {"Float64": "double", "String": "string"}
    layout = ", ".join(f"`{name}` {types[str(dtype)]}" for name, dtype in frame.schema.items())
    return session.createDataFrame(frame.rows(), layout)


def dicts(native):
    """The rows of a native frame by patient."""
    if hasattr(native, "to_dicts"):
        rows = native.to_dicts()
    elif hasattr(native, "fetch_arrow_table") or hasattr(native, "to_arrow_table"):
        rows = native.to_arrow_table().to_pylist()
    else:
        rows = [row.asDict() for row in native.collect()]
    return rows


def differences(batch, engine="polars", absent="unknown", own=False, session=None, shuffled=True):
    """What the cohort says otherwise than the reference."""
    chance = random.Random(batch.chance.random())
    records = own_instants(batch, chance) if own else batch.records
    facts, people, kept = tables(batch, records, chance, shuffled)
    long, small = frames(engine, facts, people, session)
    at = None if own else batch.at
    cohort = screen(long, batch.trials, patients=small, at=at, absent=absent)
    yield from disagreements(cohort, kept, batch, at, absent)


def disagreements(cohort, records, batch, at, absent):
    """What a cohort says otherwise than the reference of records by the names of their patients. Notes how many pairs it compared."""
    met = {row["patient"]: row for row in dicts(cohort.criteria)}
    verdicts = {row["patient"]: row for row in dicts(cohort.verdicts)}
    rejects = {}
    for row in dicts(cohort.rejects):
        rejects.setdefault(row["patient"], []).append((row["concept"], row["reason"]))
    batch.checked = 0
    for name, record in records.items():
        wanted = expected(record, batch, at, absent)
        if wanted is None:
            if name not in rejects:
                yield f"nothing is rejected of what the reference refuses: {record}"
            continue
        if name in rejects:
            yield f"rejected: {rejects[name]} of {record}"
            continue
        batch.checked += len(batch.trials)
        for key, value in wanted.items():
            found = met[name][key] if "/" in key else verdicts[name][key]
            if found != value:
                text = next(trial for trial in batch.trials if trial.id == key.split("/")[0]).source.text
                yield f"{key}: {found}, and the reference says {value} of {record}\n{text}"
