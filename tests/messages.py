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


def faulty_texts():
    """Every faulty rule file of the tests, once."""
    texts = [test_rule_errors.marked(case[1])[0] for case in test_rule_errors.CASES]
    texts += [test_rule_errors.marked(test_rule_errors.formula(rule))[0] for _, rule, *_ in test_rule_errors.WARNINGS]
    texts += [wrapped(case["rule"]) for _, case in CASES if "error" in case]
    return [text for text in dict.fromkeys(texts) if len(text) < 1_000]


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
    return "\n".join(lines)


def shapes_of(said):
    """What is said, whatever it is said of."""
    return {re.sub(r"`[^`]*`|«[^»]*»|\d+", "", line) for line in said.splitlines() if not line.startswith(">")}


def diagnostics():
    """What is said of faulty texts, as far as those before did not say the same."""
    seen, found = set(), []
    for text in faulty_texts():
        said = told_of(text)
        if not shapes_of(said) <= seen:
            seen |= shapes_of(said)
            found.append(said)
    return "\n\n".join(found) + "\n"


def diagnostics():
    """What is said of faulty texts, as far as those before did not say the same."""
    seen, found = set(), []
    for text in faulty_texts():
        said = told_of(text)
        if not shapes_of(said) <= seen:
            seen |= shapes_of(said)
            found.append(said)
    return "\n\n".join(found) + "\n"


def open_cases():
    """Every open case of the kit that asks in another way than those before it."""
    seen = set()
    for _, case in CASES:
        if case.get("outcome") == "unknown" and "rule" in case:
            said = asked_in(case)
            shape = re.sub(r"\d+", "0", said.partition("\n  ")[2])
            if shape not in seen:
                seen.add(shape)
                yield case["case"], said


def asked_in(case):
    """The needs of an open case: fact, what is asked of it, what would settle it."""
    options = {name: case[name] for name in ("at", "absent") if case.get(name) is not None}
    trial = screen(case["patient"], [compile_trial(wrapped(case["rule"]))], **options)["KIT"]
    lines = [f"{case['case']}\n> {case['rule']}".replace("\n", "\n> ").replace("> > ", "> ")]
    for need in trial.criteria["include.1"].needs:
        question = f" ({need.question})" if need.question else ""
        lines.append(f"  {need.concept}: {need.asks}{question}; settled {need.settles or '-'}; {', '.join(need.criteria)}")
    return "\n".join(lines)


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
