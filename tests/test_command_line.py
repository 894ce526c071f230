"""The command line as a user meets it: help, statuses, complaints with the nearest spelling, files that appear whole, pipes."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eligibility import load_trials, screen
from eligibility.cli import registry, run, running
from eligibility.cli.arguments import parser_of
from eligibility.html_report import html_of

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
ARDS = str(EXAMPLES / "ards.json")
WARD = str(EXAMPLES / "patients.jsonl")
RULE = 'trial T1 "title"\n\ninclude:\n  1 "one": malignancy\n'
COMMANDS = list(registry.COMMANDS)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """80 columns, no colours, whatever the terminal of the tester."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def call(capsys):
    """Runs a command; gives its status, what it printed, and what it complained of."""

    def called(*arguments):
        status = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return called


@pytest.fixture
def rule(tmp_path):
    path = tmp_path / "one.elig"
    path.write_text(RULE, encoding="utf-8")
    return path


def process(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "eligibility", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]], ids=str)
def test_the_overview_names_every_command(call, arguments):
    status, said, complaint = call(*arguments)
    assert (status, complaint) == (0, "")
    for name, command in registry.COMMANDS.items():
        assert re.search(rf"^  {name} ", said, re.MULTILINE)
        assert " ".join(command.line.split()[:4]) in said
    assert "--print-completion" in said
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_says_all(call, name):
    status, said, _ = call(name, "--help")
    assert status == 0
    assert said.startswith(f"usage: eligibility {name}")
    assert "examples:" in said
    assert f"  eligibility {name}" in said
    assert "exit status:" in said
    assert "0  done" in said
    assert max(map(len, said.splitlines())) <= 80
    parser = parser_of(name, registry.load(name))
    assert parser.about
    assert all(action.help for action in parser._actions), "every argument is explained"
    assert call(name, "-h")[1] == said


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_of_the_help_can_be_parsed(name):
    parser = parser_of(name, registry.load(name))
    assert parser.examples
    for example in parser.examples:
        words = re.split(r" [<>] ", example)[0].split()
        assert words[:2] == ["eligibility", name]
        parser_of(name, registry.load(name)).checked(words[2:])


def test_the_version(call):
    from eligibility import __version__

    assert call("--version") == (0, f"{__version__}\n", "")
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", ["", "wide", "0", "-3", "20", "100000"])
def test_help_in_a_terminal_of_any_width(call, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert call("screen", "--help")[0] == 0


# --- misuse ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["scren"], "did you mean `screen`?"),
        (["vocab"], "there is no command `vocab`"),
        (["--hlep"], "did you mean `--help`?"),
        ([""], "there is no command ``"),
        (["--"], "there is no option `--`"),
        (["x" * 10_000], "x..."),
        (["a\x1b[31mb"], "there is no command `a?[31mb`"),
        (["screen"], "required: PATIENT"),
        (["screen", ARDS, "--trail", "X"], "did you mean `--trial`?"),
        (["screen", ARDS, "--trial"], "expected one argument"),
        (["screen", ARDS, "--tri", "X"], "did you mean `--trial`?"),
        (["screen", ARDS, "--at=1", "--rule=x"], "did you mean `--rules`?"),
        (["screen", ARDS, "--absent", "nope"], "it takes unknown or no"),
        (["screen", ARDS, "--format", "pdf"], "it takes table or json or html"),
        (["screen", ARDS, ARDS], "one argument too many"),
        (["screen", ARDS, "-x"], "there is no option `-x`"),
        (["screen", ARDS, "--trial", "NCT0360859"], "did you mean `NCT03608592`"),
        (["screen", ARDS, "--trial", ""], "no trial ``"),
        (["screen", ARDS, "--at", "tomorrow"], "is not an instant"),
        (["screen", ARDS, "--at", "2024-03-04"], "2024-03-04"),
        (["screen", "nowhere.json"], "nowhere.json: cannot be read: No such file or directory"),
        (["screen", str(EXAMPLES)], "examples: cannot be read: Is a directory"),
        (["screen", "a\0b"], "cannot be read"),
        (["screen", "a\nb"], "a?b: cannot be read"),
        (["screen", ARDS, "--rules", "nowhere"], "nowhere: no such file or folder"),
        (["screen", ARDS, "--rules", str(EXAMPLES)], "no .elig files"),
        (["screen", ARDS, "--vocabulary", "nowhere.toml"], "no such vocabulary file"),
        (["screen", WARD, "--format", "html"], "shows one patient"),
        (["show"], "required: TRIAL"),
        (["show", "NCT"], "no trial `NCT`"),
        (["show", "NCT03608592", "again"], "one argument too many"),
        (["check", "nowhere.elig"], "nowhere.elig: no such file or folder"),
        (["check", str(EXAMPLES)], "no .elig files"),
        (["format"], "name the files to format"),
        (["format", "nowhere.elig"], "no such file"),
        (["test", "--fail-under", "much"], "much"),
        (["vocabulary", "creatinin clearence"], "creatinine clearance"),
        (["vocabulary", "\0"], "no name like"),
        (["schema"], "required: WHICH"),
        (["schema", "patiant"], "did you mean `patient`?"),
        (["--print-completion"], "the name of a shell: bash, zsh, tcsh"),
        (["--print-completion", "fish"], "the name of a shell: bash, zsh, tcsh"),
        (["--print-completion=bash", "more"], "the name of a shell"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_misuse_gets_one_clear_complaint(call, words, complaint):
    status, said, told = call(*words)
    assert status == 2
    assert said == ""
    assert complaint in told
    assert len(told.splitlines()) <= 2
    assert len(told) < 400


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the JSON text is empty"),
        (b"\n\n", "the JSON text is empty"),
        (b"[]", "a patient is a JSON object"),
        (b"3", "a patient is a JSON object"),
        (b'{"age": NaN}', "`NaN` is no finite number"),
        (b'{"age": 1e999}', "not finite"),
        (b'{"age": 54, "age": 55}', "stands twice"),
        (b'{"age": "54 parsecs"}', "age"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'{"age": 54, "sex": "\xe9"}', "not UTF-8"),
        (b'{"age": ' + b"9" * 5000 + b"}", "too long"),
        (b'{"creatinine": 3}', "creatinine"),
    ],
    ids=lambda value: "" if isinstance(value, str) else value[:16].decode("ascii", "replace"),
)
def test_a_bad_record_is_refused(call, tmp_path, content, complaint):
    path = tmp_path / "patient.json"
    path.write_bytes(content)
    status, said, told = call("screen", path)
    assert (status, said) == (2, "")
    assert complaint in told


# --- screen ----------------------------------------------------------------------------------------------------------


def test_one_patient_as_json_is_what_the_library_says(call):
    status, said, _ = call("screen", ARDS, "-f", "json")
    assert status == 0
    assert json.loads(said) == screen(json.loads(Path(ARDS).read_text(encoding="utf-8"))).to_dict()


def test_options_in_any_order(call):
    first = call("screen", "--trial", "nct03608592", ARDS, "-f", "json", "-t", "XHNKKY-DDSC")
    assert first == call("screen", "-tnct03608592", "--format=json", "--trial=XHNKKY-DDSC", ARDS)
    assert [trial["id"] for trial in json.loads(first[1])["trials"]] == ["NCT03608592", "XHNKKY-DDSC"]


def test_the_table_fits_80_columns_and_has_no_colours_in_a_pipe(call):
    _, said, _ = call("screen", ARDS, "--explain")
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_line_that_is_no_utf8_spoils_no_other(call, tmp_path):
    path = tmp_path / "ward.jsonl"
    path.write_bytes(b'{"id": "A", "age": 54}\n{"id": "M\xfcller", "age": 60}\n{"id": "M\xc3\xbcller", "age": 17}\n')
    status, said, told = call("screen", path, "-f", "json", "-t", "NCT03608592")
    assert status == 2
    assert [json.loads(line)["id"] for line in said.splitlines()] == ["A", "M\u00fcller"]
    assert told.splitlines()[0] == "line 2: patient: this line is not UTF-8 text"


def test_many_patients(call, tmp_path):
    path = tmp_path / "ward.jsonl"
    path.write_text('{"id": "A", "age": 54}\n{"id": "B", "age": }\n\n{"id": "C", "age": 17}\n', encoding="utf-8")
    status, said, told = call("screen", path, "-f", "json", "-t", "NCT03608592")
    assert status == 2
    assert [json.loads(line)["id"] for line in said.splitlines()] == ["A", "C"]
    assert told.startswith("line 2: ")
    assert call("screen", path, "-t", "NCT03608592")[1].count("NCT03608592") == 2


def test_a_bad_instant_is_said_once(call):
    assert call("screen", WARD, "--at", "noon")[2].count("noon") == 1


def test_an_empty_file_of_many(call, tmp_path):
    path = tmp_path / "none.jsonl"
    path.write_text("\n\n", encoding="utf-8")
    assert call("screen", path) == (2, "", "there is no patient in the input\n")


@pytest.mark.parametrize("content", [b'\xef\xbb\xbf{"age": 54}', b'{"age": 54}', b'{"age":\n54}'])
def test_standard_input(content):
    running = process("screen", "-", "-t", "NCT03608592", "-f", "json", stdin=subprocess.PIPE)
    said, told = running.communicate(content, timeout=120)
    assert (running.returncode, told) == (0, b"")
    assert json.loads(said)["trials"][0]["id"] == "NCT03608592"


def test_no_standard_input(call, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert call("screen", "-") == (2, "", "there is no standard input\n")
    assert call("format", "-") == (2, "", "there is no standard input\n")


@pytest.mark.parametrize("command", ["check", "format"])
@pytest.mark.parametrize(("content", "told"), [(b"trial \xff", "<stdin>: not UTF-8 text"), (b"#" * 1_000_002, "E101")])
def test_rules_on_standard_input_that_cannot_be_used(command, content, told):
    running = process(command, "-", stdin=subprocess.PIPE)
    said = b"".join(running.communicate(content, timeout=120)).decode()
    assert running.returncode in (1, 2)
    assert told in said


def test_half_a_letter_is_shown_and_is_still_json(tmp_path):
    path = tmp_path / "patient.json"
    path.write_text('{"id": "\\ud800", "age": 54}', encoding="utf-8")
    for form in ("table", "json", "html"):
        running = process("screen", str(path), "-f", form)
        said, told = running.communicate(timeout=120)
        assert (running.returncode, told) == (0, b""), form
        assert rb"\ud800" in said
    assert json.loads(process("screen", str(path), "-f", "json").communicate(timeout=120)[0])["id"] == "\ud800"


def test_progress_is_for_terminals(call, monkeypatch):
    class Terminal:
        def __init__(self, stream):
            self._stream = stream

        def isatty(self):
            return True

        def __getattr__(self, name):
            return getattr(self._stream, name)

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    status, said, told = call("screen", WARD, "-f", "json")
    assert "patients screened" in told
    assert [json.loads(line)["id"] for line in said.splitlines()]
    assert status in (0, 2)


# --- output ----------------------------------------------------------------------------------------------------------


def test_a_file_of_output_is_the_same_as_standard_output(call, tmp_path):
    path = tmp_path / "out.json"
    assert call("screen", ARDS, "-f", "json", "-o", path) == (0, "", "")
    assert path.read_text(encoding="utf-8") == call("screen", ARDS, "-f", "json")[1]
    assert [item.name for item in tmp_path.iterdir()] == ["out.json"]


def test_what_fails_leaves_what_was_there(call, tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("before", encoding="utf-8")
    bad = tmp_path / "bad.json"
    bad.write_text("{", encoding="utf-8")
    assert call("screen", bad, "-o", path)[0] == 2

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("eligibility.cli.screen._show", stop)
    assert call("screen", ARDS, "-o", path) == (130, "", "stopped\n")
    assert path.read_text(encoding="utf-8") == "before"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["bad.json", "out.json"]


@pytest.mark.parametrize("place", ["nowhere/out.json", "folder", "file/out.json"])
def test_a_place_that_cannot_be_written(call, tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    status, said, told = call("screen", ARDS, "-o", tmp_path / place)
    assert (status, said) == (2, "")
    assert "folder" in told
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder"]


def test_a_full_disk(call, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    assert call("screen", ARDS, "-o", tmp_path / "out") == (2, "", "out: cannot be written: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="modes and links of files are those of POSIX")
def test_a_rewritten_file_keeps_its_mode_and_its_link(call, rule, tmp_path):
    rule.write_text(RULE.replace("  1", "     1"), encoding="utf-8")
    rule.chmod(0o640)
    link = tmp_path / "link.elig"
    link.symlink_to(rule)
    assert call("format", "--write", link) == (0, "", "")
    assert rule.read_text(encoding="utf-8") == RULE
    assert link.is_symlink()
    assert stat.S_IMODE(rule.stat().st_mode) == 0o640


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no null device")
def test_a_device_is_written_to_and_not_replaced(call):
    assert call("screen", ARDS, "-o", "/dev/null")[0] == 0
    assert not Path("/dev/null").is_file()


# --- pipes and signals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["vocabulary"], ["schema", "patient"], ["screen", WARD, "-f", "json"]], ids=str)
def test_a_closed_pipe_is_quiet(arguments):
    running = process(*arguments)
    running.stdout.close()
    told = running.stderr.read()
    running.stderr.close()
    assert (running.wait(timeout=120), [line for line in told.splitlines() if not line.startswith(b"line ")]) == (0, [])


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_ctrl_c(tmp_path):
    # a run in the background is deaf to Ctrl-C, and would hand that on
    listening = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = process("screen", "-", "-o", str(tmp_path / "out"), stdin=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, listening)
    while not list(tmp_path.iterdir()):  # until it has begun to write, and waits for its input
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    said, told = running.communicate(timeout=120)
    assert (running.returncode, said, told) == (130, b"", b"stopped\n")
    assert list(tmp_path.iterdir()) == []


# --- the other commands ----------------------------------------------------------------------------------------------


def test_trials_and_show(call, rule):
    status, said, _ = call("trials")
    assert status == 0
    assert [line.split()[0] for line in said.splitlines() if line[0] != " "] == [trial.id for trial in load_trials()]
    assert "T1" in call("trials", "--rules", rule)[1]
    assert "malignancy" in call("show", "t1", "--rules", rule)[1]


def test_explain(call):
    assert call("explain", "E444")[1].startswith("E444, error: ")
    assert call("explain", "E4444") == (2, "", "no code `E4444`; did you mean `E444`?\n")


def test_check(call, rule):
    assert call("check", rule) == (0, "1 of 1 file can be used, with 1 criterion; 0 errors, 0 warnings\n", "")
    rule.write_text(RULE.replace("malignancy", "malignant"), encoding="utf-8")
    status, said, _ = call("check", rule)
    assert status == 1
    assert "error[E400]" in said
    assert call("check")[0] == 0


def test_format(call, rule):
    assert call("format", "--check", rule) == (0, "", "")
    rule.write_text(RULE.replace("  1", "     1"), encoding="utf-8")
    assert call("format", "--check", rule) == (1, f"{rule}\n", "")
    assert call("format", rule) == (0, RULE, "")
    assert call("format", rule, "--write") == (0, "", "")
    assert rule.read_text(encoding="utf-8") == RULE
    rule.write_text("trial", encoding="utf-8")
    status, said, told = call("format", rule)
    assert (status, said) == (2, "")
    assert "error[" in told


def test_examples_beside_rules(call, rule):
    status, said, _ = call("test", rule)
    assert (status, said) == (1, "T1: no examples (one.examples.jsonl)\n")
    assert call("test", rule, "--record")[0] == 0
    status, said, _ = call("test", rule, "--coverage", "--fail-under", "100")
    assert status == 0
    assert "0 failed" in said
    assert "covered: 100.0 %" in said
    beside = rule.with_name("one.examples.jsonl")
    beside.write_text(beside.read_text(encoding="utf-8").replace('"eligible"', '"review"'), encoding="utf-8")
    assert call("test", rule)[0] == 1
    assert call("test", rule, "--fail-under", "101")[0] == 1
    assert "it is there already" in call("test", rule, "--record")[2]


def test_vocabulary(call, tmp_path):
    assert "umol/L" in call("vocabulary", "Creatinine")[1]
    assert "pulmonary embolism" in call("vocabulary", "embol")[1]
    assert len(call("vocabulary")[1].splitlines()) >= 300


def test_schemas(call):
    for which in ("patient", "result"):
        said = json.loads(call("schema", which)[1])
        assert said == json.loads((ROOT / "docs" / "reference" / f"{which}.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("shell", running.SHELLS)
def test_completion(call, shell):
    status, said, told = call("--print-completion", shell)
    assert (status, told) == (0, "")
    for word in (*COMMANDS, "--explain", "NCT03608592", "html"):
        assert word.lstrip("-") in said
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=said, text=True, capture_output=True, timeout=60, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash to complete in")
@pytest.mark.parametrize(
    ("words", "completed"),
    [(["sc"], {"screen", "schema"}), (["screen", "--ex"], {"--explain"}), (["screen", "x", "-f", "h"], {"html"})],
    ids=str,
)
def test_bash_completes(call, words, completed):
    script = call("--print-completion", "bash")[1]
    line = " ".join(f"'{word}'" for word in ["eligibility", *words])
    script += f'\nCOMP_WORDS=({line})\nCOMP_CWORD={len(words)}\n$(complete -p eligibility | sed "s/.*-F \\([^ ]*\\).*/\\1/") eligibility\n'
    script += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
    done = subprocess.run(["bash", "-c", script], text=True, capture_output=True, timeout=60, check=False)
    assert set(done.stdout.split()) == completed, done.stderr


# --- HTML ------------------------------------------------------------------------------------------------------------


class Outline(HTMLParser):
    """The tags that are open, and whether they are closed in order; the text; what would be fetched or run."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.active = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)
        self.active += [
            (tag, name, value) for name, value in attributes
            if name.startswith("on") or name == "src" or (name == "href" and not value.startswith("#"))
        ]  # fmt: skip
        if tag in ("script", "img", "link", "iframe", "object", "form", "base"):
            self.active.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read_page(page):
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    assert outline.active == []
    return " ".join(" ".join(outline.text).split())


def test_the_page_of_a_screening():
    screening = screen(json.loads(Path(ARDS).read_text(encoding="utf-8")))
    text = read_page(html_of(screening))
    assert "supports clinical judgement" in text
    for trial in screening:
        assert f"{trial.id}: {trial.verdict}" in text
        for criterion in trial.criteria:
            assert " ".join(criterion.reason.split()) in text
            assert not criterion.note or criterion.note in text
        for need in trial.needs:
            assert (need.question or need.asks) in text
    for item in (*screening.warnings, *screening.ignored, *map(str, screening.unrecognized)):
        assert item in text


HOSTILE = "<script>alert('x')</script><img src=x onerror=y>\"'&amp;{{ 7*7 }}{% raw %}</style>]]>"


def test_hostile_text_stays_text(tmp_path):
    path = tmp_path / "hostile.elig"
    label = HOSTILE.replace('"', "").replace("\\", "")
    path.write_text(
        f'trial T1 "{label}"\n\ninclude:\n  1 "{label}": judgement "{label}"\n    note "{label}"\n', encoding="utf-8"
    )
    screening = screen({"id": HOSTILE, HOSTILE: 3}, load_trials(path))
    page = html_of(screening)
    text = read_page(page)
    assert HOSTILE in text
    assert text.count(label) >= 4
    assert "<script" not in page
    assert "49" not in re.sub(r"\d{4}-\d\d-\d\d\S*", "", page)


def test_a_page_is_written_by_the_command(call, tmp_path):
    path = tmp_path / "page.html"
    assert call("screen", ARDS, "-f", "html", "-o", path) == (0, "", "")
    assert read_page(path.read_text(encoding="utf-8"))
