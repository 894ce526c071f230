"""The language server as an editor meets it: a process, its standard input and output, and the protocol."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from editor_client import Editor

HEAD = 'trial T "t"\n\ninclude:\n'
MINE = "file:///mine.elig"
OTHER = "file:///other%20one.elig"


@pytest.fixture
def editor() -> Iterator[Editor]:
    opened = Editor()
    yield opened
    opened.kill()


def codes(diagnostics: list[dict[str, object]]) -> list[object]:
    return [told["code"] for told in diagnostics]


def changed(text: str, edits: list[dict[str, object]]) -> str:
    """A text of plain letters with edits made, the last first."""
    lines = text.split("\n")

    def offset(position: dict[str, int]) -> int:
        return sum(len(line) + 1 for line in lines[: position["line"]]) + position["character"]

    for edit in sorted(edits, key=lambda item: offset(item["range"]["start"]), reverse=True):  # type: ignore[index]
        start, end = (offset(edit["range"][which]) for which in ("start", "end"))  # type: ignore[index]
        text = text[:start] + str(edit["newText"]) + text[end:]
    return text


def test_a_session(editor: Editor) -> None:
    """Open, be told, ask, mend, format, and say goodbye."""
    text = f'{HEAD}  1 "Adult": age => 18 years\n  2 "Kidneys": creatinin >= 442 umol/L\n  2 "Heart":   NYHA class in (III, IV)\n'
    told = editor.open(text)
    assert codes(told) == ["E442", "E400", "E303"]
    assert told[0]["range"] == {"start": {"line": 3, "character": 17}, "end": {"line": 3, "character": 19}}
    assert told[0]["message"] == "`=>` is no comparison\nwrite `>=`"
    assert (told[0]["severity"], told[0]["source"]) == (1, "eligibility")
    (first,) = told[2]["relatedInformation"]
    assert first["location"]["range"]["start"] == {"line": 4, "character": 2}

    shown = editor.at("hover", 5, 18)
    assert "New York Heart Association" in shown["contents"]["value"]
    assert shown["range"] == {"start": {"line": 5, "character": 15}, "end": {"line": 5, "character": 25}}

    place = editor.at("definition", 5, 18)
    declared = Path(unquote(urlparse(place["uri"]).path)).read_text(encoding="utf-8").splitlines()
    assert declared[place["range"]["start"]["line"]] == '[concept."NYHA class"]'
    value = editor.at("definition", 5, 32)
    line = declared[value["range"]["start"]["line"]]
    assert line[value["range"]["start"]["character"] : value["range"]["end"]["character"]] == '"III"'

    actions = editor.actions((3, 0), (4, 40))
    assert [(action["title"], action["isPreferred"]) for action in actions][:2] == [
        ("Write `>=`", True),
        ("Write `creatinine`", False),
    ]
    for action in actions[:2]:
        text = changed(text, action["edit"]["changes"][MINE])
    text = text.replace('  2 "Heart"', '  3 "Heart"')
    editor.type(text)
    assert editor.diagnostics() == []

    edits = editor.ask(
        "textDocument/formatting", {"textDocument": {"uri": MINE}, "options": {"tabSize": 2, "insertSpaces": True}}
    )
    text = changed(text, edits)
    assert text.endswith('  3 "Heart": NYHA class in (III, IV)\n')
    editor.type(text)
    assert editor.diagnostics() == []

    (trial,) = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": MINE}})
    assert [(section["name"], [item["name"] for item in section["children"]]) for section in trial["children"]] == [
        ("include", ["1", "2", "3"])
    ]
    assert editor.quit() == 0
    assert editor.stderr == []


def test_completion_while_typing(editor: Editor) -> None:
    text = f'{HEAD}  1 "a": creatinine >= 442 '
    editor.open(text)
    items = editor.at("completion", 3, 27)["items"]
    assert [item["label"] for item in items][:2] == ["umol/L", "mg/dL"]
    text = changed(text, [items[0]["textEdit"]])
    editor.type(f"{text}\n")
    assert editor.diagnostics() == []
    editor.type(f'{text}\n  2 "b": deep ve')
    found = editor.at("completion", 4, 16)
    assert found["isIncomplete"] is False
    assert found["items"][0]["textEdit"] == {
        "range": {"start": {"line": 4, "character": 9}, "end": {"line": 4, "character": 16}}, "newText": "deep vein thrombosis",
    }  # fmt: skip


def test_positions_count_utf_16(editor: Editor) -> None:
    """A character outside of the first plane counts twice in the protocol, and once in the text."""
    (told,) = editor.open(f'{HEAD}  1 "😀😀": malignacy\n')
    assert told["range"] == {"start": {"line": 3, "character": 12}, "end": {"line": 3, "character": 21}}
    editor.type(f'{HEAD}  1 "😀😀": malignancy and 🜁 > 3\n')
    (told,) = editor.diagnostics()
    assert told["range"] == {"start": {"line": 3, "character": 27}, "end": {"line": 3, "character": 29}}
    assert editor.at("hover", 3, 28) is None
    assert editor.at("hover", 3, 12)["range"]["end"] == {"line": 3, "character": 22}
    actions = editor.actions((3, 0), (3, 30))
    assert actions == []


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 16), ("utf-16", 12), ("utf-32", 10)])
def test_positions_count_what_was_agreed(encoding: str, character: int) -> None:
    editor = Editor(encodings=[encoding])
    try:
        assert editor.capabilities["positionEncoding"] == encoding
        (told,) = editor.open(f'{HEAD}  1 "😀😀": malignacy\n')
        assert told["range"]["start"] == {"line": 3, "character": character}
        assert editor.quit() == 0
    finally:
        editor.kill()


def test_a_file_that_is_typed_letter_by_letter(editor: Editor) -> None:
    """After every key there is an answer; in the end, the last version is the one that was checked."""
    text = f'{HEAD}  1 "Low": 200 < PaO2/FiO2 <= 300 mmHg and (malignancy or\n    stroke within 3 months)\n'
    editor.open("")
    for count in range(1, len(text) + 1):
        editor.type(text[:count])
        if count % 7 == 0:
            line = text[:count].count("\n")
            character = count - (text.rfind("\n", 0, count) + 1)
            editor.at("completion", line, character)
            editor.at("hover", line, character)
            editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": MINE}})
    assert editor.diagnostics() == []
    assert editor.quit() == 0


def test_files_with_many_errors(editor: Editor) -> None:
    text = HEAD + "".join(f'  {number} "a": age => {number} years and unknown{number}\n' for number in range(300))
    told = editor.open(text)
    assert len(told) == 100
    assert [item["range"]["start"]["line"] for item in told] == sorted(item["range"]["start"]["line"] for item in told)
    assert editor.quit() == 0


def test_a_megabyte_does_not_keep_others_waiting(editor: Editor) -> None:
    """While a very large file is read, the others are answered; then it is told as well."""
    line = f'  {{}} "{"label " * 40}": creatinine >= 442 umol/L and malignancy\n'
    large = HEAD + "".join(line.format(number) for number in range(3_300)) + "  x\n"
    assert 900_000 < len(large) < 1_000_000
    document = {"uri": OTHER, "languageId": "elig", "version": 1, "text": large}
    editor._versions[OTHER] = 1
    editor.tell("textDocument/didOpen", {"textDocument": document})
    assert codes(editor.open(f'{HEAD}  1 "a": malignacy\n')) == ["E400"]
    assert editor.at("hover", 3_000, 255, OTHER)["contents"]["value"].startswith("**creatinine**")
    assert editor.at("completion", 3_000, 255, OTHER)["items"]
    assert codes(editor.diagnostics(OTHER)) == ["E125"]
    too_large = f"{large}{'# more' * 20_000}"
    editor.type(too_large, OTHER)
    assert codes(editor.diagnostics(OTHER)) == ["E101"]
    assert editor.quit() == 0


def test_binary_text(editor: Editor) -> None:
    """What is no text at all, and surrogates that stand alone: told, and the server goes on."""
    chance = random.Random(3)
    noise = "".join(chr(chance.choice([*range(256), 0xD800, 0xDFFF, 0x2028, 0x1F600, 0x202E])) for _ in range(5000))
    assert editor.open(noise)
    for line in range(5):
        editor.at("hover", line, 40)
        editor.at("completion", line, 40)
        editor.at("definition", line, 40)
    editor.actions((0, 0), (100, 0))
    editor.type(f'{HEAD}  1 "\ud83d": malignacy \udc00\n')
    assert codes(editor.diagnostics()) == ["E103"]
    editor.type(f'{HEAD}  1 "a": malignancy\n')
    assert editor.diagnostics() == []
    assert editor.quit() == 0


@pytest.mark.parametrize("place", [(0, 10**6), (10**6, 0), (10**6, 10**6), (3, 2**31 - 1)])
def test_places_that_are_not_there(editor: Editor, place: tuple[int, int]) -> None:
    editor.open(f'{HEAD}  1 "a": malignancy\n')
    for method in ("hover", "completion", "definition"):
        editor.at(method, *place)
    assert editor.actions(place, place) == []
    assert editor.quit() == 0


def test_files_that_are_not_open(editor: Editor) -> None:
    assert editor.at("hover", 0, 0, OTHER) is None
    assert editor.at("definition", 0, 0, OTHER) is None
    assert editor.at("completion", 0, 0, OTHER)["items"] == []
    assert editor.actions((0, 0), (1, 0), OTHER) == []
    assert editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": OTHER}}) == []
    assert (
        editor.ask(
            "textDocument/formatting", {"textDocument": {"uri": OTHER}, "options": {"tabSize": 2, "insertSpaces": True}}
        )
        is None
    )
    assert editor.quit() == 0


def test_messages_that_are_none(editor: Editor) -> None:
    """Broken JSON, an unknown method, parameters of a wrong shape: the server goes on."""
    editor.send_bytes(b'{"jsonrpc": "2.0", "method": ')
    editor.send_bytes(b"\xff\xfe\x00")
    editor.send_bytes(b'{"jsonrpc": "2.0", "id": 900, "method": "textDocument/hover", "params": {"position": 3}}')
    with pytest.raises(RuntimeError):
        editor.ask("nothing/known", {})
    assert codes(editor.open(f'{HEAD}  1 "a": malignacy\n')) == ["E400"]
    assert editor.quit() == 0


def test_a_file_that_is_closed_has_no_diagnostics(editor: Editor) -> None:
    assert editor.open(f'{HEAD}  1 "a": malignacy\n')
    editor.tell("textDocument/didClose", {"textDocument": {"uri": MINE}})
    last = editor.wait(lambda message: message.get("method") == "textDocument/publishDiagnostics")
    assert last["params"]["diagnostics"] == []
    assert codes(editor.open(f'{HEAD}  1 "a": malignacy\n')) == ["E400"]
    assert editor.quit() == 0


VOCABULARY = '[concept.shoe]\nkind = "condition"\nabout = "A shoe is worn."\nsource = "s"\non_problem_list = false\n'


@pytest.mark.parametrize("as_option", [False, True])
def test_a_vocabulary_of_ones_own(tmp_path: Path, as_option: bool) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(VOCABULARY, encoding="utf-8")
    editor = Editor(options={"vocabulary": str(path)}) if as_option else Editor("--vocabulary", str(path))
    try:
        assert editor.open(f'{HEAD}  1 "a": shoe\n') == []
        assert editor.at("definition", 3, 10)["uri"] == path.resolve().as_uri()
        path.write_text(VOCABULARY.replace("shoe", "boot"), encoding="utf-8")
        editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 2}]})
        assert codes(editor.diagnostics()) == ["E400"]
        path.write_text("kind = ", encoding="utf-8")
        editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 2}]})
        said = editor.wait(lambda message: message.get("method") == "window/showMessage")
        assert "mine.toml" in said["params"]["message"]
        assert codes(editor.diagnostics()) == ["E400"]  # the vocabulary that was in use stays
        assert editor.quit() == 0
    finally:
        editor.kill()


def test_nothing_but_the_protocol_goes_out() -> None:
    """The pure modules and the whole library load without the protocol of editors."""
    import subprocess
    import sys

    code = (
        "import sys, eligibility, eligibility.cli.lsp;"
        " from eligibility.language_server import completing, defining, documents, hovering, outlining;"
        " sys.exit(any(name.split('.')[0] in ('pygls', 'lsprotocol') for name in sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )


def test_a_session_with_a_client_that_is_not_ours() -> None:
    """The client of pygls reads every answer into the types of the protocol, and refuses what does not fit them."""
    import asyncio
    import os
    import sys

    from lsprotocol import types
    from pygls.lsp.client import LanguageClient

    text = f'{HEAD}  1 "Adult": age => 18 years\n  1 "Kidneys": creatinine >= 442 mg/dL and (malignacy\n'
    mine = types.TextDocumentIdentifier(MINE)

    async def session() -> None:
        client = LanguageClient("tests", "1")
        told: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            told.put_nowait(params)

        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        await client.start_io(sys.executable, "-m", "eligibility", "lsp", env=environment)
        begun = await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
        assert begun.server_info is not None
        assert begun.server_info.name == "eligibility"
        client.initialized(types.InitializedParams())
        client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(MINE, "elig", 1, text))
        )  # fmt: skip
        first = await told.get()
        assert (first.uri, first.version) == (MINE, 1)
        assert [item.code for item in first.diagnostics] == ["E442", "E303", "E107"]
        assert [item.range.start.line for item in first.diagnostics] == [3, 4, 4]
        related = first.diagnostics[1].related_information
        assert related is not None
        assert related[0].location.range.start.line == 3

        changed_text = text.replace("(malignacy", "malignancy").replace('  1 "Kidneys', '  2 "Kidneys')
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(2, MINE),
                [types.TextDocumentContentChangeWholeDocument(changed_text)],
            )
        )
        second = await told.get()
        assert (second.version, [item.code for item in second.diagnostics]) == (2, ["E442"])

        place = types.Position(4, 16)  # on `creatinine`
        shown = await client.text_document_hover_async(types.HoverParams(mine, place))
        assert shown is not None
        assert isinstance(shown.contents, types.MarkupContent)
        assert "umol/L" in shown.contents.value
        completed = await client.text_document_completion_async(types.CompletionParams(mine, types.Position(4, 34)))
        assert isinstance(completed, types.CompletionList)
        assert "mg/dL" in [item.label for item in completed.items]
        declared = await client.text_document_definition_async(types.DefinitionParams(mine, place))
        assert isinstance(declared, types.Location)
        assert declared.uri.endswith(".toml")
        symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(mine))
        assert symbols
        assert isinstance(symbols[0], types.DocumentSymbol)
        asked = types.CodeActionParams(mine, second.diagnostics[0].range, types.CodeActionContext(second.diagnostics))
        actions = await client.text_document_code_action_async(asked)
        assert [(item.title, item.is_preferred) for item in actions or [] if isinstance(item, types.CodeAction)] == [
            ("Write `>=`", True)
        ]
        formatting = types.DocumentFormattingParams(mine, types.FormattingOptions(2, True))
        assert not await client.text_document_formatting_async(formatting)  # it stands as the formatter writes it
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()

    asyncio.run(asyncio.wait_for(session(), 120))


def test_a_request_that_cannot_be_read_is_answered(editor: Editor) -> None:
    editor.open(f'{HEAD}  1 "a": malignancy\n')
    for params in (
        None,
        {"textDocument": {"uri": MINE}},
        {"textDocument": {"uri": MINE}, "position": {"line": -1, "character": 0}},
        {"textDocument": {"uri": MINE}, "position": {"line": 0, "character": 2**40}},
    ):
        with pytest.raises(RuntimeError, match="-32602"):
            editor.ask("textDocument/hover", params)
    with pytest.raises(RuntimeError, match="-32601"):
        editor.ask("textDocument/nothing", {})
    assert editor.at("hover", 2**31 - 1, 2**31 - 1) is None
    assert editor.at("hover", 3, 10)["range"]["start"] == {"line": 3, "character": 9}
    assert editor.quit() == 0
    assert all(line.startswith(b"eligibility lsp: ") for line in editor.stderr)  # no traceback


def test_what_comes_after_shutdown_is_refused_and_the_status_tells_a_sudden_end(editor: Editor) -> None:
    editor.ask("shutdown", None)
    with pytest.raises(RuntimeError, match="-32600"):
        editor.at("hover", 0, 0)
    editor.tell("exit", None)
    assert editor.process.wait(60) == 0
    sudden = Editor()
    sudden.tell("exit", None)
    assert sudden.process.wait(60) == 1
    assert sudden.stderr == []
    sudden.kill()
