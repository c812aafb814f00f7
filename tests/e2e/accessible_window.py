"""The application as it is, but for the facts about models: one of them, on a hub of this computer, is added.

python -m tests.e2e.accessible_window FACTS (a file in the form of `resources/catalog/downloads.json`)
"""

from __future__ import annotations

import sys
from pathlib import Path

from mistral_desk.catalog import facts
from mistral_desk.core import paths
from mistral_desk.ui import app


def main() -> int:
    """Open the window."""
    usual = paths.resource

    def stated(*parts: str) -> Path:
        return Path(sys.argv[1]) if parts == facts.FILE else usual(*parts)

    vars(facts)["resource"] = stated
    return app.run()


if __name__ == "__main__":
    sys.exit(main())
