"""Messages of our own server, to programs that ask and to the person who starts it; `core.messages` tells of adding."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.helper_messages import HELPERS
from mistral_desk.core.message_text import Counted, Text

SERVER: Final[dict[str, Text]] = {
    "server.garbled": Text(
        "The request is not understood",
        "At {place}: {reason}.",
        "Correct the request; docs/server.md lists what is understood.",
    ),
    "server.not_offered": Text(
        "This is not offered here",
        "“{name}” would change the answer, and it is not understood here.",
        "Leave it out; docs/server.md lists what is understood.",
    ),
    "server.remote_picture": Text(
        "Pictures are not fetched",
        "An image has the address {address}, and this server fetches nothing.",
        "Send the picture itself, as a data URI: “data:image/png;base64,” and its bytes.",
    ),
    "server.no_model": Text(
        "There is no such model here",
        "{name} is not the id of a model on this computer.",
        "GET /v1/models lists them.",
    ),
    "server.unknown": Text(
        "There is nothing at this address",
        "{name} is not an address of this server.",
        "It has GET /v1/models and POST /v1/chat/completions.",
    ),
    "server.method": Text(
        "The address takes another method",
        "{name} is not taken there.",
        "Use GET for /v1/models and POST for /v1/chat/completions.",
    ),
    "server.no_token": Text(
        "The token is missing or wrong",
        "Every request needs the header “Authorization: Bearer …” with this server's token.",
        "Copy the token from where the server was started, or from Settings.",
    ),
    "server.host": Text(
        "The request was meant for another server",
        "Its Host header is {name}.",
        "Use the address that the server told when it started.",
    ),
    "server.origin": Text(
        "Web pages may not ask here",
        "The request comes from {name}.",
        "Ask from a program on this computer.",
    ),
    "server.not_json": Text(
        "The request is not JSON",
        "Its Content-Type is {name}.",
        "Send application/json.",
    ),
    "server.too_large": Text(
        "The request is too large",
        Counted("limit", "At most {limit} byte is taken.", "At most {limit} bytes are taken."),
        "Send less, or smaller pictures.",
    ),
    "server.busy": Text(
        "Too many requests are waiting",
        Counted(
            "count",
            "{count} is here already, and one is answered at a time.",
            "{count} are here already, and one is answered at a time.",
        ),
        "Try again in a moment.",
    ),
    "server.interrupted": Text(
        "The answer was broken off",
        "The model was taken for something else, or the server was stopped.",
        "Ask again.",
    ),
    "server.cannot_listen": Text(
        "The server cannot start",
        "{address} cannot be used ({reason}).",
        "Choose another port, or end the program that uses it.",
    ),
    "server.ended": Text(
        "The server ended by itself",
        "An error of the program ended it.",
        "Try again. If it comes back, the log file has the details for a bug report.",
    ),
    "server.offline": Text(
        "Mistral Desk works offline",
        "Nothing listens and nothing connects while it does.",
        "Switch off “Work offline” in Settings → Privacy first.",
    ),
    "server.token_not_kept": Text(
        "The token holds for this run only",
        "It cannot be kept: {reason}.",
        "Set MISTRAL_DESK_SERVER_TOKEN for one that stays the same.",
    ),
    "server.open_without_token": Text(
        "Without a token only this computer may ask",
        "{address} can be reached by other computers.",
        "Leave out --no-token, or --host.",
    ),
    **HELPERS,
}
