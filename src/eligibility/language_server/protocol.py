"""Messages of an editor go in as they came; a request that cannot be read is answered with an error, not with silence."""

from __future__ import annotations

import logging
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol


class RuleProtocol(LanguageServerProtocol):
    """The protocol of pygls, which leaves unanswered what it cannot read and what comes after `shutdown`."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message as an object; a request that is none of the protocol is answered and raises JsonRpcException."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" in data and isinstance(data.get("id"), int | str):
                self._send_response(data["id"], None, error.to_response_error())
            raise

    @property
    def was_shut_down(self) -> bool:
        """Has the editor asked for `shutdown`?"""
        return self._shutdown

    def handle_message(self, message: Any) -> None:
        """Answer a message. After `shutdown` there is nothing but `exit`."""
        number = getattr(message, "id", None)
        if self._shutdown and number is not None and getattr(message, "method", None):
            told = "the server has been shut down"
            self._send_response(number, None, types.ResponseError(types.ErrorCodes.InvalidRequest, told))
            return
        super().handle_message(message)


class OneLine(logging.Formatter):
    """What is logged, without a traceback: standard error is shown to people."""

    def format(self, record: logging.LogRecord) -> str:
        """The first line, and the kind of exception."""
        text = record.getMessage().split("\n", 1)[0]
        kind = record.exc_info[0] if record.exc_info else None
        return f"eligibility lsp: {text}{f' ({kind.__name__})' if kind else ''}"
