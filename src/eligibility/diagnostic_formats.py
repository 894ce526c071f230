"""The diagnostics of rule files go in; text for people, JSON, SARIF 2.1.0 or the workflow commands of GitHub come out.

Lines and columns are counted from 1, in Unicode code points; an end column is the first one behind the place.
SARIF: OASIS Standard, 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
GitHub: "Workflow commands for GitHub Actions", https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, assert_never
from urllib.parse import quote

from eligibility.codes import all_codes
from eligibility.errors import Diagnostic, Severity
from eligibility.fixes import Fix
from eligibility.source import Source, Span

Format = Literal["text", "json", "sarif", "github"]

_Json = dict[str, object]


@dataclass(frozen=True)
class Findings:
    """What a check has found: the diagnostics in order, the fixes of each that has one, and the files that could not be read."""

    diagnostics: Sequence[Diagnostic] = ()
    fixes: Sequence[tuple[Fix, ...]] = ()
    unreadable: Sequence[tuple[str, str]] = ()  # file, why
    files: int = 0
    usable: int = 0
    criteria: int = 0
    version: str = field(default="0", kw_only=True)

    def count(self, severity: Severity) -> int:
        """How many diagnostics there are of a severity."""
        return sum(diagnostic.severity == severity for diagnostic in self.diagnostics)

    def with_fixes(self) -> Iterable[tuple[Diagnostic, tuple[Fix, ...]]]:
        """Each diagnostic with its fixes."""
        for index, diagnostic in enumerate(self.diagnostics):
            yield diagnostic, self.fixes[index] if index < len(self.fixes) else ()


def _ends(source: Source, span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
    """Line and column of a place, and of the first character behind it."""
    return source.position(span.start), source.position(max(span.start, span.end))


def write(findings: Findings, form: Format, *, colour: bool = False) -> str:
    """The findings in one of the formats, with an end of line at the end; `colour` is for text on a terminal."""
    match form:
        case "text":
            return as_text(findings, colour=colour)
        case "json":
            return as_json(findings)
        case "sarif":
            return as_sarif(findings)
        case "github":
            return as_github(findings)
        case _:
            assert_never(form)


# --- text ------------------------------------------------------------------------------------------------------------


_COLOURS: dict[Severity, str] = {"error": "\x1b[31m", "warning": "\x1b[33m"}


def as_text(findings: Findings, *, colour: bool = False) -> str:
    """For people: each diagnostic with its line, and what it comes to."""
    parts = []
    for diagnostic in findings.diagnostics:
        text = str(diagnostic)
        parts.append(f"{_COLOURS[diagnostic.severity]}{text}\x1b[0m\n" if colour else f"{text}\n")
    parts += [f"{message}\n" for _, message in findings.unreadable]
    return "\n".join([*parts, summary(findings)]) + "\n"


def summary(findings: Findings) -> str:
    """`4 of 5 files can be used, with 89 criteria; 1 error, 0 warnings`"""
    said = [_counted(findings.count("error"), "error"), _counted(findings.count("warning"), "warning")]
    criteria = f"{findings.criteria} criteri{'on' if findings.criteria == 1 else 'a'}"
    text = f"{findings.usable} of {_counted(findings.files, 'file')} can be used, with {criteria}; {', '.join(said)}"
    return f"{text}; {_counted(len(findings.unreadable), 'file')} cannot be read" if findings.unreadable else text


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_json(findings: Findings) -> str:
    """One object, with every diagnostic, its other places, and its fixes; `sure` where a fix cannot change a verdict."""
    return _dumped({
        "schema": "eligibility-diagnostics-1",
        "files": findings.files,
        "usable": findings.usable,
        "criteria": findings.criteria,
        "errors": findings.count("error"),
        "warnings": findings.count("warning"),
        "diagnostics": [_diagnostic(diagnostic, fixes) for diagnostic, fixes in findings.with_fixes()],
        "unreadable": [{"file": file, "message": message} for file, message in findings.unreadable],
    })  # fmt: skip


def _diagnostic(diagnostic: Diagnostic, fixes: Sequence[Fix]) -> _Json:
    source = diagnostic.source
    return {
        "file": source.name,
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "underlined": diagnostic.underlined,
        "place": _place(source, diagnostic.span),
        "related": [
            {"message": other.message, "place": _place(source, other.span)} for other in diagnostic.related
        ],
        "fixes": [
            {
                "title": fix.title,
                "sure": fix.sure,
                "edits": [{"place": _place(source, edit.span), "text": edit.text} for edit in fix.edits],
            }
            for fix in fixes
        ],
    }  # fmt: skip


def _place(source: Source, span: Span) -> _Json:
    (line, column), (end_line, end_column) = _ends(source, span)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _dumped(content: object) -> str:
    # surrogates that stand alone are no UTF-8: they leave as escapes
    return json.dumps(content, indent=2, ensure_ascii=True) + "\n"


# --- SARIF -----------------------------------------------------------------------------------------------------------


def as_sarif(findings: Findings) -> str:
    """One run in SARIF 2.1.0, which code hosts show beside the lines. Only fixes that are sure are part of it."""
    codes = list(all_codes().values())
    index = {code.code: number for number, code in enumerate(codes)}
    rules: list[_Json] = [
        {
            "id": code.code,
            "shortDescription": {"text": code.title},
            "fullDescription": {"text": code.means},
            "help": {"text": code.mend},
            "defaultConfiguration": {"level": code.severity},
        }
        for code in codes
    ]
    notifications: list[_Json] = [
        {"level": "error", "message": {"text": message}, "locations": [{"physicalLocation": {"artifactLocation": _artifact(file)}}]}
        for file, message in findings.unreadable
    ]  # fmt: skip
    run: _Json = {
        "tool": {"driver": {"name": "eligibility", "version": findings.version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not findings.unreadable, "toolExecutionNotifications": notifications},
        ],
        "results": [_result(diagnostic, fixes, index) for diagnostic, fixes in findings.with_fixes()],
    }
    return _dumped({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _result(diagnostic: Diagnostic, fixes: Sequence[Fix], index: dict[str, int]) -> _Json:
    source = diagnostic.source
    text = f"{diagnostic.message}; {diagnostic.help}" if diagnostic.help else diagnostic.message
    result: _Json = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": _physical(source, diagnostic.span)}],
    }
    if diagnostic.code in index:
        result["ruleIndex"] = index[diagnostic.code]
    if diagnostic.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": other.message}, "physicalLocation": _physical(source, other.span)}
            for number, other in enumerate(diagnostic.related, 1)
        ]
    sure = [fix for fix in fixes if fix.sure]
    if sure:
        result["fixes"] = [
            {
                "description": {"text": fix.title},
                "artifactChanges": [
                    {
                        "artifactLocation": _artifact(source.name),
                        "replacements": [
                            {"deletedRegion": _region(source, edit.span), "insertedContent": {"text": edit.text}}
                            for edit in fix.edits
                        ],
                    }
                ],
            }
            for fix in sure
        ]
    return result


def _physical(source: Source, span: Span) -> _Json:
    return {"artifactLocation": _artifact(source.name), "region": _region(source, span)}


def _artifact(name: str) -> _Json:
    path = name.replace("\\", "/")
    drive, rest = (path[:2], path[2:]) if re.match(r"[A-Za-z]:/", path) else ("", path)
    uri = quote(rest.encode("utf-8", "replace"), safe="/~")  # a colon in a relative reference would end a scheme
    if rest.startswith("/") and not rest.startswith("//"):
        uri = f"file:///{drive}{uri}" if drive else f"file://{uri}"
    return {"uri": uri}


def _region(source: Source, span: Span) -> _Json:
    (line, column), (end_line, end_column) = _ends(source, span)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


# --- GitHub ----------------------------------------------------------------------------------------------------------


def as_github(findings: Findings) -> str:
    """A workflow command for each diagnostic: `::error file=...,line=...::message`. Nothing where there is nothing to say."""
    lines = []
    for diagnostic in findings.diagnostics:
        (line, column), (end_line, end_column) = _ends(diagnostic.source, diagnostic.span)
        text = diagnostic.message
        for other in diagnostic.related:
            text += f"\n{other.message}: line {diagnostic.source.position(other.span.start)[0]}"
        if diagnostic.help:
            text += f"\nhelp: {diagnostic.help}"
        given = {"file": diagnostic.source.name, "line": line, "endLine": end_line, "title": diagnostic.code}
        if end_line == line:  # columns are for places on one line
            given |= {"col": column, "endColumn": end_column}
        lines.append(_command(diagnostic.severity, given, text))
    lines += [_command("error", {"file": file}, message) for file, message in findings.unreadable]
    return "".join(f"{line}\n" for line in lines)


def _command(name: str, properties: dict[str, object], text: str) -> str:
    told = ",".join(f"{key}={_escaped(str(value), property_=True)}" for key, value in properties.items())
    return f"::{name} {told}::{_escaped(text)}"


def _escaped(text: str, *, property_: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property_ else text
