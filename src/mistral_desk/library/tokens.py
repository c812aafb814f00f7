"""The access token for the hub: tested before it is saved, kept by the keyring, else for this run only.

The environment's HF_TOKEN goes before both and is never stored.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.catalog import hub_access
from mistral_desk.catalog.hub import token_name
from mistral_desk.catalog.hub_access import Access, Asked
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.net.addresses import address
from mistral_desk.net.secrets import Where, usable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.catalog.hub import Hub
    from mistral_desk.library.ordering import Before
    from mistral_desk.net.client import Net
    from mistral_desk.net.secrets import Secrets


class Taken(msgspec.Struct, frozen=True):
    """A token that was tested and is in use now. `account` is its owner's name at the hub, `access` what it opens of
    the download that it was entered for. `kept` says that it lives for this run only, and why; None: it is kept.
    """

    account: str
    access: Access
    kept: Problem | None


class Tokens:
    """For the hub in force. For one asyncio loop; whatever may wait for the keyring runs in a thread."""

    def __init__(self, net: Net, hub: Hub, secrets: Callable[[], Secrets]) -> None:
        self._net, self._hub, self._secrets = net, hub, secrets

    @property
    def host(self) -> str:
        """The hub as people read it."""
        return address(self._hub.base).name

    @property
    def page(self) -> str:
        """Where a token is made."""
        return hub_access.tokens_page(self._hub.base)

    async def state(self) -> Where:
        """Where the token that is used comes from; `none` where there is none."""
        return await asyncio.to_thread(self._secrets().where, token_name(self._hub.base))

    async def take(self, token: str, before: Before | None = None) -> Taken:
        """Test a token, with the file of a download where one is given, then keep it and use it.

        One that its owner still has to agree with is kept, too. Raises `secrets.value`, `hub.token_refused`, `net.…`,
        and keeps nothing then.
        """
        token = usable(token)
        account = await hub_access.account(self._net, self._hub, token)
        access: Access = "unknown"
        if before is not None:
            asked = Asked(before.repository, before.revision, before.first)
            access = await hub_access.access(self._net, self._hub, asked, token)
            if access == "token":
                raise DeskError("hub.token_refused", host=self.host)
        kept = await asyncio.to_thread(self._secrets().set, token_name(self._hub.base), token)
        return Taken(account, access, kept)

    async def forget(self) -> None:
        """Delete the token, here and in the keyring. The environment's stays in force."""
        await asyncio.to_thread(self._secrets().forget, token_name(self._hub.base))
