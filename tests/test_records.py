"""JSON of patients: what is refused and under which key, lines one by one, and bounded work on hostile text."""

import io
import json

import pytest

from eligibility import PatientError
from eligibility.records import DEEPEST_RECORD, LARGEST_RECORD, MOST_PROBLEMS, is_lines, read_lines, read_record


def refused(text):
    with pytest.raises(PatientError) as caught:
        read_record(text)
    return [(problem.key, problem.message) for problem in caught.value.problems]


def test_every_refusal_stands_under_the_path_of_its_key():
    text = '{"a": NaN, "b": {"c": -Infinity, "d": [{"e": 1e999}]}, "f": [Infinity], "g": 1, "g": 2, "h": {"i": 1, "i": 2}, "j": %s}'
    told = refused(text % ("9" * 5000))
    assert sorted(key for key, _ in told) == ["a", "b.c", "b.d.e", "f", "g", "h.i", "j"]
    words = dict(told)
    assert "NaN" in words["a"]
    assert "not finite" in words["b.d.e"]
    assert "twice" in words["g"]
    assert "too long" in words["j"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"), (" \n ", "empty"), ("\ufeff", "empty"), ("[]", "{ ... }"), ("5", "{ ... }"), ("null", "{ ... }"),
        ('"x"', "{ ... }"), ('{"a":', "line 1, column 6"), ('{"a":1} x', "line 1, column 9"), ("{'a':1}", "column 2"),
        ('{"a":1,\n}', "line"), ("{", "column"), ('{"a":"\x01"}', "control"), ("NaN", "NaN"),
    ],
)  # fmt: skip
def test_what_is_no_patient(text, word):
    told = refused(text)
    assert told[0][0] == "patient"
    assert word in " ".join(message for _, message in told)


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert read_record('\ufeff{"age": 54}') == {"age": 54}


def nested(depth):
    return '{"a": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


def test_depth_is_bounded():
    assert read_record(nested(DEEPEST_RECORD))
    assert "deep" in refused(nested(DEEPEST_RECORD + 1))[0][1]
    assert "deep" in refused("[" * 100_000)[0][1]
    assert "deep" in refused('{"a":' * 100_000 + "1" + "}" * 100_000)[0][1]
    assert read_record('{"a": "' + "[" * 1000 + '"}')
    assert read_record('{"a": "\\"' + "{" * 1000 + '"}')


HOSTILE = {
    "escaped quotation marks": '{"a":"' + '\\"' * 4_000_000, "quotation marks": '"' * 9_000_000, "pairs that do not fit": "[}" * 4_000_000,
    "closing brackets": "]" * 9_000_000, "zeros": "0" * 9_000_000, "NaN": "[" + "NaN," * 1_000_000 + "1]",
    "an exponent": '{"a":1e' + "9" * 1_000_000 + "}", "digits": '{"a":' + "1" * 9_000_000 + "}", "too large": " " * LARGEST_RECORD + "{}",
    "one key very often": "{" + ",".join(['"k":1'] * 200_000) + "}",
    "many keys twice": "{" + ",".join(f'"k{n}":1,"k{n}":2' for n in range(50_000)) + "}",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_text_is_refused_in_few_words(text):
    told = refused(text)
    assert 1 <= len(told) <= MOST_PROBLEMS + 1
    assert all(len(message) < 200 for _, message in told)


def test_bad_lines_are_told_with_their_numbers_and_the_rest_goes_on():
    text = '{"a":1}\nbad\n\n{"b":2}\r\n[1]\n{"c":NaN}\n{"d":1,"d":2}\n{"e":3}'
    lines = list(read_lines(io.StringIO(text, newline="")))
    assert [line.number for line in lines] == [1, 2, 4, 5, 6, 7, 8]
    assert [line.record for line in lines] == [{"a": 1}, None, {"b": 2}, None, None, None, {"e": 3}]
    assert [line.error is None for line in lines] == [True, False, True, False, False, False, True]


def test_a_line_too_long_is_passed_over():
    text = '{"a":"' + "x" * (LARGEST_RECORD + 5) + '"}\n{"b":2}\n'
    lines = list(read_lines(io.StringIO(text)))
    assert [(line.number, line.record) for line in lines] == [(1, None), (2, {"b": 2})]
    assert "10 MB" in str(lines[0].error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":1}\n{"b":2}\n', True), ('{"a":1}\n', False), ('{\n"a":1}\n', False), ('bad\n{"a":1}\n', True),
        ('[\n{"a":1},\n{"b":2}\n]', False), ('\ufeff{"a":1}\n{"b":1}', True), ('{"a":"x\u2028y"}', False), ("{}\n{}", True),
        ('{"a":1},\n{"b":2}', False), ('\n\n{"a":1}\n\n{"b":1}', True), ("[" * 100_000 + "\n{}", False), ("", False),
        (json.dumps({"a": {"b": 1}}, indent=1), False),
    ],
)  # fmt: skip
def test_one_object_a_line_or_one_over_several(text, expected):
    assert is_lines(text) is expected
