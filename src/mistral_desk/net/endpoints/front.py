"""The door to all endpoints: which there are, adding, testing and removing them, their keys and their models.

Nothing here connects by itself: a list of models is that of the last look, until somebody asks for another.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.strangers import plain
from mistral_desk.net.addresses import address as parsed
from mistral_desk.net.endpoints import store
from mistral_desk.net.endpoints.record import (
    LONGEST_NAME,
    MOST,
    Endpoint,
    EndpointModel,
    Offered,
    base,
    computer,
    made_id,
    parted,
)
from mistral_desk.net.secrets import ENDPOINT, usable, variable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.net.client import Net
    from mistral_desk.net.endpoints.record import Kind, Thinks
    from mistral_desk.net.secrets import Secrets, Where


@dataclass(frozen=True)
class Outcome:
    """What a test found. `problem` None: it works, and `models` are what it offers."""

    problem: Problem | None
    kind: Kind = "other"
    models: tuple[Offered, ...] = ()


@dataclass(frozen=True)
class Added:
    """An endpoint that is kept now. `key` says that its key is kept for this run only, and why; None: in the
    keyring, or there is none.
    """

    endpoint: Endpoint
    key: Problem | None = None


class Keep:
    """Stands for a value that is to stay as it is."""


KEEP: Final = Keep()


class Endpoints:
    """All endpoints of a person. For one asyncio loop; files and the keyring are used in threads."""

    def __init__(self, net: Net, secrets: Callable[[], Secrets], file: Path) -> None:
        self.net = net
        self._secrets, self._file = secrets, file
        self._all: tuple[Endpoint, ...] = ()
        self._changing = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []

    # --- which there are ----------------------------------------------------------------------------

    @property
    def all(self) -> tuple[Endpoint, ...]:
        """All of them as they were at the last `look`, in the order of their adding."""
        return self._all

    @property
    def offline(self) -> bool:
        """Whether none can be asked."""
        return self.net.offline

    async def look(self) -> tuple[Endpoint, ...]:
        """Read the file again: the command line may have changed it."""
        self._took(await asyncio.to_thread(store.read, self._file))
        return self._all

    def find(self, endpoint: str) -> Endpoint | None:
        """The endpoint with this id."""
        return next((one for one in self._all if one.id == endpoint), None)

    def named(self, words: str) -> Endpoint | None:
        """The endpoint with this id, or with this name however it is written."""
        return self.find(words) or next((one for one in self._all if one.name.casefold() == words.casefold()), None)

    def source(self, model: str) -> EndpointModel:
        """What to ask for a model id; one that its list has not is asked for by name. Raises `endpoint.gone`."""
        endpoint_id, name = parted(model)
        endpoint = self.find(endpoint_id)
        if endpoint is None:
            raise DeskError("endpoint.gone", name=plain(endpoint_id or model, LONGEST_NAME))
        return EndpointModel(endpoint, endpoint.model(name) or Offered(name))

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` in this loop after each change; calling what comes back ends that."""
        self._listeners.append(listener)

        def forget() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return forget

    # --- adding, changing, removing -----------------------------------------------------------------

    async def test(self, address: str, key: str | None = "", *, endpoint: str = "") -> Outcome:
        """Ask for the list of models, and tell what is wrong where that does not work. Nothing is kept.

        `key` empty: without one; None: the one that is kept for `endpoint`, where the address is of the same computer.
        Never raises a problem of the connection: it is the outcome.
        """
        from mistral_desk.net.endpoints import looking  # noqa: PLC0415 - no start waits for it

        try:
            at = base(address)
            token = await self._kept(endpoint, at) if key is None else usable(key) if key.strip() else None
            kind, models = await looking.models(self.net, at, token)
        except DeskError as error:
            return Outcome(error.problem)
        return Outcome(None, kind, models)

    async def add(
        self,
        name: str,
        address: str,
        key: str = "",
        *,
        outcome: Outcome | None = None,
        chosen: Thinks | None = None,
        agreed: bool = False,
    ) -> Added:
        """Keep an endpoint, with what its test found. Raises `endpoint.address`, `endpoint.plain`, `endpoint.name`,
        `endpoint.exists`, `endpoint.too_many`, `endpoint.not_saved` and `secrets.value`; nothing is kept then.
        """
        at, called = base(address), _name(name.strip() or parsed(base(address), near=True).name)
        found = outcome or Outcome(None)
        looked = time.time() if outcome is not None and outcome.problem is None else 0.0
        async with self._changing:
            now = await self.look()
            self._free(called, now)
            if len(now) >= MOST:
                raise DeskError("endpoint.too_many", limit=MOST)
            made = Endpoint(
                made_id(called, frozenset(one.id for one in now)),
                *(called, at, found.kind, found.models, looked, chosen, agreed, time.time()),
            )
            unkept = await self._keep(made, key) if key.strip() else None
            made = msgspec.structs.replace(made, brief=unkept is not None)
            await self._write((*now, made))
        return Added(made, unkept)

    async def change(
        self,
        endpoint: str,
        *,
        name: str | None = None,
        address: str | None = None,
        chosen: Thinks | Keep | None = KEEP,
        key: str | None = None,
    ) -> Added:
        """Change what is given. At the address of another computer the key, the agreement and the list do not hold any
        more. Raises as `add`, and `endpoint.gone`.
        """
        async with self._changing:
            old, now = self._of(endpoint, await self.look())
            made = old
            if name is not None and _name(name) != old.name:
                self._free(_name(name), [one for one in now if one.id != endpoint])
                made = msgspec.structs.replace(made, name=_name(name))
            if address is not None and (at := base(address)) != old.address:
                made = msgspec.structs.replace(made, address=at, models=(), looked=0.0, kind="other")
                if computer(at) != computer(old.address):
                    made = msgspec.structs.replace(made, agreed=False, since=time.time(), brief=False)
                    await asyncio.to_thread(self._secrets().forget, key_name(old))
            if not isinstance(chosen, Keep):
                made = msgspec.structs.replace(made, chosen=chosen)
            unkept = await self._keep(made, key) if key is not None and key.strip() else None
            if key is not None:
                made = msgspec.structs.replace(made, brief=unkept is not None)
            if key is not None and not key.strip():
                await asyncio.to_thread(self._secrets().forget, key_name(made))
            await self._write(tuple(made if one.id == endpoint else one for one in now))
        return Added(made, unkept)

    async def refresh(self, endpoint: str) -> Outcome:
        """Ask a server for its models again, and keep the list. Raises `endpoint.gone` and `endpoint.not_saved`."""
        known, _ = self._of(endpoint, self._all)
        outcome = await self.test(known.address, None, endpoint=endpoint)
        if outcome.problem is None:
            found = {"kind": outcome.kind, "models": outcome.models, "looked": time.time()}
            await self._replace(endpoint, **found)
        return outcome

    async def agree(self, endpoint: str, *, yes: bool = True, at: str = "") -> None:
        """The person agrees that words go there (to the address `at`, where that is given), or not any more.

        Raises `endpoint.gone`, also where its address is another one by now, and `endpoint.not_saved`.
        """
        await self._replace(endpoint, at, agreed=yes)

    async def remove(self, endpoint: str) -> None:
        """Forget an endpoint and its key. Raises `endpoint.not_saved`."""
        async with self._changing:
            now = await self.look()
            for one in now:
                if one.id == endpoint:
                    await asyncio.to_thread(self._secrets().forget, key_name(one))
            await self._write(tuple(one for one in now if one.id != endpoint))

    def forget(self) -> None:
        """Forget all keys, while all data is deleted, the file too: `look` afterwards. It blocks."""
        for one in {*self._all, *store.read(self._file)}:
            self._secrets().forget(key_name(one))

    # --- keys ---------------------------------------------------------------------------------------

    async def key_of(self, endpoint: str) -> Where:
        """Where its key comes from; `none` where there is none."""
        known, _ = self._of(endpoint, self._all)
        return await asyncio.to_thread(self._secrets().where, key_name(known))

    def lost(self, endpoint: Endpoint) -> bool:
        """Whether its key was kept for an earlier run only. Nobody's keyring is opened for that."""
        return endpoint.brief and not self._secrets().known(key_name(endpoint))

    @staticmethod
    def given(address: str) -> str:
        """The environment's key for the computer of an address; empty where there is none."""
        return os.environ.get(variable(_kept_as("", address)), "").strip()

    async def key(self, endpoint: Endpoint) -> str | None:
        """The key, for who asks the server."""
        return await asyncio.to_thread(self._secrets().get, key_name(endpoint))

    async def _keep(self, endpoint: Endpoint, key: str) -> Problem | None:
        return await asyncio.to_thread(self._secrets().set, key_name(endpoint), key)

    async def _kept(self, endpoint: str, at: str) -> str | None:
        known = self.find(endpoint)
        return await self.key(known) if known is not None and computer(known.address) == computer(at) else None

    # --- inside -------------------------------------------------------------------------------------

    async def _replace(self, endpoint: str, at: str = "", /, **values: object) -> None:
        async with self._changing:
            old, now = self._of(endpoint, await self.look())
            if at and old.address != at:
                raise DeskError("endpoint.gone", name=old.name)
            made = msgspec.structs.replace(old, **values)
            await self._write(tuple(made if one.id == endpoint else one for one in now))

    async def _write(self, endpoints: tuple[Endpoint, ...]) -> None:
        await asyncio.to_thread(store.write, self._file, endpoints)
        self._took(endpoints)

    def _took(self, endpoints: tuple[Endpoint, ...]) -> None:
        if endpoints == self._all:
            return
        self._all = endpoints
        for listener in tuple(self._listeners):
            listener()

    @staticmethod
    def _of(endpoint: str, now: tuple[Endpoint, ...]) -> tuple[Endpoint, tuple[Endpoint, ...]]:
        found = next((one for one in now if one.id == endpoint), None)
        if found is None:
            raise DeskError("endpoint.gone", name=plain(endpoint, LONGEST_NAME))
        return found, now

    @staticmethod
    def _free(name: str, among: tuple[Endpoint, ...] | list[Endpoint]) -> None:
        if any(one.name.casefold() == name.casefold() for one in among):
            raise DeskError("endpoint.exists", name=name)


def key_name(endpoint: Endpoint) -> str:
    """What its key is called in the keyring. The computer is part of it: who changes the file gets no key elsewhere."""
    return _kept_as(endpoint.id, endpoint.address)


def _kept_as(endpoint: str, at: str) -> str:
    return f"{ENDPOINT} {endpoint} {computer(at)}"


def _name(name: str) -> str:
    called = plain(name, LONGEST_NAME + 1)
    if not called or called != " ".join(name.split()) or len(called) > LONGEST_NAME:
        raise DeskError("endpoint.name", limit=LONGEST_NAME)
    return called
