"""The text around the formulas: what is accepted at the edges of a file, what is told of its head, and bounds on hostile files."""

import pytest

from eligibility import RuleError, compile_trial
from eligibility.layout import MOST_ERRORS, MOST_LINES, MOST_WORDS
from eligibility.library import diagnose

TOP = 'trial T "t"\n'
OK = 'include:\n  1 "a": malignancy\n'
HEAD = f"{TOP}\ninclude:\n"


def codes(text):
    return [(item.code, item.line) for item in diagnose(text)[1]]


ACCEPTED = {
    "line ends of Windows": (TOP + OK).replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + TOP + OK,
    "no last line end": (TOP + OK).rstrip(),
    "words of the language in capitals": 'TRIAL T "t"\nINCLUDE:\n  1 "a": MALIGNANCY\nEXCLUDE:\n  1 "b": STROKE\n',
    "comments everywhere": '# c\ntrial T "t" # c\n# c\n  registry "x" # c\n# c\ninclude: # c\n# c\n  # c\n  1 "a": malignancy # c\n'
    '# c\n    note "n" # c\n# c\n',
    "a comment at the margin of a block": f'{HEAD}  1 "a":\n    any of:\n# left\n      - malignancy\n         # right\n      - stroke\n',
    "blank lines in a block": f'{HEAD}\n\n  1 "a":\n\n    any of:\n\n      - malignancy\n\n      - stroke\n\n    note "n"\n\n',
    "a comment inside of a continued formula": f'{HEAD}  1 "a":\n    malignancy or # why\n    # and why\n\n    stroke\n',
    "a comment inside of brackets": f'{HEAD}  1 "a":\n    (malignancy # why\n    # and why\n     or stroke) within 3 days\n',
    "the formula goes on below its head": f'{HEAD}  1 "a": malignancy\n    or stroke\n    note "n"\n',
    "the formula goes on in line with its head": f'{HEAD}  1 "a": malignancy or\n  stroke\n',
    "two judgement lines are no heads of criteria": f'{HEAD}  1 "a":\n    malignancy or\n    judgement "b"\n',
    "sections in the other order": TOP + 'exclude:\n  1 "a": stroke\n' + OK,
    "an empty section": TOP + 'include:\nexclude:\n  1 "a": stroke\n',
    "tabs between words": TOP + 'include:\n  1\t"a":\tmalignancy\tor\tstroke\n',
    "quotation marks and # in texts": 'trial T "t \\"q\\" # \\\\"\ninclude:\n  1 "a \\"b\\" # c: d": malignancy\n    note "x \\" y"\n',
    "IDs of registries": TOP + "include:\n" + "".join(f'  {n} "a": stroke\n' for n in ("1", "1.1", "4.h", "a", "2.10.3", "12b")),
    "years of age": TOP + 'include:\n  1 "a": age >= 18 years old\n  2 "b": age between 18 and 65 years of age\n',
    "typographic apostrophes and hyphens": TOP + "include:\n  1 \"a\": Crohn’s disease or COVID‐19\n",
}  # fmt: skip


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=list(ACCEPTED))
def test_accepted(text):
    assert compile_trial(text).criteria


def test_a_block_is_not_continued_by_what_stands_left_of_its_items():
    text = f'{HEAD}  1 "a":\n    any of:\n      - malignancy\n      - stroke\n    and sepsis\n'
    (told,) = diagnose(text)[1]
    assert (told.code, told.underlined, told.line) == ("E131", "and", 8)
    joined = text.replace("    and sepsis", "        and sepsis")
    assert compile_trial(joined).criteria[0].words == "any of (malignancy; stroke and sepsis)"


TOLD = {
    # file, code, line, underlined, words of the message or the help
    "a field twice": (f'{TOP}  values "3 days"\n  values "4 days"\n{OK}', "E302", 3, '"4 days"', ["second", "values"]),
    "no length of time": (f'{TOP}  values "0 days"\n{OK}', "E301", 2, '"0 days"', ["0 days", "30 days"]),
    "an unknown field": (f'{TOP}  sponsor "x"\n{OK}', "E131", 2, "sponsor", ["sponsor", "registry", "values"]),
    "a field without quotation marks": (f"{TOP}  values 30 days\n{OK}", "E131", 2, "values 30 days", ['values "30 days"']),
    "no title": (f"trial T\n{OK}", "E136", 1, "trial T", ['trial ID "title"']),
    "no ID": (f'trial "t"\n{OK}', "E131", 1, '"t"', ['trial ID "title"', "letters"]),
    "a slash in the ID": (f'trial NCT/1 "t"\n{OK}', "E131", 1, "/1", ["letters"]),
    "no trial": (OK, "E123", 1, "include:", ['trial ID "title"']),
    "two trials": (f'{TOP}{OK}trial U "u"\nexclude:\n  1 "a": stroke\n', "E124", 4, "trial", ["second trial", "file of its own"]),
    "a criterion behind its section": (f'{TOP}include: 1 "a": malignancy\n', "E131", 2, "1", ["behind the section", "line of its own"]),
    "a section that is indented": (f'{TOP}  include:\n    1 "a": malignancy\n', "E131", 2, "include:", ["indented", "margin"]),
    "a criterion at the margin": (f'{TOP}include:\n1 "a": malignancy\n', "E124", 3, '1 "a":', ["indented", "two spaces"]),
    "a note before the formula": (f'{HEAD}  1 "a":\n    note "n"\n    malignancy\n', "E131", 5, 'note "n"', ["below its formula"]),
    "a note at the margin of criteria": (f'{HEAD}  1 "a": malignancy\n  note "n"\n', "E126", 5, 'note "n"', ["indented"]),
    "a second note": (f'{HEAD}  1 "a": malignancy\n    note "n"\n    note "m"\n', "E131", 6, 'note "m"', ["one note"]),
    "a block behind its head": (f'{HEAD}  1 "a": any of:\n    - stroke\n', "E140", 4, "any of", ["line below"]),
    "two formulas": (f'{HEAD}  1 "a":\n    malignancy\n    stroke\n', "E131", 6, "stroke", ["second formula", "`and`"]),
    "line ends of old machines": (TOP.replace("\n", "\r") + OK.replace("\n", "\r"), "E103", 1, "\r", ["U+000D"]),
    "a line end that is none": (f'{HEAD}  1 "a": malignancy # so\u2028  2 "b": stroke\n', "E103", 4, "\u2028", ["U+2028"]),
    "half a character": (f'{HEAD}  1 "a": malig\ud800nancy\n', "E103", 4, "\ud800", ["U+D800"]),
    "digits of another script": (f'{HEAD}  1 "a": creatinine >= ٥ mg/dL\n', "E128", 4, "٥", ["٥"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "underlined", "words"), TOLD.values(), ids=list(TOLD))
def test_told(text, code, line, underlined, words):
    found = [item for item in diagnose(text)[1] if (item.code, item.line) == (code, line)]
    assert found, [str(item) for item in diagnose(text)[1]]
    assert found[0].underlined.rstrip(":") == underlined.rstrip(":")
    said = f"{found[0].message}\n{found[0].help}".casefold()
    assert not [word for word in words if word.casefold() not in said], said


@pytest.mark.parametrize("first", ["trial T\n", 'trial "t"\n', "# nothing\n", "protocol: T\n", '{"trial": "T"}\n'])
def test_a_wrong_head_does_not_hide_what_is_wrong_below(first):
    text = f'{first}include:\n  1 "a": creatinin > 5 mg/dL\n  2 "b": > 5\nexclude:\n  1 "c": age = 18 years\n'
    told = codes(text)
    assert told[0][0] in ("E123", "E131", "E136")
    assert told[1:] == [("E400", 3), ("E127", 4), ("E444", 6)]


def test_all_that_is_wrong_in_one_statement_is_told():
    text = f'{HEAD}  1 "a": highest creatinin within 5 moons before bleding > 5 foobar\n'
    assert [(item.code, item.underlined) for item in diagnose(text)[1]] == [
        ("E400", "creatinin"), ("E460", "5 moons"), ("E400", "bleding"), ("E480", "foobar"),
    ]  # fmt: skip


def test_all_names_of_a_windowed_group_are_told():
    text = f'{HEAD}  1 "a": (malignacy or not stroke or creatinine) within 3 days\n'
    assert [item.code for item in diagnose(text)[1]] == ["E400", "E414", "E421"]


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_too_many_lines():
    (told,) = diagnose(HEAD + "# x\n" * (MOST_LINES + 1))[1]
    assert told.code == "E101"
    assert f"{MOST_LINES:,}" in told.message


def test_too_many_words():
    (told,) = diagnose(HEAD + ('  1 "a": ' + "malignancy or " * 130 + "stroke\n") * 200)[1]
    assert told.code == "E101"
    assert f"{MOST_WORDS:,}" in told.message


def test_words_of_comments_do_not_count():
    assert compile_trial(HEAD + '  1 "a": malignancy\n' + ("# " + "word " * 300 + "\n") * 200).criteria


def test_a_formula_too_long_is_one_error():
    (told,) = diagnose(f'{HEAD}  1 "a":\n    malignancy\n' + "    or malignancy\n" * 3000)[1]
    assert (told.code, told.line) == ("E102", 5)


HOSTILE = {
    "open quotation marks": '"\n' * 9000, "backticks": "`\n" * 9000, "open brackets": "(\n" * 9000, "closed brackets": ")\n" * 9000,
    "dashes": "- \n" * 9000, "sections": "include:\n" * 9000, "wrong sections": "includes:\n" * 9000,
    "undeclared names": "".join(f'  {n} "a": creatin{n} > 5 mg/dL\n' for n in range(5000)),
    "phrases": "".join(f'  {n} "a": creatinine greater than 5 mg/dL\n' for n in range(4000)),
    "syntax": "".join(f'  {n} "a": > 5 mg/dL\n' for n in range(5000)),
    "unknown units": "".join(f'  {n} "a": creatinine > 5 foo{n}\n' for n in range(4000)),
    "one ID": '  1 "a": malignancy\n' * 6000,
    "wrong items": '  1 "a":\n    any of:\n' + "      - malignacy\n" * 9000,
    "odd indentation": '  1 "a":\n    any of:\n' + "      - malignancy\n     - stroke\n" * 4000,
    "a staircase down": '  1 "a":\n' + "".join(" " * (1400 - n) + "- malignancy\n" for n in range(1390)),
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_files_end_in_a_bounded_number_of_errors(text):
    with pytest.raises(RuleError) as caught:
        compile_trial(HEAD + text)
    assert 1 <= len(caught.value.diagnostics) <= 2 * MOST_ERRORS
    assert len(str(caught.value)) < 100_000


def test_an_error_below_a_joined_line_hides_no_other():
    text = (
        'trial T "t"\n\ninclude:\n  1 "a": stroke\n    and\n    sepsis\n  2 "b": creatinine > > 3\n  3 "c": , stroke\n'
        '  4 "d": malignancyy\n  5 "e": (stroke\n    or sepsis), stroke\n  6 "f": strok\n'
    )
    told = [(item.code, item.line) for item in diagnose(text)[1]]
    assert told == [("E127", 7), ("E128", 8), ("E400", 9), ("E131", 11), ("E400", 12)]


def test_more_joined_lines_than_lines_left_do_no_harm():
    """Once the line of an error was looked for among the joined lines, of which there are fewer."""
    criteria = "".join(f'  {number} "b": , stroke\n    and sepsis\n' for number in range(2, 60))
    told = diagnose('trial T "t"\n\ninclude:\n  1 "a": stroke\n' + "    and sepsis\n" * 9 + criteria)[1]
    assert [item.code for item in told] == ["E128"] * 58
