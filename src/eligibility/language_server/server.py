"""Messages of the Language Server Protocol go in and out over standard input and output; the answers are made elsewhere.

One check runs at a time, in a thread of its own and a moment after the last key, so that everything else is answered
meanwhile; what was typed since then is checked next.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from eligibility import __version__
from eligibility.errors import Diagnostic, VocabularyError
from eligibility.files import bundled
from eligibility.language_server.completing import complete
from eligibility.language_server.defining import Declarations, definition
from eligibility.language_server.documents import Document
from eligibility.language_server.hovering import hover
from eligibility.language_server.outlining import Symbol, outline
from eligibility.language_server.positions import Encoding, Positions
from eligibility.language_server.protocol import OneLine, RuleProtocol
from eligibility.source import Span
from eligibility.vocabulary import Vocabulary, bundled_vocabulary

if TYPE_CHECKING:
    from pygls.server import ServerErrors

PAUSE = 0.15  # seconds after the last key
PAUSE_OF_LARGE, LARGE = 1.0, 100_000  # seconds, for files of more characters

_SEVERITY = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}
_ITEM = {
    "concept": types.CompletionItemKind.Variable, "class value": types.CompletionItemKind.EnumMember,
    "unit": types.CompletionItemKind.Unit, "keyword": types.CompletionItemKind.Keyword,
}  # fmt: skip
_SYMBOL = {
    "trial": types.SymbolKind.Module, "section": types.SymbolKind.Namespace, "criterion": types.SymbolKind.Property,
}  # fmt: skip


class RuleServer(LanguageServer):
    """The open files, the vocabulary in use, and the check that is under way."""

    def __init__(self, words: Path | None = None) -> None:
        super().__init__(
            "eligibility",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Full,
            protocol_cls=RuleProtocol,
        )
        self.words = words
        self.vocabulary: Vocabulary = bundled_vocabulary()
        self.declared = Declarations(())
        self.documents: dict[str, Document] = {}
        self._waiting: dict[str, int] = {}
        self.worker = ThreadPoolExecutor(1, "check")
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def encoding(self) -> Encoding:
        """The units of positions that client and server agreed upon."""
        agreed = self.workspace.position_encoding
        return cast("Encoding", agreed.value if isinstance(agreed, types.PositionEncodingKind) else agreed or "utf-16")

    @property
    def was_shut_down(self) -> bool:
        """Has the editor asked for `shutdown`?"""
        return isinstance(self.protocol, RuleProtocol) and self.protocol.was_shut_down

    def load(self, words: Path | None) -> None:
        """Take a vocabulary. One that does not hold together is told, and the one in use stays."""
        self.words = words
        files = sorted(bundled("rules", "vocabulary").glob("*.toml"))
        if words is not None:
            files += sorted(words.glob("*.toml")) if words.is_dir() else [words]
        try:
            self.vocabulary = Vocabulary.load(words) if words is not None else bundled_vocabulary()
        except VocabularyError as error:
            self.say(f"The vocabulary cannot be used: {error.messages[0]}")
        self.declared = Declarations(files)

    def report_server_error(self, error: Exception, source: ServerErrors) -> None:
        """Show an error in the editor, unless it was the answer to a request."""
        if not isinstance(error, JsonRpcException):
            super().report_server_error(error, source)

    def say(self, text: str) -> None:
        """Show a message in the editor."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, text))

    def open(self, uri: str, text: str) -> None:
        """Take a text that was opened or changed, and check it soon."""
        self.documents[uri] = Document(text, _name(uri), self.vocabulary, self.encoding)
        turn = self._waiting[uri] = self._waiting.get(uri, 0) + 1
        pause = PAUSE_OF_LARGE if len(text) > LARGE else PAUSE
        task = asyncio.get_running_loop().create_task(self._check(uri, turn, pause))
        self._tasks.add(task)  # a task that nobody holds may be thrown away
        task.add_done_callback(self._tasks.discard)

    def close(self, uri: str) -> None:
        """Forget a file, and take its diagnostics away."""
        self.documents.pop(uri, None)
        self._waiting.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def renew(self) -> None:
        """Check every open file anew, with the vocabulary in use."""
        for uri, document in list(self.documents.items()):
            self.open(uri, document.text)

    async def _check(self, uri: str, turn: int, pause: float) -> None:
        await asyncio.sleep(pause)
        if self._waiting.get(uri) == turn:
            document = self.documents[uri]
            await self.checked(document)
            if self._waiting.get(uri) == turn:
                self._publish(uri, document)

    async def checked(self, document: Document) -> Document:
        """A document whose diagnostics are there, computed in the thread for checks."""
        await asyncio.get_running_loop().run_in_executor(self.worker, lambda: document.checked)
        return document

    def _publish(self, uri: str, document: Document) -> None:
        version = self.workspace.get_text_document(uri).version
        told = [_diagnostic(uri, document, diagnostic) for diagnostic in document.diagnostics]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, told, version))


def _name(uri: str) -> str:
    """The name of a file for diagnostics."""
    return unquote(urlparse(uri).path).rsplit("/", 1)[-1] or "<text>"


def _path(uri: str) -> Path | None:
    """The path of a file URI."""
    found = urlparse(uri)
    return Path(url2pathname(found.path)) if found.scheme == "file" else None


def _range(positions: Positions, span: Span) -> types.Range:
    (line, character), (end_line, end_character) = positions.range(span)
    return types.Range(types.Position(line, character), types.Position(end_line, end_character))


def _diagnostic(uri: str, document: Document, diagnostic: Diagnostic) -> types.Diagnostic:
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(uri, _range(document.positions, document.place(other.span))), other.message
        )
        for other in diagnostic.related
    ]
    return types.Diagnostic(
        range=_range(document.positions, document.place(diagnostic.span)),
        message=f"{diagnostic.message}\n{diagnostic.help}" if diagnostic.help else diagnostic.message,
        severity=_SEVERITY[diagnostic.severity],
        code=diagnostic.code,
        source="eligibility",
        related_information=related or None,
    )


def _symbol(positions: Positions, symbol: Symbol) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=symbol.name or "?",
        detail=symbol.detail,
        kind=_SYMBOL[symbol.kind],
        range=_range(positions, symbol.span),
        selection_range=_range(positions, symbol.own),
        children=[_symbol(positions, child) for child in symbol.children],
    )


def make_server(words: Path | None = None) -> RuleServer:
    """A server with all its features; `words` extends the bundled vocabulary."""
    server = RuleServer(words)

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        options = params.initialization_options
        asked = options.get("vocabulary") if isinstance(options, dict) else getattr(options, "vocabulary", None)
        if isinstance(asked, str) and asked and server.words is None:
            root = _path(params.root_uri) if params.root_uri else None
            server.words = (root or Path()) / asked

    @server.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        server.load(server.words)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        server.open(params.text_document.uri, params.text_document.text)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.open(uri, server.workspace.get_text_document(uri).source)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.close(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(params: types.DidChangeWatchedFilesParams) -> None:
        if server.words is not None and any(_is_vocabulary(server.words, change.uri) for change in params.changes):
            server.load(server.words)
            server.renew()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        if server.words is not None and _is_vocabulary(server.words, params.text_document.uri):
            server.load(server.words)
            server.renew()

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def on_hover(params: types.HoverParams) -> types.Hover | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        found = hover(document.positions, _offset(document, params.position), server.vocabulary)
        if found is None:
            return None
        content = types.MarkupContent(types.MarkupKind.Markdown, found.text)
        return types.Hover(content, _range(document.positions, found.span))

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", "`", "("]))
    def on_completion(params: types.CompletionParams) -> types.CompletionList:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return types.CompletionList(False, [])
        found = complete(document.positions, _offset(document, params.position), server.vocabulary)
        items = [
            types.CompletionItem(
                label=item.label,
                kind=_ITEM[item.kind],
                detail=item.detail,
                documentation=item.about or None,
                sort_text=f"{index:04}",
                filter_text=item.label,
                text_edit=types.TextEdit(_range(document.positions, item.span), item.text),
            )
            for index, item in enumerate(found.items)
        ]
        return types.CompletionList(not found.complete, items)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def on_definition(params: types.DefinitionParams) -> types.Location | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        offset = _offset(document, params.position)
        place = definition(document.positions, offset, server.vocabulary, server.declared)
        if place is None:
            return None
        return types.Location(place.path.resolve().as_uri(), _range(Positions(place.text, server.encoding), place.span))

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def on_formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        found = await asyncio.get_running_loop().run_in_executor(server.worker, document.formatted)
        return [types.TextEdit(_range(document.positions, found[0]), found[1])] if found else []

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def on_code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        document = server.documents.get(uri)
        if document is None:
            return []
        await server.checked(document)
        asked = Span(_offset(document, params.range.start), _offset(document, params.range.end))
        return [
            types.CodeAction(
                title=fix.title,
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[_diagnostic(uri, document, diagnostic)],
                is_preferred=fix.sure,
                edit=types.WorkspaceEdit(changes={uri: [
                    types.TextEdit(_range(document.positions, document.shifted(edit.span)), edit.text) for edit in fix.edits
                ]}),
            )
            for diagnostic, fix in document.fixes_at(asked)
        ]  # fmt: skip

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def on_symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        document = server.documents.get(params.text_document.uri)
        return [_symbol(document.positions, symbol) for symbol in outline(document.text)] if document else []

    return server


def _offset(document: Document, position: types.Position) -> int:
    return document.positions.offset(position.line, position.character)


def _is_vocabulary(words: Path, uri: str) -> bool:
    path = _path(uri)
    return path is not None and path.suffix == ".toml" and words.resolve() in (path.resolve(), path.resolve().parent)


def serve(words: Path | None = None) -> bool:
    """Serve over standard input and output until the editor says goodbye; whether it asked for `shutdown` before it left.
    Nothing else is written to standard output."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    server = make_server(words)
    server.start_io()
    return server.was_shut_down
