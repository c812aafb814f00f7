"""How a process that runs a model is told its engine: apart from the choice, which is none of that process's business.

Every worker imports this at its start, so there is next to nothing here.
"""

from __future__ import annotations

from typing import Final

VARIABLE: Final = "MISTRAL_DESK_ENGINE"
"""An environment variable for a process that runs a model: the folder of its engine's libraries, empty for the one that
comes along. Whoever starts the process sets it.
"""
