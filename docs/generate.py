"""Writes the reference pages that follow from the program: the API, the command line, the vocabulary, the bundled trials, the
error codes, and the two JSON Schemas.

    python docs/generate.py            # write them
    python docs/generate.py --check    # exit status 1 if one is not up to date
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import eligibility
from eligibility.analysis.comparing import Relation
from eligibility.analysis.finding import FindingKind
from eligibility.cli.arguments import parser_of
from eligibility.cli.registry import ABOUT, COMMANDS, load
from eligibility.codes import GROUPS, Code, all_codes, as_file
from eligibility.errors import Diagnostic, Related
from eligibility.library import diagnose, load_trials
from eligibility.look import Absent
from eligibility.patient import Unrecognized
from eligibility.results import Criteria, Outcome, Verdict
from eligibility.rules import Criterion
from eligibility.schemas import patient_schema, result_schema
from eligibility.vocabulary import Concept, Kind, Vocabulary, bundled_vocabulary

DOCS = Path(__file__).resolve().parent
SOURCES = DOCS.parent / "src" / "eligibility"
REFERENCE = DOCS / "reference"

GENERATED = "<!-- Written by docs/generate.py. Do not edit: change the program, then run `python docs/generate.py`. -->"


def page(title: str, *parts: str) -> str:
    """A page of Markdown with its title."""
    text = "\n\n".join([GENERATED, f"# {title}", *(part.strip("\n") for part in parts)])
    return re.sub(r"\n{3,}", "\n\n", text) + "\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown; a `|` inside of a cell does not end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def code(text: str, language: str = "") -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def ticked(names: tuple[str, ...] | list[str]) -> str:
    """Names in code letters, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)


# --- the API ---------------------------------------------------------------------------------------------------------

OPAQUE = {"Patient", "Vocabulary"}  # their contents are read through methods
INTERNAL = {"names_of_several_words", "key_index"}
ALSO = [Unrecognized, Criteria, Criterion, Related]  # classes of attributes; they are met, not imported
ALIASES = {
    "Verdict": Verdict, "Outcome": Outcome, "Absent": Absent, "Kind": Kind, "FindingKind": FindingKind, "Relation": Relation,
}  # fmt: skip
MODULES = {
    "eligibility.schemas": ["patient_schema", "result_schema"],
    "eligibility.analysis": ["analyse", "compare", "Finding", "Comparison"],
    "eligibility.cohort": ["screen", "screen_wide", "Cohort"],
    "eligibility.strategies": ["patients", "quantities", "facts", "rules"],
    "eligibility.testing": ["check_trial", "check_reachable", "check_knowing_more", "check_units", "check_verdict", "check_examples"],
}  # fmt: skip


def api() -> str:
    """Every public name with its signature and its docstring."""
    groups: dict[str, list[str]] = {"Functions": [], "Classes": [], "Exceptions": []}
    for name in eligibility.__all__:
        found = getattr(eligibility, name)
        if inspect.isfunction(found):
            groups["Functions"].append(function(found))
        elif issubclass(found, Exception):
            groups["Exceptions"].append(class_(found))
        else:
            groups["Classes"].append(class_(found))
    parts = [
        "Everything here is imported from `eligibility` itself, as in `from eligibility import screen`. Names that are not"
        " listed on this page may change without notice."
    ]
    for title, items in groups.items():
        parts += [f"## {title}", *items]
    parts += ["## Classes that are met in attributes", *[class_(found) for found in ALSO]]
    rows = [[f"`{name}`", ticked([f'"{value}"' for value in get_args(alias)])] for name, alias in ALIASES.items()]
    parts += ["## Words in signatures", table(["name", "one of"], rows)]
    for module, names in MODULES.items():
        loaded = import_module(module)
        parts += [f"## `{module}`", said(loaded)]
        found = [getattr(loaded, name) for name in names]
        parts += [function(item) if inspect.isfunction(item) else class_(item) for item in found]
    return page("Python API", *parts)


def _literal_blocks(text: str) -> str:
    """Indented code of a docstring as a block of code."""
    return re.sub(
        r"(?m)(?:^    .*\n?(?:^\s*\n(?=    ))?)+",
        lambda match: code(inspect.cleandoc("\n" + match[0]), "text") + "\n",
        text,
    )


def said(found: object) -> str:
    """A docstring."""
    return _literal_blocks(inspect.getdoc(found) or "")


def function(found: Callable[..., Any]) -> str:
    """A function with its signature and docstring."""
    return "\n\n".join([f"### `{found.__name__}`", code(signature(found), "text"), said(found)])


def signature(found: Callable[..., Any], name: str = "") -> str:
    """A signature as it stands in the source; one parameter a line where it is long."""
    given = inspect.signature(found)
    parameters: list[str] = []
    previous = None
    for parameter in given.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and previous not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            parameters.append("*")
        previous = parameter.kind
        text = parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {parameter.annotation}"
        if parameter.default is not parameter.empty:
            text += f" = {parameter.default!r}".replace("'", '"')
        parameters.append(text)
    result = "" if given.return_annotation is given.empty else f" -> {given.return_annotation}"
    head = name or found.__name__
    line = f"{head}({', '.join(parameters)}){result}"
    if len(line) <= 100:
        return line
    return f"{head}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){result}"


def class_(found: type) -> str:
    """A class with its fields, properties and methods."""
    parts = [f"### `{found.__name__}`", said(found)]
    fields = {field.name for field in dataclasses.fields(found)} if dataclasses.is_dataclass(found) else set()
    if dataclasses.is_dataclass(found) and found.__name__ not in OPAQUE:
        rows = [[f"`{field.name}`", f"`{field.type}`"] for field in dataclasses.fields(found) if field.repr]
        parts.append(table(["field", "type"], rows))
    rows = []
    for name, member in vars(found).items():
        if name.startswith("_") or name in INTERNAL or name in fields:
            continue
        if isinstance(member, property | cached_property):
            getter = member.fget if isinstance(member, property) else member.func
            result = str(inspect.signature(getter).return_annotation) if getter else ""
            rows.append([f"`{name}`", f"`{result}`", _one_line(inspect.getdoc(member))])
        elif isinstance(member, classmethod | staticmethod) or inspect.isfunction(member):
            shown = " ".join(signature(getattr(found, name), name).split())
            shown = shown.replace("( ", "(").replace(", )", ")").partition(" -> ")
            rows.append([f"`{shown[0]}`", f"`{shown[2]}`", _one_line(inspect.getdoc(member))])
    if rows:
        parts.append(table(["member", "gives", "meaning"], rows))
    return "\n\n".join(part for part in parts if part)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


# --- the command line ------------------------------------------------------------------------------------------------


def command_line() -> str:
    """Every command with its arguments and options, as its help says them."""
    parts = [
        ABOUT,
        "The exit status is 0 when the work is done, 1 when `check`, `format --check` or `test` found something, 2 when the"
        " input cannot be used, and 130 when it was stopped with Ctrl-C. Errors go to standard error. `eligibility COMMAND"
        " --help` shows the same as this page.",
        table(["command", "does"], [[f"[`{name}`](#{name})", command.line] for name, command in COMMANDS.items()]),
        "Colours are for terminals: there are none in a pipe, or where the environment variable `NO_COLOR` is set."
        " `eligibility --print-completion bash` (or `zsh`, `tcsh`) prints the script that completes commands, options and"
        " trial IDs with the Tab key; `eligibility --help` says where to put it.",
        "Compiled rules and vocabularies are kept in the cache folder of the user (`$XDG_CACHE_HOME/eligibility`, else"
        " `~/.cache/eligibility`; on macOS `~/Library/Caches`, on Windows `%LOCALAPPDATA%`), so that the next call starts"
        " faster. They are found again by their contents, and nothing depends on them: the folder may be removed at any"
        " time. `ELIGIBILITY_CACHE=off` switches it off, `ELIGIBILITY_CACHE=FOLDER` moves it.",
    ]
    for name in COMMANDS:
        parts += command(name)
    return page("Command line", *parts)


def command(name: str) -> Iterator[str]:
    """One command."""
    parser = parser_of(name, load(name))
    usage, rows = [f"eligibility {name}"], []
    for action in parser._actions:
        if action.dest == "help":
            continue
        more = []
        if action.choices:
            more.append(f"one of {ticked([str(choice) for choice in action.choices])}")
        if action.default not in (None, False, [], argparse.SUPPRESS):
            more.append(f"`{action.default}` if left out")
        names, value = ticked(action.option_strings), (action.metavar or action.dest).upper()
        if not action.option_strings:
            names = f"`{value}{'...' if action.nargs == '*' else ''}`"
            usage.append(names.strip("`") if action.required and action.nargs is None else f"[{names.strip('`')}]")
        elif action.nargs != 0:
            names += f" *{value.lower()}*"
        rows.append([names, (action.help or "") + (f" ({'; '.join(more)})" if more else "")])
    yield f"## `{name}`"
    yield "\n\n".join(_one_line(part) for part in parser.about.split("\n\n"))
    yield code(" ".join([*usage, "[OPTIONS]"] if "`--" in str(rows) else usage), "text")
    yield table(["argument or option", "meaning"], rows)
    yield "Examples:"
    yield table(["call", "does"], [[f"`{call}`", does] for call, does in parser.examples.items()])
    if 1 in parser.statuses:
        yield f"Exit status 1: {parser.statuses[1]}."


# --- the vocabulary --------------------------------------------------------------------------------------------------

KINDS: dict[Kind, tuple[str, str]] = {
    "quantity": ("Quantities", "Numbers with a unit. A bare number is one that comes without a unit."),
    "age": ("Age", "Completed years or months at the instant of judgement."),
    "class": ("Classes", "One of a few values, lowest first where they have an order."),
    "condition": ("Conditions", "States that last from an onset to a resolution."),
    "event": ("Events", "What happens at an instant."),
    "attestation": ("Attestations", "What only a person can supply."),
    "milestone": ("Milestones", "Instants of the trial itself."),
}


def vocabulary() -> str:
    """All concepts, by kind."""
    words = bundled_vocabulary()
    parts = [
        f"The bundled vocabulary declares {len(words)} names. Rules and patient records may use each name, and each of its"
        " synonyms; case, spaces, `_` and `-` do not matter in records, and case does not matter in rules."
        " `eligibility vocabulary NAME` shows all that is declared of one, with its source.",
        table(["kind", "names"], [
            [f"[{title}](#{title.lower()})", str(sum(concept.kind == kind for concept in words))] for kind, (title, _) in KINDS.items()
        ]),
    ]  # fmt: skip
    for kind, (title, about) in KINDS.items():
        listed = sorted((concept for concept in words if concept.kind == kind), key=lambda item: item.name.casefold())
        head, row = COLUMNS[kind]
        parts += [f"## {title}", about, table(head, [row(concept, words) for concept in listed])]
    return page("Vocabulary", *parts)


def _quantity(concept: Concept, words: Vocabulary) -> list[str]:
    bare = {None: "refused", "1": "as it is"}.get(concept.bare, concept.bare or "")
    derived = (
        f" Computed: `{_one_line(concept.formula)}`."
        if concept.formula and len(concept.formula) < 90
        else " Computed."
        if concept.formula
        else ""
    )
    return [
        f"`{concept.name}`", "none" if concept.unit == "1" else f"`{concept.unit}`", bare, _current(concept),
        ticked(concept.synonyms), concept.about + derived,
    ]  # fmt: skip


def _current(concept: Concept) -> str:
    return concept.current_for.text if concept.current_for else "no limit"


def _occurrence(concept: Concept, words: Vocabulary) -> list[str]:
    return [
        f"`{concept.name}`", ticked(concept.includes), concept.acute_for.text if concept.acute_for else "",
        "yes" if concept.on_problem_list else "no", ticked(concept.synonyms), concept.about,
    ]  # fmt: skip


def _class(concept: Concept, words: Vocabulary) -> list[str]:
    order = ", ".join(concept.values) if concept.ordered else f"{', '.join(concept.values)} (no order)"
    return [f"`{concept.name}`", order, _current(concept), ticked(concept.synonyms), concept.about]


def _plain(concept: Concept, words: Vocabulary) -> list[str]:
    return [f"`{concept.name}`", ticked(concept.synonyms), concept.about]


_OF_OCCURRENCES = ["name", "includes", "acute for", "on problem lists", "synonyms", "meaning"]
COLUMNS: dict[Kind, tuple[list[str], Callable[[Concept, Vocabulary], list[str]]]] = {
    "quantity": (["name", "unit", "bare number", "current for", "synonyms", "meaning"], _quantity),
    "age": (["name", "synonyms", "meaning"], _plain),
    "class": (["name", "values", "current for", "synonyms", "meaning"], _class),
    "condition": (_OF_OCCURRENCES, _occurrence),
    "event": (_OF_OCCURRENCES, _occurrence),
    "attestation": (["name", "synonyms", "meaning"], _plain),
    "milestone": (["name", "synonyms", "meaning"], _plain),
}

# --- the bundled trials ----------------------------------------------------------------------------------------------


def trials() -> str:
    """The criteria of the bundled trials, with their rules and notes."""
    parts = []
    for trial in load_trials():
        rows = [
            [f"`{item.address}`", item.label, _in_code(_one_line(item.words)), item.note or ""]
            for item in trial.criteria
        ]
        source = f"Registry: {trial.registry}." if trial.registry else ""
        parts += [f"## {trial.id}: {trial.title}", source, table(["criterion", "label", "rule", "note"], rows)]
    return page("The bundled trials", *[part for part in parts if part])


def _in_code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


# --- the error codes -------------------------------------------------------------------------------------------------

CODE = re.compile(r"[EW]\d{3}")
UNDECLARED = "E400"
HELP_AT = {"Diagnostic": 4}  # where the help stands among the arguments; fourth in all other calls


def error_codes() -> str:
    """The list of all codes, by groups; each with a page of its own."""
    parts = [
        "Each problem that `eligibility check` and `compile_trial` find in a rule text has a code that does not change. A"
        " diagnostic says the place, the code, what is wrong, the line with the words in question underlined, and what to"
        " try. Each code has a page here, and `eligibility explain CODE` prints the same.",
    ]
    for prefix, (title, about) in GROUPS.items():
        rows = [
            [f"[{name}](codes/{name}.md)", found.title]
            for name, found in all_codes().items()
            if name.startswith(prefix)
        ]
        parts += [f"## {title}", about, table(["code", "what is wrong"], rows)]
    return page("Error codes", *parts)


def code_pages() -> dict[Path, str]:
    """A page for each code: what it means, a wrong and a right example, how to mend it, and the messages of the sources."""
    found = messages()
    if lost := set(all_codes()) - set(found):
        raise SystemExit(f"docs/generate.py: no message was found for {', '.join(sorted(lost))}")
    return {REFERENCE / "codes" / f"{name}.md": code_page(each, found[name]) for name, each in all_codes().items()}


def code_page(found: Code, said_of: Mapping[tuple[str, str], None]) -> str:
    """The page of one code."""
    runs = found.shape in ("formula", "file")
    parts = [
        f"{found.severity.capitalize()}. {found.means}",
        "## Wrong",
        code(str(_shown(found)) if runs else found.bad, "text"),
        "## Right",
        code(found.good, "elig" if runs else "text"),
        "## To mend it",
        found.mend,
        "## Messages",
        "In these, … stands for words of the rule or of the vocabulary.",
        table(["message", "help"], [[message, help_text] for message, help_text in said_of]),
        "[All codes](../error-codes.md)",
    ]
    return page(f"{found.code}: {found.title}", *parts)


def messages() -> dict[str, dict[tuple[str, str], None]]:
    """Every diagnostic code with the messages that the sources hold for it."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    named: set[str] = set()
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        named.update(re.findall(r'"([EW]\d{3})"', text))
        for name, message, help_text in _messages(ast.parse(text)):
            found.setdefault(name, {})[message, help_text] = None
    if lost := named - set(found):
        raise SystemExit(f"docs/generate.py: no message was found for {', '.join(sorted(lost))}")
    return found


def _shown(found: Code) -> Diagnostic:
    """The real diagnostic of the wrong example."""
    diagnostics = diagnose(as_file(found, found.bad), name="example.elig")[1]
    for diagnostic in diagnostics:
        if diagnostic.code == found.code:
            return diagnostic
    raise SystemExit(f"docs/generate.py: the text for {found.code} gives {[item.code for item in diagnostics]}")


def _messages(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Codes with their message and help: of calls `f(code, message, span, help)`, and of tuples `(message, help, code)`."""
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if (
                    isinstance(target, ast.Tuple)
                    and isinstance(node.value, ast.Tuple)
                    and len(target.elts) == len(node.value.elts)
                ):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                names |= {
                    name.id: value.value
                    for name, value in pairs if isinstance(name, ast.Name) and isinstance(value, ast.Constant)
                }  # fmt: skip

    def is_code(node: ast.expr) -> str | None:
        value = (
            names.get(node.id) if isinstance(node, ast.Name) else node.value if isinstance(node, ast.Constant) else None
        )
        return value if isinstance(value, str) and CODE.fullmatch(value) else None

    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > 1 and (found := is_code(node.args[0])):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            place = HELP_AT.get(called, 3)
            yield found, _template(node.args[1]), _template(node.args[place]) if len(node.args) > place else ""
        elif (
            isinstance(node, ast.Tuple)
            and len(node.elts) == 3
            and (found := is_code(node.elts[2]))
            and not is_code(node.elts[0])
        ):
            yield found, _template(node.elts[0]), _template(node.elts[1])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_idiom":
            name = is_code(node.args[2]) if len(node.args) > 2 else names["PHRASE"]
            for message, help_text in _told(node.args[1]) if not node.keywords else ():  # those keep another code
                yield str(name), re.sub(r"\{\w+\}", "…", message), re.sub(r"\{\w+\}", "…", help_text)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Guess":
            message, help_text = map(_template, node.args)
            yield UNDECLARED, message or "`…` is not declared in the vocabulary", help_text


@cache
def _tellings() -> ast.AST:
    return ast.parse((SOURCES / "tellings.py").read_text(encoding="utf-8"))


def _told(teller: ast.expr) -> Iterator[tuple[str, str]]:
    """What an idiom says: two templates of `written(help, message)`, or what a function of `tellings` returns."""
    for node in ast.walk(teller):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "written":
            help_text, *message = map(_template, node.args)
            yield (message or ["`{said}` is no form of this language"])[0], help_text
        elif isinstance(node, ast.Name) and node.id not in ("written", "if_declared", "unless_given"):
            for function in ast.walk(_tellings()):
                if isinstance(function, ast.FunctionDef) and function.name == node.id:
                    for part in ast.walk(function):
                        if isinstance(part, ast.Return) and isinstance(part.value, ast.Tuple):
                            yield _template(part.value.elts[0]), _template(part.value.elts[1])


def _template(node: ast.expr) -> str:
    """A message with … for what is only known when it is said."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_template(value) if isinstance(value, ast.Constant) else "…" for value in values)
        case ast.IfExp(body=body, orelse=orelse):
            return " / ".join(text for text in (_template(body), _template(orelse)) if text)
        case ast.BoolOp(values=values):
            return " / ".join(text for text in map(_template, values) if text != "…")
        case ast.Constant(value=None):
            return ""
        case _:
            return "…"


# --- writing ---------------------------------------------------------------------------------------------------------


def schema(content: object) -> str:
    """A JSON Schema as text."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def pages() -> dict[Path, str]:
    """All generated files."""
    return {
        REFERENCE / "api.md": api(),
        REFERENCE / "command-line.md": command_line(),
        REFERENCE / "vocabulary.md": vocabulary(),
        REFERENCE / "trials.md": trials(),
        REFERENCE / "error-codes.md": error_codes(),
        **code_pages(),
        REFERENCE / "patient.schema.json": schema(patient_schema()),
        REFERENCE / "result.schema.json": schema(result_schema()),
    }


def outdated() -> list[str]:
    """The generated files that are not what the program says, and those of codes that are gone."""
    made = pages()
    old = [path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return old + [path.name for path in sorted((REFERENCE / "codes").glob("*.md")) if path not in made]


def main(arguments: list[str]) -> int:
    """Write the pages, or check that they are up to date."""
    if arguments == ["--check"]:
        old = outdated()
        for name in old:
            print(f"{name} is not up to date; run `python docs/generate.py`")
        return 1 if old else 0
    made = pages()
    for path, text in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in set((REFERENCE / "codes").glob("*.md")) - set(made):
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
