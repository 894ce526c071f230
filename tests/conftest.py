"""Names of cases that any shell and any tool can repeat."""

import os
import re

# what is tested is what the sources do now, not what was kept of an earlier run; the tests of the cache switch it on
os.environ["ELIGIBILITY_CACHE"] = "off"


def pytest_make_parametrize_id(config, val, argname):
    """Texts under test hold brackets, control characters and all scripts; their names do not."""
    if isinstance(val, str):
        return re.sub(r"[^\w .,<>=/%+-]", "_", val.encode("ascii", "replace").decode())[:60].strip() or "empty"
    return None
