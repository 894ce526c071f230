"""What is said of faulty rules, and what open criteria ask for, word for word; `tests/messages/*.txt` hold it.

The kit and the tests of rule errors say which words a message must hold. Those words are few; here is the whole sentence, so
that every change of one is seen and read in review. `python tests/messages.py` writes the files anew.
"""

import re
from pathlib import Path

import test_rule_errors
from eligibility import compile_trial, screen
from eligibility.library import diagnose
from test_kit import CASES, wrapped

FOLDER = Path(__file__).parent / "messages"
HEAD = ('trial KIT "kit"', 'trial T "t"', "include:")


SEVERAL = (  # two faults and more in one statement, which stands inside of one that is warned of
    "creatinin > 5 foo", "creatinin=5 mg/dL", "5 mg/dL=creatinin", "time since onset of malignacy = 5 days", "creatinine within 5 moons after malignacy > 5 foo", "creatinin within 5 moons > 5 mg/dL",
    "history of malignacy within 5 moons", "history of malignacy", "onset of malignacy", "onset of malignacy after firstt dose",
    "onset of malignacy within 5 moons", "time since onset of malignacy > 5 foo", "time since onset of malignacy",
    "time since onset of ARDS > 5 moons", "time since onset of ARDS between 5 days and 3 moons", "malignacy for at least 5 moons",
    "creatinine for at least 5 moons", "rise in creatinin over 5 moons within 3 suns > 5 foo", "rise in age over 5 moons > 3 foo",
    "malignacy within 5 moons before firstt dose", "malignacy within the next 3 days before firstt dose",
    "surgery within 5 moons before sexx", "(malignacy or strok) within 5 moons", "(malignacy and creatinine > 5 foo) within 5 moons",
    "creatinine = flase", "creatinin = false", "creatinin != 5 foo", "creatinin => 5 foo", "sexx is female", "sex > femal",
    "sex between foo and bar", "NYHA class between foo and bar", "NYHA class > creatinin", "highest NYHA class within 5 moons > foo",
    "creatinin is high", "creatinine between 1 foo and 2 bar", "5 foo < creatinin < 7 bar", "5 foo < creatinine > 7 bar",
    "creatinin < 5 mg/dL < ure", "ALTT > 2 x ULN", "ALT > 0 x ULN", "ALTT between 2 x ULN and 5 foo", "(creatinin / ure) > 2 x ULN",
    "min(creatinin, ure) > 5 foo", "ln(creatinin, ure) > 5", "malignacy + strok", "creatinin + ure", "highest malignacy",
    "judgement \" \"", "informd consent within 5 moons", "informed consent within 5 moons", "highest informed consent",
    "firstt dose", "if malignacy then strok", "malignacy unless strok", "not malignacy", "if sexx is femal then creatinin > 5 foo",
    "(if sexx is female then creatinin else ure) > 5 foo", "creatinine > 1e31 mg/dL", "creatinine > 1e-31 foo",
    "ALT > 1e31 x ULN", "creatinin > 12345678901234567890123456789012345678901234567890 mg/dL",
)  # fmt: skip
LACKING = (  # a word of the language stands wrongly, or lacks something
    "then malignancy", "unless malignancy", "THEN malignancy", "Unless malignancy", "or malignancy", "then", "unless",
    "surgery within", "surgery WITHIN months", "surgery within months", "surgery within two months", "surgery within some time",
    "malignancy for at least", "malignancy for at least two months", "malignancy FOR AT LEAST months", "surgery over 3 days",
    "creatinine over", "foo within months", "creatinin 5 mg/dL", "creatinine 5 mg/dL", "creatinine 5", "creatinine 5.5 mg/dL",
    "malignancy 3 months", "malignancy 3 foo", "malignancy 3", "surgery 6 weeks", "age 18 years", "NYHA class 3",
    "`creatinin 5`", "`then malignancy`", "creatinine/urea > 5", "creatinin/ure > 5", "xyzzy", "xyzzy/plugh > 5",
    "a" * 59 + " is present", "a" * 60, "a" * 61, "b" * 62, "creatinine > 5 " + "a" * 61, "age >= 18 years malignancy and bleeding",
    "creatinine > 5 mg/dL malignancy", "creatinine > 5 mg/dL foo", "surgery within 3 days malignancy", "surgery within 3 days foo",
    "surgery within 3 days after bleeding malignancy", "malignancy for at least 3 months bleeding",
)  # fmt: skip
BLOCKS = (
    "all of:\n  - malignacy\n  - strok", "at least 3 of:\n  - malignancy\n  - stroke", "at least 2 of:\n  - malignacy\n  - creatinin > 5 foo",
    "at most 2 of:\n  - malignancy\n  - stroke", "at most 3 of:\n  - malignancy\n  - stroke", "at least 0 of:\n  - malignancy",
    "exactly 2 of:\n  - malignancy", "exactly 0 of:\n  - malignacy", "none of:\n  - malignacy", "at least 1 of:\n  - malignancy",
    "at most 0 of:\n  - malignancy\n  - strok", "at most 1 of:\n  - malignancy",
)  # fmt: skip
MIXED = (  # warned of, or not
    "malignancy or stroke and bleeding", "malignancy or (stroke and bleeding)", "(malignancy or stroke) and bleeding",
    "malignancy or stroke within 3 months", "malignancy or stroke or bleeding within 3 months", "malignancy within 3 days or stroke within 3 months",
    "age > 3 years or stroke within 3 months", "age > 3 years or malignancy or stroke within 3 months", "(malignancy or stroke within 3 months)",
    "informed consent or stroke within 3 months", "malignancy or NYHA class within 3 months > II", "malignancy or stroke before consent",
    "malignancy and stroke within 3 months", "creatinine or stroke within 3 months",
)  # fmt: skip


def crowded(count):
    """A file with more errors than anybody reads, and warnings between them."""
    lines = [f'  {number} "case": malignancy or stroke and nothing{number}\n' for number in range(count)]
    return 'trial KIT "kit"\n\ninclude:\n' + "".join(lines)


FILES = (
    'trial KIT "kit"\n  values "0 days"\n\ninclude:\n  1 "case": malignancy\n', 'trial KIT "kit"\n  values "5 moons"\n\ninclude:\n  1 " ": malignacy\n  1 "b": strok\n',
    'trial KIT "kit"\n\ninclude:\n  1 "a": malignancy\n\nexclude:\n  1 "b": stroke\n\ninclude:\n  1 "c": bleeding\n',
    'trial KIT "kit"\n\ninclude:\n  4.H "a": malignancy\n  4.h "b": stroke\n  4.H "c": stroke\n', 'trial KIT "kit"\n\nexclude:\n',
    'trial KIT "kit"\n\ninclude:\n  1 "a": judgement "a" and judgement "b" and judgement "c"\n  2 "b": judgement "d"\n',
    'trial KIT "kit"\n\ninclude:\n  2 "b": strok\n  1 "a": malignacy\n\nexclude:\n  3 "c": bleding\n',
)  # fmt: skip


def faulty_texts():
    """Every faulty rule file of the tests, once."""
    texts = [wrapped(f"malignancy or stroke and {rule}") for rule in SEVERAL]
    texts += [wrapped(rule) for rule in (*SEVERAL, *LACKING, *BLOCKS, *MIXED)]
    texts += [*FILES, crowded(25), crowded(101)]
    texts += [test_rule_errors.marked(case[1])[0] for case in test_rule_errors.CASES]
    texts += [test_rule_errors.marked(test_rule_errors.formula(rule))[0] for _, rule, *_ in test_rule_errors.WARNINGS]
    texts += [wrapped(case["rule"]) for _, case in CASES if "error" in case]
    return [text for text in dict.fromkeys(texts) if len(text) < 600 or "nothing24" in text]


def printable(text):
    return "".join(char if char.isprintable() or char == "\n" else f"\\u{ord(char):04x}" for char in text)


def quoted(text):
    return "\n".join(f"> {line}" for line in printable(text).split("\n") if line.strip() and line not in HEAD)


def told_of(text):
    """The diagnostics of a text: code, place, underlined words, message, help."""
    lines = [quoted(text)]
    for item in diagnose(text)[1]:
        words = printable(item.underlined).replace("\n", " ")
        lines.append(f"{item.severity} {item.code} at {item.line}:{item.column} «{words}»: {printable(item.message)}")
        lines += [f"    {printable(item.help)}"] if item.help else []
        lines += [f"    «{printable(item.source.words(at.span))}»: {at.message}" for at in item.related]
    return "\n".join(lines)


def shapes_of(said):
    """What is said, whatever it is said of."""
    return {re.sub(r"`[^`]*`|«[^»]*»|\d+", "", line) for line in said.splitlines() if not line.startswith(">")}


def diagnostics():
    """What is said of faulty texts; of those of the kit and the tests as far as those before did not say the same."""
    seen, found = set(), []
    own = 2 * len(SEVERAL) + len((*LACKING, *BLOCKS, *MIXED, *FILES)) + 2
    for index, text in enumerate(faulty_texts()):
        said = told_of(text)
        if index < own or not shapes_of(said) <= seen:
            seen |= shapes_of(said)
            found.append(said)
    return "\n\n".join(found) + "\n"


def open_cases():
    """The cases of the kit that are open."""
    return [
        case for _, case in CASES
        if case.get("outcome") == "unknown" and "rule" in case and not case["case"].startswith("ward spelling")
    ]  # fmt: skip


def asked_in(case):
    """The needs of an open case: fact, what is asked of it, what would settle it."""
    options = {name: case[name] for name in ("at", "absent") if case.get(name) is not None}
    trial = screen(case["patient"], [compile_trial(wrapped(case["rule"]))], **options)["KIT"]
    lines = [case["case"], *(f"> {line}" for line in case["rule"].splitlines())]
    for need in trial.criteria["include.1"].needs:
        question = f" ({need.question})" if need.question else ""
        lines.append(f"{need.concept}: {need.asks}{question}; settled: {need.settles or 'not by it alone'}")
    return "\n".join(lines)


def needs():
    """What the open cases of the kit ask for, as far as those before did not ask the same."""
    seen, found = set(), []
    for case in open_cases():
        said = asked_in(case)
        shape = re.sub(r"\d+", "", said.partition("> ")[2].partition("\n")[2])
        if shape not in seen:
            seen.add(shape)
            found.append(said)
    return "\n\n".join(found) + "\n"


def reviewed(kind):
    """The reviewed sentences, by what they are said of: the quoted text, or the title of the case."""
    blocks = (FOLDER / f"{kind}.txt").read_text("utf-8").rstrip("\n").split("\n\n")
    if kind == "needs":
        return {block.partition("\n")[0]: block for block in blocks}
    return {"\n".join(line for line in block.splitlines() if line.startswith("> ")): block for block in blocks}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "diagnostics.txt").write_text(diagnostics(), encoding="utf-8")
    (FOLDER / "needs.txt").write_text(needs(), encoding="utf-8")
