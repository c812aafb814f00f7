"""The environment that other programs are started with: the person's own, without anything that may be a secret.

Whoever may look at a process of ours sees its environment: a token that this program was given must not go on to those
that have no use for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Names of environment variables that may hold a secret. Proxies are here because their addresses hold
# passwords; keys for endpoints are called after their computers (`net.secrets.variable`).
_SECRET: Final = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$|_PAT$|_AUTH|^AUTH|ASKPASS|_PROXY$"
    r"|^MISTRAL_DESK_KEY_",
    re.IGNORECASE,
)


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """All variables but those whose names tell of a secret."""
    return {name: value for name, value in environment.items() if not _SECRET.search(name)}
