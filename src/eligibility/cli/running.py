"""Arguments go in; one command is run; its exit status comes out. Nothing that a user can do wrong ends in a traceback.

What `--help` and `--version` need is here, so that they import next to nothing.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from eligibility.cli.registry import ABOUT, COMMANDS, DISCLAIMER, DONE, PROGRAM, STOPPED, UNUSABLE, load
from eligibility.version import __version__

SHELLS = ("bash", "zsh", "tcsh")
_OPTIONS = {
    "-h, --help": "Show this help, or with a command the help of that command.",
    "--version": "Show the version.",
    "--print-completion SHELL": "Print the script that completes commands and options with the Tab key, for bash, zsh or tcsh.",
}


def overview() -> str:
    """What `eligibility --help` shows."""
    from textwrap import wrap

    def listed(title: str, rows: dict[str, str], width: int) -> list[str]:
        lines = ["", f"{title}:"]
        for name, text in rows.items():
            first, *rest = wrap(text, 78 - width)
            head = f"  {name:<{width - 2}}" if len(name) < width - 2 else f"  {name}\n{' ' * width}"
            lines += [head + first, *(" " * width + line for line in rest)]
        return lines

    return "\n".join([
        f"usage: {PROGRAM} COMMAND [OPTIONS]", "", *wrap(ABOUT, 78),
        *listed("commands", {name: command.line for name, command in COMMANDS.items()}, 14),
        *listed("options", _OPTIONS, 14),
        *listed("examples", {
            f"{PROGRAM} screen patient.json": "Screen a patient against the bundled trials.",
            f"{PROGRAM} screen --help": "Say all about a command, with examples.",
        }, 36),
        *listed("exit status", {
            "0": "done", "1": "check, format --check or test found something", "2": "the input cannot be used",
        }, 14),
        "", "To complete commands with the Tab key:",
        f'  bash   eval "$({PROGRAM} --print-completion bash)"      (in ~/.bashrc)',
        f"  zsh    {PROGRAM} --print-completion zsh > FOLDER_OF_FPATH/_{PROGRAM}",
        f"  tcsh   {PROGRAM} --print-completion tcsh | source /dev/stdin",
        "", DISCLAIMER, "",
    ])  # fmt: skip


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _dispatch(given)
        if sys.stdout is not None and not sys.stdout.closed:  # the language server closes it
            sys.stdout.flush()
    except BrokenPipeError:
        _leave_pipe()
        return DONE
    except KeyboardInterrupt:
        complain("stopped")
        return STOPPED
    except OSError as error:
        complain(f"{os.path.basename(str(error.filename or '')) or PROGRAM}: {error.strerror or type(error).__name__}")
        return UNUSABLE
    return status


def _dispatch(given: list[str]) -> int:
    if not given or given[0] in ("--help", "-h"):
        sys.stdout.write(overview())
        return DONE
    if given[0] == "--version":
        sys.stdout.write(f"{__version__}\n")
        return DONE
    from eligibility.cli.arguments import Misuse, parse, unknown
    from eligibility.errors import EligibilityError, PatientError

    try:
        name, *rest = given
        if name == "--print-completion" or name.startswith("--print-completion="):
            return _print_completion(given)
        if name not in COMMANDS:
            raise Misuse(unknown(name))
        module = load(name)
        return module.run(parse(name, module, rest))
    except Misuse as misuse:
        complain(str(misuse))
    except PatientError as error:
        complain("The patient record cannot be used:")
        complain("\n".join(f"  {problem}" for problem in error.problems))
    except EligibilityError as error:
        complain(str(error))
    except SystemExit as stop:  # argparse leaves this way when it has shown the help of a command
        return stop.code if isinstance(stop.code, int) else DONE
    return UNUSABLE


def _print_completion(given: list[str]) -> int:
    from eligibility.cli.arguments import Misuse

    shells = given[1:] if given[0] == "--print-completion" else [given[0].partition("=")[2], *given[1:]]
    if len(shells) != 1 or shells[0] not in SHELLS:
        raise Misuse(f"--print-completion takes the name of a shell: {', '.join(SHELLS)}")
    from eligibility.cli.completion import script

    sys.stdout.write(script(shells[0]) + "\n")
    return DONE


def complain(text: str) -> None:
    """Say on standard error what is wrong."""
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")


def _leave_pipe() -> None:
    """Whoever read our output has closed it: let what is still buffered go nowhere, without another complaint."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return


def main() -> NoReturn:
    """The console script."""
    gc.set_threshold(100_000, 50, 1000)  # a short run makes many objects that stay: looking through them is wasted
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a letter that the terminal lacks, or half of one, is shown as \uXXXX
            reconfigure(errors="backslashreplace")
    status = run()
    gc.freeze()  # what is left needs no last look
    if (
        status == STOPPED
    ):  # Python would end by the signal, with no status of ours, where it came while a class was made
        os._exit(STOPPED)
    sys.exit(status)
