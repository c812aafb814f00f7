"""The settings of our own server; `core.settings` has all others, and the list."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.setting_kinds import Switch, Whole

SERVER: Final = Switch(
    "server.on",
    False,
    "Let other programs ask",
    "Editors and scripts on this computer can have your models answer, in the OpenAI protocol and with a token. Their "
    "requests wait in line with your chats, and are not kept.",
)
SERVER_PORT: Final = Whole(
    "server.port",
    8642,
    "Port",
    "The number in the address that programs need. Choose another one where it is taken.",
    1024,
    65_535,
)
