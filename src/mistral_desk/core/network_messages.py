"""Messages about connections, the catalogue, the hub, tokens and our own server; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`, in a file of their own because there are many.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.endpoint_messages import ENDPOINTS
from mistral_desk.core.message_text import Counted, Text
from mistral_desk.core.server_messages import SERVER

NETWORK: Final[dict[str, Text]] = {
    # --- connections --------------------------------------------------------------------------------
    "net.offline": Text(
        "Mistral Desk is offline",
        "{host} was not contacted: “Work offline” is switched on.",
        "Switch it off in Settings, Privacy, and try again.",
    ),
    "net.unreachable": Text(
        "The other computer cannot be reached",
        "No connection to {host} came about ({reason}).",
        "Check the internet connection, then try again.",
    ),
    "net.unreachable_here": Text(
        "Nothing answers on this computer",
        "No connection to {host} came about ({reason}).",
        "Start the program that is to answer there, and check its address and port.",
    ),
    "net.unreachable_near": Text(
        "The other computer cannot be reached",
        "No connection to {host} came about ({reason}).",
        "Check that it is on and in the same network, and that its server runs.",
    ),
    "net.tls": Text(
        "The connection is not safe",
        "It could not be proven that this is really {host} ({reason}), so nothing was sent.",
        "Check this computer's clock. In a company's network, ask who looks after it.",
    ),
    "net.timeout": Text(
        "The answer takes too long",
        "{host} did not send what was asked for within {seconds} s.",
        "Try again later.",
    ),
    "net.cut": Text(
        "The connection broke off",
        Counted(
            "received",
            "{host} stopped in the middle of its answer ({received} byte had come).",
            "{host} stopped in the middle of its answer ({received} bytes had come).",
        ),
        "Try again.",
    ),
    "net.cancelled": Text(
        "The connection was ended here",
        "Mistral Desk ended the connection to {host} before the answer was there.",
        "Try again.",
    ),
    "net.status": Text(
        "The other computer could not answer",
        "{host} answered with the status {status} instead of what was asked for.",
        "Try again later.",
    ),
    "net.not_permitted": Text(
        "Permission is needed first",
        "{host} asks for permission before it gives this (status {status}).",
        "If you have an access token for it, enter it in Settings.",
    ),
    "net.not_found": Text(
        "It is not there",
        "{host} does not have what was asked for, or not any more (status {status}).",
        "Refresh the list and try again.",
    ),
    "net.too_many": Text(
        "A pause is asked for",
        "Too many requests came from this connection; {host} asks to wait {seconds} s.",
        "Try again after that.",
    ),
    "net.too_large": Text(
        "The answer is too large",
        "{host} sent more than {limit} MB where little was expected, so it was not taken.",
        "Try again later. Nothing was changed.",
    ),
    "net.redirect": Text(
        "The answer leads somewhere else",
        "{host} wants the request to go to {target}, which was refused ({reason}).",
        "Try again later. Nothing was sent there.",
    ),
    "net.address": Text(
        "This address cannot be used",
        "{address} is not an address that Mistral Desk connects to ({reason}).",
        "Use an address that begins with https.",
    ),
    "net.garbled": Text(
        "The answer makes no sense",
        "{host} sent something that could not be understood ({reason}).",
        "Try again later. Nothing was changed.",
    ),
    # --- the catalogue ------------------------------------------------------------------------------
    "catalog.record": Text(
        "A record of the catalog cannot be read",
        "It was set aside because {reason}. The other records are not affected.",
        "Refresh the catalog later; whoever publishes it may have mended the record.",
    ),
    "catalog.list": Text(
        "The catalog cannot be read",
        "Its list of models makes no sense ({reason}), so the last catalog stays.",
        "Refresh again later.",
    ),
    "catalog.unusable": Text(
        "Most of the catalog cannot be read",
        Counted(
            "count",
            "{failed} of {count} model came in a form that makes no sense, so the last catalog stays.",
            "{failed} of {count} models came in a form that makes no sense, so the last catalog stays.",
        ),
        "Refresh again later.",
    ),
    "catalog.sort": Text(
        "There is no such order",
        "Models cannot be sorted by {name}. There is: {known}.",
        "Choose one of these.",
    ),
    "catalog.not_saved": Text(
        "The catalog could not be kept",
        "What was fetched cannot be written to {path} ({reason}). The last catalog is still there.",
        "Make room on the disk or check the folder's permissions, then refresh again.",
    ),
    "settings.held_offline": Text(
        "Mistral Desk works offline for now",
        "Your settings could not be read, so it is not known whether you allow connections.",
        "Switch “Work offline” off in Settings, Privacy, if you do.",
    ),
    # --- the hub ------------------------------------------------------------------------------------
    "hub.gated": Text(
        "The hub asks for permission first",
        "Whoever published {name} lets only those read it who have agreed to its terms.",
        "Agree to the terms on the hub's page of the model, then enter your access token in Settings.",
    ),
    "hub.not_found": Text(
        "It is not on the hub",
        "The hub does not have {name}, or not any more, or shows it only to those who may see it.",
        "Check the name, or search again.",
    ),
    "hub.garbled": Text(
        "The hub's answer makes no sense",
        "{host} sent something that could not be understood ({reason}).",
        "Try again later.",
    ),
    "hub.no_parts": Text(
        "The file's header cannot be read from afar",
        "What the hub sent of {name} is not what was asked for ({reason}).",
        "List the files again, then try once more.",
    ),
    # --- tokens -------------------------------------------------------------------------------------
    "secrets.not_kept": Text(
        "The token or key is kept only until Mistral Desk closes",
        "This computer offers no safe place for it ({reason}), and it is never written to a file.",
        "Enter it again after the next start, or set up the system's keyring.",
    ),
    "secrets.value": Text(
        "This is not a token or key",
        "A token or key is one line of letters, digits and signs without spaces.",
        "Copy it again from the website.",
    ),
    **ENDPOINTS,
    **SERVER,
}
