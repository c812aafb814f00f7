"""The token that programs need: made once, kept in the system's keyring, never in a file or an argument."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from mistral_desk.net.secrets import SERVER

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem
    from mistral_desk.net.secrets import Secrets

NAME: Final = SERVER
"""In the keyring; `MISTRAL_DESK_SERVER_TOKEN` comes first, and is kept nowhere."""
_BYTES: Final = 32


def token(vault: Secrets) -> tuple[str, Problem | None]:
    """The token, made where there was none; the problem says that it ends with the program. It may block."""
    known = vault.get(NAME)
    return (known, None) if known else renewed(vault)


def renewed(vault: Secrets) -> tuple[str, Problem | None]:
    """Another token; the one before opens nothing any more from the next start on. It may block."""
    made = secrets.token_urlsafe(_BYTES)
    return made, vault.set(NAME, made)
