"""A plugin of pytest: each process of the suite keeps what it measured before it says that its tests are done.

Whoever shares the tests out waits ten seconds for its processes to end, and then ends them; to write takes longer.
"""

from __future__ import annotations

import coverage
import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Stop measuring and write; nothing where nothing is measured."""
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.stop()
        measuring.save()
