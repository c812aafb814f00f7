"""Access tokens, kept by the system's keyring and never in a file.

Where there is no keyring a token lives as long as the program, and that is said.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import threading
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.words import mark
from mistral_desk.net.addresses import sent

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_log: Final = logging.getLogger(__name__)
SERVICE: Final = "mistral-desk"
HUB: Final = "hub"
SERVER: Final = "server"
"""What other programs show to our own server."""
ENDPOINT: Final = "endpoint"
"""How the names of keys for servers elsewhere begin; the server's id and its computer follow."""
_VARIABLES: Final = {HUB: "HF_TOKEN", SERVER: "MISTRAL_DESK_SERVER_TOKEN"}
"""Tokens that the environment may bring, by the first word of their names; they are used and never stored."""
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_UNSAFE: Final = ("keyrings.alt", "keyring.backends.fail", "keyring.backends.null")
_USUAL: Final = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*")
_SIX: Final = re.compile(r"[0-9a-f]*:[0-9a-f:]*")
Where: TypeAlias = Literal["environment", "keyring", "session", "none"]
"""Where a token comes from; `session` is forgotten when the program ends."""
NO_KEYRING: Final = mark("there is no keyring")
LOCKED: Final = mark("the keyring does not open")


class Secrets:
    """Tokens by name. Everything here may wait for the person to unlock the keyring: call it in a thread."""

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        self._backend = backend
        self._session: dict[str, str | None] = {}
        """What is known in this run; None for what the keyring does not have: it is not opened again and again."""
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Look for the system's keyring before a token is wanted; it is not opened."""
        with self._lock:
            self._keyring()

    def get(self, name: str = HUB) -> str | None:
        """The token: the environment's, else this session's, else the keyring's; None where there is none."""
        if given := _given(name):
            return given
        with self._lock:
            if name in self._session:
                return self._session[name]
            self._session[name] = found = self._kept(name)
            return found

    def set(self, name: str, token: str) -> Problem | None:
        """Keep a token; what comes back says that it is kept for this session only. Raises `secrets.value`."""
        token = usable(token)
        with self._lock:
            self._session[name] = token
            backend = self._keyring()
            if backend is None:
                return Problem("secrets.not_kept", {"reason": NO_KEYRING})
            try:
                backend.set_password(SERVICE, name, token)
            except Exception as error:  # noqa: BLE001 - as above; its text could hold the token
                _log.warning("the keyring takes no token: %s", type(error).__name__)
                return Problem("secrets.not_kept", {"reason": LOCKED})
            return None

    def where(self, name: str = HUB) -> Where:
        """Where the token comes from that `get` gives."""
        if _given(name):
            return "environment"
        if self.get(name) is None:
            return "none"
        with self._lock:
            return "keyring" if self._kept(name) == self._session.get(name) else "session"

    def known(self, name: str) -> bool:
        """Whether this run has a token already: the environment's, or one that was given or read. It never waits."""
        return bool(_given(name) or self._session.get(name))

    def forget(self, name: str = HUB) -> None:
        """Delete a token, here and in the keyring."""
        with self._lock:
            self._session.pop(name, None)
            backend = self._keyring()
            if backend is None:
                return
            try:
                if backend.get_password(SERVICE, name) is not None:
                    backend.delete_password(SERVICE, name)
            except Exception as error:  # noqa: BLE001 - as above
                _log.warning("the keyring did not delete a token: %s", type(error).__name__)

    def _kept(self, name: str) -> str | None:
        backend = self._keyring()
        if backend is None:
            return None
        try:
            found = backend.get_password(SERVICE, name)
        except Exception as error:  # noqa: BLE001 - backends raise what their systems raise
            _log.warning("the keyring gives no token: %s", type(error).__name__)
            return None
        return found if found and _TOKEN.fullmatch(found) else None

    def _keyring(self) -> KeyringBackend | None:
        """The system's keyring; None where there is none, or one that writes plain files."""
        import keyring  # noqa: PLC0415 - looking for backends takes a moment that most starts need not spend

        try:
            backend = self._backend or keyring.get_keyring()
            kinds = [backend, *getattr(backend, "backends", ())]
            safe = [kind for kind in kinds if not type(kind).__module__.startswith(_UNSAFE)]
            if type(backend).__module__ == "keyring.backends.chainer":
                safe = [kind for kind in safe if kind is not backend]
                return safe[0] if safe else None
        except Exception as error:  # noqa: BLE001 - as above
            _log.info("no keyring: %s", type(error).__name__)
            return None
        else:
            return backend if backend in safe else None


def usable(token: str) -> str:
    """A token without the white space that copying brings along. Raises `secrets.value`."""
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        raise DeskError("secrets.value")
    return token


def _given(name: str) -> str | None:
    """The environment's token."""
    given = os.environ.get(variable(name), "").strip()
    return given if _TOKEN.fullmatch(given) else None


def variable(name: str) -> str:
    """The environment's variable that brings this token; empty where there is none. Of an endpoint it is
    `MISTRAL_DESK_KEY_` and its computer: who changes the list of endpoints gets no key sent elsewhere.
    """
    kind, *rest = name.split(" ")
    if kind == ENDPOINT and rest:
        return f"MISTRAL_DESK_KEY_{_spelt(rest[-1])}"
    return _VARIABLES.get(kind, "")


def _spelt(origin: str) -> str:
    """`https://api.mistral.ai:443` as API_MISTRAL_AI, and no two computers alike. In a name a dot is _ and a hyphen __;
    an unusual port, and http, follow after ___, which nothing else makes: no hyphen stands beside a dot there. IPv6
    begins with IP6___; a host of any other form is ODD___X and its bytes, so that it cannot look like one of these.
    """
    scheme, _, place = origin.partition("://")
    host, _, port = place.rpartition(":")
    further = ("" if port == "443" else f"___{port}") if scheme == "https" else f"___HTTP_{port}"
    return f"{_host_spelt(host)}{further}".upper()


def _host_spelt(host: str) -> str:
    if _SIX.fullmatch(host):
        return f"IP6___{ipaddress.IPv6Address(host)}".replace(":", "_")
    try:
        host = sent(host)
    except ValueError:
        return f"ODD___X{host.encode().hex()}"
    return host.replace("-", "__").replace(".", "_") if _USUAL.fullmatch(host) else f"ODD___X{host.encode().hex()}"
