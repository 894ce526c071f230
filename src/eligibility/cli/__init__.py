"""The command line: arguments go in; text, JSON, HTML and an exit status come out. The only place that prints or exits.

Exit status: 0 done, 1 findings (`check`, `format --check`, `test`), 2 unusable input, 130 stopped by Ctrl-C.
"""

from eligibility.cli.running import main, run

__all__ = ["main", "run"]
