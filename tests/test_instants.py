"""Dates as people write them, partial dates, zones, calendar arithmetic and ages, against the standard library and by hand."""

from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from random import Random

import pytest

from eligibility import UsageError, compile_trial, screen
from eligibility.instants import (
    DAY,
    EARLIEST,
    HOUR,
    LATEST,
    MINUTE,
    SECOND,
    Duration,
    Span,
    completed_months,
    days_in_months,
    duration,
    instant_of,
    iso,
    read_date,
    read_duration,
    shift,
    show,
    time_unit,
)

CET = timezone(timedelta(hours=1))
TRIAL = 'trial T "t"\n\ninclude:\n  1 "one": {}\n'


def at(text):
    """The instant of an ISO text with an offset, by the standard library."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def outcome(rule, patient, when="2024-03-04T08:00Z"):
    return screen(patient, [compile_trial(TRIAL.format(rule))], at=when)["T"].criteria["include.1"].outcome


# --- dates -----------------------------------------------------------------------------------------------------------

DATES = [
    ("1970", "1970-01-01T00:00:00Z", "1970-12-31T23:59:59.999999Z"),
    ("2024", "2024-01-01T00:00:00Z", "2024-12-31T23:59:59.999999Z"),
    ("2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999999Z"),
    ("2023-02", "2023-02-01T00:00:00Z", "2023-02-28T23:59:59.999999Z"),
    ("2023-12", "2023-12-01T00:00:00Z", "2023-12-31T23:59:59.999999Z"),
    ("2024-03-01", "2024-03-01T00:00:00Z", "2024-03-01T23:59:59.999999Z"),
    ("2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29T23:59:59.999999Z"),
    ("1969-12-31", "1969-12-31T00:00:00Z", "1969-12-31T23:59:59.999999Z"),
    ("2024-03-01T08:30", "2024-03-01T08:30:00Z", None),
    ("2024-03-01 08:30", "2024-03-01T08:30:00Z", None),
    ("2024-03-01T08:30Z", "2024-03-01T08:30:00Z", None),
    ("2024-03-01T08:30z", "2024-03-01T08:30:00Z", None),
    ("2024-03-01T08:30:15Z", "2024-03-01T08:30:15Z", None),
    ("2024-03-01T08:30:15.5Z", "2024-03-01T08:30:15.500000Z", None),
    ("2024-03-01T08:30:15.123456789Z", "2024-03-01T08:30:15.123456Z", None),
    ("2024-03-01T08:30+01:00", "2024-03-01T07:30:00Z", None),
    ("2024-03-01T08:30+0100", "2024-03-01T07:30:00Z", None),
    ("2024-03-01T08:30-05:30", "2024-03-01T14:00:00Z", None),
    ("2024-03-01T00:00+14:00", "2024-02-29T10:00:00Z", None),
    (" 2024-03-01 ", "2024-03-01T00:00:00Z", "2024-03-01T23:59:59.999999Z"),
]


@pytest.mark.parametrize(("text", "first", "last"), DATES)
def test_dates_cover_what_they_say(text, first, last):
    found = read_date(text).span(UTC)
    assert found == Span(at(first), at(last or first))


@pytest.mark.parametrize("text", ["2024", "2024-02", "2024-03-01", "2024-03-01T08:30"])
def test_without_an_offset_a_date_is_read_in_the_zone_that_is_asked_for(text):
    there, here = read_date(text).span(CET), read_date(text).span(UTC)
    assert (here.first - there.first, here.last - there.last) == (HOUR, HOUR)


def test_with_an_offset_the_zone_does_not_matter():
    assert read_date("2024-03-01T08:30-02:00").span(CET) == read_date("2024-03-01T08:30-02:00").span(UTC)


@pytest.mark.parametrize(
    ("text", "floating"),
    [("2024", True), ("2024-03-01T08:30", True), ("2024-03-01T08:30Z", False), ("2024-03-01T08:30+01:00", False)],
)
def test_what_waits_for_a_zone(text, floating):
    assert read_date(text).is_floating is floating


BAD_DATES = [
    "", " ", "today", "yesterday", "2023-02-29", "2024-02-30", "2024-13", "2024-00", "2024-04-31", "2024-01-00",
    "2024-1-1", "24-01-01", "01/02/2024", "2024/01/02", "2.1.2024", "20240102", "2024-03-01T", "2024-03-01T08",
    "2024-03-01T24:00", "2024-03-01T08:60", "2024-03-01T08:30:60", "2024-03-01T08:30+15:00", "2024-03-01T08:30+01:60",
    "2024-03-01T08:30 CET", "2024-03-01T08:30+1", "0000-01-01", "10000-01-01", "-2024-01-01", "2024-W10", "2024-061",
    "٢٠٢٤-٠٣-٠١", "2024-03-01Z", "2024-03-01+01:00", "2024-03-01T08:30ZZ", "2024-03-01T08:30:15.", "2024-03\n-01",
    "2024 " + " " * 60, "1" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_DATES)
def test_what_is_no_date_is_refused(text):
    assert read_date(text) is None


@pytest.mark.parametrize("text", ["0001", "0001-01-01", "9999", "9999-12", "9999-12-31", "9999-12-31T23:59Z"])
@pytest.mark.parametrize("zone", [UTC, CET, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))])
def test_the_ends_of_the_calendar_do_not_fail(text, zone):
    found = read_date(text).span(zone)
    assert EARLIEST <= found.first <= found.last <= LATEST
    assert iso(found.first, zone)
    assert show(found, zone)


# --- calendar arithmetic ---------------------------------------------------------------------------------------------

SHIFTS = [
    ("2024-05-31T10:00Z", 3, -1, "2024-02-29T10:00Z"),
    ("2023-05-31T10:00Z", 3, -1, "2023-02-28T10:00Z"),
    ("2024-05-31T10:00Z", 1, -1, "2024-04-30T10:00Z"),
    ("2024-03-31T10:00Z", 1, -1, "2024-02-29T10:00Z"),
    ("2024-03-30T10:00Z", 1, -1, "2024-02-29T10:00Z"),
    ("2024-03-29T10:00Z", 1, -1, "2024-02-29T10:00Z"),
    ("2024-03-28T10:00Z", 1, -1, "2024-02-28T10:00Z"),
    ("2024-02-29T10:00Z", 12, -1, "2023-02-28T10:00Z"),
    ("2024-02-29T10:00Z", 48, -1, "2020-02-29T10:00Z"),
    ("2024-01-15T10:00Z", 1, -1, "2023-12-15T10:00Z"),
    ("2024-01-31T10:00Z", 1, 1, "2024-02-29T10:00Z"),
    ("2024-02-29T10:00Z", 12, 1, "2025-02-28T10:00Z"),
    ("2024-08-31T10:00Z", 6, 1, "2025-02-28T10:00Z"),
    ("2024-12-31T23:59Z", 2, 1, "2025-02-28T23:59Z"),
    ("2000-02-29T00:00Z", 1200, 1, "2100-02-28T00:00Z"),
]


@pytest.mark.parametrize(("start", "months", "sign", "expected"), SHIFTS)
def test_months_follow_the_calendar(start, months, sign, expected):
    assert shift(at(start), Duration("", months=months), UTC, sign) == at(expected)


def test_months_are_those_of_the_zone():
    """At 23:30Z on 31 March it is 1 April in Paris time, so a month earlier it is 1 March there."""
    start, month = at("2024-03-31T23:30Z"), Duration("1 month", months=1)
    assert shift(start, month, CET, -1) == at("2024-02-29T23:30Z")
    assert shift(start, month, UTC, -1) == at("2024-02-29T23:30Z")
    start = at("2024-03-01T23:30Z")
    assert shift(start, month, CET, -1) == at("2024-02-01T23:30Z")
    start = at("2024-05-30T23:30Z")  # 31 May in Paris time
    assert shift(start, Duration("", months=3), CET, -1) == at("2024-02-28T23:30Z")  # 29 February 00:30 there


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90 seconds", 90 * SECOND), ("90 minutes", 90 * MINUTE), ("96 hours", 96 * HOUR), ("7 days", 7 * DAY),
        ("2 weeks", 14 * DAY), ("1.5 hours", 90 * MINUTE), ("0.5 days", 12 * HOUR), ("1 hr", HOUR), ("24h", DAY),
    ],
)  # fmt: skip
def test_minutes_to_weeks_are_exact(text, expected):
    found = read_duration(text)
    assert (found.exact, found.months) == (expected, 0)
    for zone in (UTC, CET):
        assert shift(at("2024-03-31T00:00Z"), found, zone, -1) == at("2024-03-31T00:00Z") - expected


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("1 month", 1),
        ("6 months", 6),
        ("1 year", 12),
        ("2 years", 24),
        ("1.5 years", 18),
        ("0.5 years", 6),
        ("3 mo", 3),
    ],
)
def test_months_and_years_are_months(text, months):
    found = read_duration(text)
    assert (found.exact, found.months) == (0, months)


@pytest.mark.parametrize(
    "text",
    ["", "6", "months", "1.5 months", "0.3 years", "-1 days", "6 parsecs", "six months", "1/2 year", "1e3 days", "1,5 h",
     "99999999999 days", "1001 years", "12001 months", "1 day 2 hours", "٣ days"],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text):
    assert read_duration(text) is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [("hours", "hour"), ("Hours", "hour"), ("hr", "hour"), ("h", "hour"), ("min", "minute"), ("d", "day"), ("wk", "week"),
     ("mo", "month"), ("months", "month"), ("y", "year"), ("yrs", "year"), ("fortnight", None), ("kg", None), ("", None)],
)  # fmt: skip
def test_units_of_time(text, unit):
    assert time_unit(text) == unit


def test_the_words_of_a_duration_are_kept():
    assert [duration(Fraction(n), unit).text for n, unit in ((1, "hours"), (6, "month"), (3, "d"))] == [
        "1 hour",
        "6 months",
        "3 days",
    ]


def test_shifts_stay_in_the_calendar():
    long = Duration("1000 years", months=12_000)
    assert shift(at("0500-01-01T00:00Z"), long, UTC, -1) == EARLIEST
    assert shift(at("9500-01-01T00:00Z"), long, UTC, 1) == LATEST
    assert shift(EARLIEST, Duration("", exact=DAY), UTC, -1) == EARLIEST
    assert shift(LATEST, Duration("", exact=DAY), UTC, 1) == LATEST


# --- how many days months have ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("months", "expected"),
    [(0, (0, 0)), (1, (28, 31)), (2, (59, 62)), (3, (89, 92)), (6, (181, 184)), (12, (365, 366)), (24, (730, 731)),
     (48, (1460, 1461)), (1200, (36524, 36525)), (4800, (146097, 146097)), (4801, (146097 + 28, 146097 + 31))],
)  # fmt: skip
def test_days_in_months(months, expected):
    assert days_in_months(months) == expected


@pytest.mark.parametrize("months", range(1, 37))
def test_days_in_months_by_counting(months):
    """Every run of months that begins in one of 400 years; years may be cut at 1900, where a leap day is left out."""
    lengths = set()
    for first in range(1600 * 12, 2000 * 12, 1):
        end = first + months
        lengths.add((date(end // 12, end % 12 + 1, 1) - date(first // 12, first % 12 + 1, 1)).days)
    assert days_in_months(months) == (min(lengths), max(lengths))


# --- ages ------------------------------------------------------------------------------------------------------------

BIRTHDAYS = [
    ("1958-03-04", "2024-03-04", 66 * 12),
    ("1958-03-04", "2024-03-03", 66 * 12 - 1),
    ("1958-03-05", "2024-03-04", 66 * 12 - 1),
    ("2006-02-28", "2024-02-28", 18 * 12),
    ("2004-02-29", "2022-02-28", 18 * 12 - 1),
    ("2004-02-29", "2022-03-01", 18 * 12),
    ("2004-02-29", "2024-02-28", 20 * 12 - 1),
    ("2004-02-29", "2024-02-29", 20 * 12),
    ("2023-12-31", "2024-01-31", 1),
    ("2023-12-31", "2024-01-30", 0),
    ("2024-03-04", "2024-03-04", 0),
]


@pytest.mark.parametrize(("birth", "today", "months"), BIRTHDAYS)
def test_completed_months(birth, today, months):
    assert completed_months(date.fromisoformat(birth), date.fromisoformat(today)) == months


def test_completed_months_is_the_comparison_of_the_contract():
    """The greatest n with `birth <= today less n months`, the day clamped to the month's end, by trying every n."""
    chance = Random(5)

    def less(today, months):
        index = today.year * 12 + today.month - 1 - months
        year, month = divmod(index, 12)
        day = today.day
        while True:
            try:
                return date(year, month + 1, day)
            except ValueError:
                day -= 1

    for _ in range(3000):
        birth = date(1990, 1, 1) + timedelta(days=chance.randrange(12_000))
        today = birth + timedelta(days=chance.randrange(0, 900))
        expected = max(n for n in range(31) if birth <= less(today, n))
        assert completed_months(birth, today) == expected, (birth, today)


@pytest.mark.parametrize(
    ("birth", "when", "expected"),
    [
        ("2004-02-29", "2022-02-28T12:00Z", "not met"),
        ("2004-02-29", "2022-03-01T00:00Z", "met"),
        ("2004-03-01", "2022-02-28T23:59Z", "not met"),
        ("2004-03-01", "2022-03-01T00:00Z", "met"),
        ("2004", "2022-06-01T00:00Z", "unknown"),
        ("2003", "2022-01-01T00:00Z", "met"),
        ("2004-06", "2022-06-15T00:00Z", "unknown"),
        ("2004-06", "2022-07-01T00:00Z", "met"),
        ("2004-06", "2022-05-31T23:00Z", "not met"),
        ("2004-06", "2022-06-30T00:00Z", "met"),
    ],
)
def test_eighteenth_birthdays(birth, when, expected):
    assert outcome("age >= 18 years", {"birth_date": birth}, when) == expected


@pytest.mark.parametrize(
    ("age", "rule", "expected"),
    [
        ("54 years", "age >= 54 years", "met"), ("54 years", "age < 55 years", "met"), ("54 years", "age > 54 years", "not met"),
        ("65 years", "age <= 65 years", "met"), ("54 years", "age >= 648 months", "met"),
        ("54 years", "age >= 649 months", "unknown"), ("54 years", "age >= 660 months", "not met"),
        ("8 months", "age < 1 years", "met"), ("11 months", "age >= 11 months", "met"),
    ],
)  # fmt: skip
def test_completed_ages(age, rule, expected):
    assert outcome(rule, {"age": age}) == expected


# --- windows and zones -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "when", "expected"),
    [
        ("2024-02-29", "2024-05-31T00:00Z", "met"),  # 31 May less 3 months is the last day of February, at 00:00
        ("2024-02-28", "2024-05-31T00:00Z", "not met"),
        ("2024-02-29T11:59Z", "2024-05-31T12:00Z", "not met"),
        ("2024-02-29T12:00Z", "2024-05-31T12:00Z", "met"),
        ("2024-02-29", "2024-05-31T12:00Z", "unknown"),
        ("2024-02", "2024-05-31T12:00Z", "unknown"),
        ("2024-03", "2024-05-31T12:00Z", "met"),
        ("2024-05-31T12:00Z", "2024-05-31T12:00Z", "met"),
    ],
)
def test_within_three_months(happened, when, expected):
    assert outcome("surgery within 3 months", {"surgery": {"at": happened}}, when) == expected


@pytest.mark.parametrize(
    ("happened", "when", "expected"),
    [
        ("2024-03-03T08:00", "2024-03-04T08:00+01:00", "met"),  # both in the zone of `at`
        ("2024-03-03T07:59", "2024-03-04T08:00+01:00", "not met"),
        ("2024-03-03T07:00Z", "2024-03-04T08:00+01:00", "met"),
        ("2024-03-03T06:59Z", "2024-03-04T08:00+01:00", "not met"),
        ("2024-03-03T08:00", "2024-03-04T08:00", "met"),  # UTC
        ("2024-03-03T09:00+01:00", "2024-03-04T08:00", "met"),
        ("2024-03-03T08:59+01:00", "2024-03-04T08:00", "not met"),
    ],
)
def test_mixed_zones(happened, when, expected):
    assert outcome("surgery within 24 hours", {"surgery": {"at": happened}}, when) == expected


@pytest.mark.parametrize("when", ["2024-03-04", "2024-03", "2024", "now", "04.03.2024", "2024-03-04T25:00Z", ""])
def test_an_instant_that_is_none_is_refused(when):
    with pytest.raises(UsageError):
        outcome("surgery", {}, when)


def test_a_datetime_is_an_instant():
    moment = datetime(2024, 3, 4, 8, tzinfo=CET)
    assert outcome("surgery within 24 hours", {"surgery": {"at": "2024-03-03T07:00Z"}}, moment) == "met"
    assert outcome("surgery within 24 hours", {"surgery": {"at": "2024-03-03T06:59Z"}}, moment) == "not met"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("life expectancy < 89 days", "not met"), ("life expectancy < 90 days", "unknown"),
        ("life expectancy <= 92 days", "met"), ("life expectancy > 92 days", "not met"),
        ("life expectancy >= 3 months", "met"), ("life expectancy < 3 months", "not met"),
        ("life expectancy < 7 days", "not met"), ("life expectancy < 4 months", "met"),
    ],
)  # fmt: skip
def test_a_duration_in_months_is_as_many_days_as_they_can_have(rule, expected):
    """Three months are 89 to 92 days; four are 120 to 123, so that every three months are shorter than any four."""
    assert outcome(rule, {"life expectancy": "3 months"}) == expected


# --- shown -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-03-01T08:30Z", UTC, "2024-03-01T08:30Z"), ("2024-03-01T08:30:15Z", UTC, "2024-03-01T08:30:15Z"),
        ("2024-03-01T08:30Z", CET, "2024-03-01T09:30+01:00"), ("2024-03-01", UTC, "2024-03-01"),
        ("2024-03", UTC, "between 2024-03-01 and 2024-03-31"),
    ],
)  # fmt: skip
def test_instants_are_shown_on_the_wall_clock(text, zone, expected):
    assert show(read_date(text).span(zone), zone) == expected


def test_iso():
    assert iso(at("2024-03-04T08:00Z"), UTC) == "2024-03-04T08:00:00Z"
    assert iso(at("2024-03-04T08:00Z"), CET) == "2024-03-04T09:00:00+01:00"


def test_instants_round_trip():
    chance = Random(7)
    for _ in range(2000):
        instant = chance.randrange(EARLIEST + 40 * HOUR, LATEST - 40 * HOUR)
        for zone in (UTC, CET, timezone(timedelta(hours=-9, minutes=-30))):
            assert instant_of(datetime.fromisoformat(iso(instant, zone).replace("Z", "+00:00")), UTC) == instant
