"""A small client of the Language Server Protocol: a server as a process of its own, over its standard input and output."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

PATIENCE = 120  # seconds after which a server that says nothing is given up; no test asks for speed


class Editor:
    """Opens files in a server, asks it, and keeps the diagnostics that it sends."""

    def __init__(self, *arguments: str, encodings: list[str] | None = None, options: object = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "eligibility", "lsp", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self._messages: queue.Queue[Any] = queue.Queue()
        self._unread: list[Any] = []
        self.stderr: list[bytes] = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._drain, daemon=True).start()
        self._id = 0
        self._versions: dict[str, int] = {}
        general = {"positionEncodings": encodings} if encodings else {}
        self.capabilities = self.ask("initialize", {
            "processId": None, "rootUri": None, "capabilities": {"general": general}, "initializationOptions": options,
        })["capabilities"]  # fmt: skip
        self.tell("initialized", {})

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                self._messages.put(None)
                return
            self._messages.put(json.loads(stream.read(length)))

    def _drain(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr.append(line)

    def _send(self, message: dict[str, Any]) -> None:
        self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def send_bytes(self, body: bytes) -> None:
        """One message of any content."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: object) -> Any:
        """Send a request and wait for its answer. Raises RuntimeError for an error."""
        self._id += 1
        number = self._id
        self._send({"id": number, "method": method, "params": params})
        answer = self.wait(lambda message: message.get("id") == number and "method" not in message)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def wait(self, wanted: Callable[[Any], bool]) -> Any:
        """The first message that is wanted; others are kept."""
        for index, message in enumerate(self._unread):
            if wanted(message):
                return self._unread.pop(index)
        while True:
            message = self._messages.get(timeout=PATIENCE)
            if message is None:
                raise RuntimeError(f"the server has ended: {b''.join(self.stderr).decode(errors='replace')}")
            if wanted(message):
                return message
            self._unread.append(message)

    def open(self, text: str, uri: str = "file:///mine.elig") -> list[Any]:
        """Open a file; its diagnostics."""
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": "elig", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(uri)

    def type(self, text: str, uri: str = "file:///mine.elig") -> None:
        """Change a file to a text."""
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def diagnostics(self, uri: str = "file:///mine.elig") -> list[Any]:
        """The diagnostics of the newest version of a file."""
        return self.wait(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == uri
                and message["params"].get("version") == self._versions[uri]
            )
        )["params"]["diagnostics"]

    def at(self, method: str, line: int, character: int, uri: str = "file:///mine.elig") -> Any:
        """Ask about a position."""
        place = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": place})

    def actions(self, start: tuple[int, int], end: tuple[int, int], uri: str = "file:///mine.elig") -> Any:
        """The code actions of a range."""
        ends = [{"line": line, "character": character} for line, character in (start, end)]
        return self.ask("textDocument/codeAction", {
            "textDocument": {"uri": uri}, "range": {"start": ends[0], "end": ends[1]}, "context": {"diagnostics": []},
        })  # fmt: skip

    def quit(self) -> int:
        """Say goodbye; the exit status of the server."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End the process, whatever it does, and close its pipes."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def show_session() -> None:
    """A short session as text: what is typed, and what the server says.

    python tests/editor_client.py
    """
    text = 'trial T "A session"\n\ninclude:\n  1 "Adult": age => 18 years\n  2 "Kidneys": creatinin >= 5 mg/dL\n'
    editor = Editor()
    print(f"open\n{text}")
    for told in editor.open(text):
        place = told["range"]["start"]
        print(f"  {place['line'] + 1}:{place['character'] + 1} {told['code']} {told['message'].replace(chr(10), '; ')}")
    for action in editor.actions((3, 0), (4, 40)):
        print(f"  quick fix: {action['title']}{', preferred' if action['isPreferred'] else ''}")
    text = text.replace("=>", ">=").replace("creatinin ", "creatinine ")
    editor.type(text)
    print(f"\ntype\n{text}\n  {len(editor.diagnostics())} diagnostics")
    for line, character in ((4, 16), (4, 29)):
        print(f"\nhover {line + 1}:{character + 1}\n{editor.at('hover', line, character)['contents']['value']}")
    place = editor.at("definition", 4, 16)
    print(f"\ndefinition 5:17\n  {place['uri'].rsplit('/', 1)[-1]}, line {place['range']['start']['line'] + 1}")
    text += '  3 "Heart": NYHA class in (II'
    editor.type(text)
    items = editor.at("completion", 5, 29)["items"]
    print(f'\ntype   3 "Heart": NYHA class in (II\n  completion: {", ".join(item["label"] for item in items)}')
    print(f"\nquit\n  status {editor.quit()}")
    editor.kill()


if __name__ == "__main__":
    show_session()
