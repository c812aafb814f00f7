"""`mistral-desk endpoint`: servers elsewhere that answer in the OpenAI protocol. A key is never an argument."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.cli.output import write_json, write_problem, write_text
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Net
from mistral_desk.net.endpoints import store
from mistral_desk.net.endpoints.front import Endpoints, key_name
from mistral_desk.net.endpoints.record import PREFIX, Endpoint, base
from mistral_desk.net.ledger import FILE as CONNECTIONS
from mistral_desk.net.ledger import Ledger
from mistral_desk.net.secrets import Secrets, Where, variable

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from mistral_desk.net.endpoints.front import Outcome

_KEYS: Final[dict[Where, str]] = {
    "keyring": mark("its key is in the keyring"),
    "environment": mark("its key is in the environment"),
    "session": mark("its key is kept for this run only"),
    "none": mark("no key"),
}
_THINKS: Final = {
    "effort": mark("takes --think as reasoning_effort"),
    "template": mark("takes --think as keywords of the model's template"),
    "none": mark("does not take --think"),
}
_SHOWN: Final = 10


class Row(msgspec.Struct, frozen=True, tag="endpoint"):
    """An endpoint as JSON; `key` is where its key is, and never the key."""

    id: str
    name: str
    address: str
    host: str
    reach: str
    encrypted: bool
    server: str
    thinks: str
    key: Where
    models: tuple[str, ...]


def endpoint(arguments: argparse.Namespace) -> int:
    """Run the command; raises `DeskError`."""
    commands = {"add": _add, "list": _list, "test": _test, "remove": _remove}
    return asyncio.run(commands[arguments.what](arguments))


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Endpoints]:
    """The person's endpoints, with a client that is closed in the end."""
    places = folders().ensure()
    settings, problems = Settings.open(places.settings)
    for problem in problems:
        write_problem(problem, as_json=False)
    net, vault = Net(settings, Ledger(places.data / CONNECTIONS)), Secrets()
    endpoints = Endpoints(net, lambda: vault, places.config / store.FILE)
    await endpoints.look()
    try:
        yield endpoints
    finally:
        await net.close()


async def _add(arguments: argparse.Namespace) -> int:
    async with opened() as endpoints:
        at = base(arguments.address)
        name = arguments.name or address(at, near=True).name
        if endpoints.named(name) is not None:
            raise DeskError("endpoint.exists", name=name)
        key = await asyncio.to_thread(_key, address(at, near=True).name) if arguments.key else ""
        outcome = None if arguments.no_test else await endpoints.test(at, key or endpoints.given(at))
        if outcome is not None and outcome.problem is not None:
            raise DeskError.of(outcome.problem)
        added = await endpoints.add(name, at, key, outcome=outcome, chosen=arguments.think)
        if added.key is not None:
            write_problem(added.key, as_json=False)
            words = tr("Or put it into the environment: {name}", name=variable(key_name(added.endpoint)))
            write_text(f"{words}\n", sys.stderr)
        await _say(endpoints, added.endpoint, as_json=arguments.json)
        if not arguments.json:
            first = added.endpoint.models[0].name if added.endpoint.models else tr("MODEL")
            whole = "" if added.endpoint.models else PREFIX  # a short name counts only where it is in the list
            example = f'mistral-desk ask --model "{whole}{added.endpoint.id}/{first}" "…"'
            write_text(f"{tr('Ask it: {example}', example=example)}\n", sys.stderr)
            if added.endpoint.reach != "here":
                host = added.endpoint.host
                write_text(f"{tr('What you ask it leaves this computer and goes to {host}.', host=host)}\n", sys.stderr)
    return 0


async def _list(arguments: argparse.Namespace) -> int:
    async with opened() as endpoints:
        for one in endpoints.all:
            await _say(endpoints, one, as_json=arguments.json)
        if not endpoints.all and not arguments.json:
            write_text(f"{tr('There is no endpoint. “mistral-desk endpoint add ADDRESS” adds one.')}\n", sys.stderr)
    return 0


async def _test(arguments: argparse.Namespace) -> int:
    async with opened() as endpoints:
        outcome: Outcome = await endpoints.refresh(_named(endpoints, arguments.name).id)
        if outcome.problem is not None:
            raise DeskError.of(outcome.problem)
        await _say(endpoints, _named(endpoints, arguments.name), as_json=arguments.json)
    return 0


async def _remove(arguments: argparse.Namespace) -> int:
    async with opened() as endpoints:
        one = _named(endpoints, arguments.name)
        await endpoints.remove(one.id)
        if not arguments.json:
            write_text(f"{tr('Removed: {name}, with its key', name=one.name)}\n", sys.stdout)
    return 0


def _named(endpoints: Endpoints, words: str) -> Endpoint:
    found = endpoints.named(words)
    if found is None:
        raise DeskError("endpoint.unknown", name=words[:80])
    return found


async def _say(endpoints: Endpoints, one: Endpoint, *, as_json: bool) -> None:
    key = await endpoints.key_of(one.id)
    names = tuple(model.name for model in one.models)
    if as_json:
        row = Row(one.id, one.name, one.address, one.host, one.reach, one.encrypted, one.kind, one.thinks, key, names)
        write_json(row)
        return
    lines = [
        f"{one.id}  {one.address}",
        "  " + "; ".join((tr(_KEYS[key]), tr(_THINKS[one.thinks]))),
        *(f"  {one.id}/{name}" for name in names[:_SHOWN]),
    ]
    if len(names) > _SHOWN:
        lines.append("  " + trn("and {n} more", "and {n} more", len(names) - _SHOWN))
    write_text("\n".join(lines) + "\n", sys.stdout)


def _key(host: str) -> str:
    """The key from the terminal, unseen, or the first line of stdin where that is none."""
    if sys.stdin.isatty():
        return getpass.getpass(tr("Key for {host} (it is not shown): ", host=host))
    return sys.stdin.readline().strip()
