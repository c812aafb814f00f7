"""`mistral-desk serve`: other programs ask the models on this computer, until Ctrl+C. It stores nothing of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.cli.output import write_json, write_problem, write_text
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import SERVER_PORT, Settings
from mistral_desk.core.words import tr
from mistral_desk.inference.fitting import Fitting, PlannedEngine
from mistral_desk.library.front import library_of
from mistral_desk.net.secrets import Secrets
from mistral_desk.server import keys
from mistral_desk.server.ground import Ground
from mistral_desk.server.serving import Serving, is_local

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


class Listening(msgspec.Struct, frozen=True, tag="listening"):
    """The server is up; `token` is null where none is wanted."""

    address: str
    token: str | None


def serve(arguments: argparse.Namespace) -> int:
    """Run the command; raises `DeskError`."""
    places = folders().ensure()
    settings, problems = Settings.open(places.settings)
    for problem in problems:
        write_problem(problem, as_json=False)
    token = None
    if not arguments.no_token:
        token, unkept = keys.token(Secrets())
        if unkept is not None:
            write_problem(Problem("server.token_not_kept", unkept.params), as_json=False)
    library = library_of(places, settings)

    async def run() -> None:
        engine = PlannedEngine(Fitting(places), learns=False)
        serving = Serving(Ground(settings, library, lambda: engine, asyncio.Lock()))
        try:
            with _until_told() as told:
                serving.fell = told.set
                port = settings.get(SERVER_PORT) if arguments.port is None else arguments.port
                address = await serving.start(port, token, arguments.host)
                _say(address, token, arguments.host, as_json=arguments.json)
                await told.wait()
                if not serving.address:
                    raise DeskError("server.ended")
        finally:
            await serving.stop()
            await engine.close()

    asyncio.run(run())
    return 0


def _say(address: str, token: str | None, host: str, *, as_json: bool) -> None:
    """The address and the token on stdout, so that a script can read them; the rest on stderr."""
    if as_json:
        write_json(Listening(address, token))
        return
    write_text(f"{tr('Address: {address}', address=address)}\n", sys.stdout)
    if token is not None:
        write_text(f"{tr('Token: {token}', token=token)}\n", sys.stdout)
    sys.stdout.flush()
    if not is_local(host):
        warning = tr("Other computers can connect. What they send and get is not encrypted.")
        write_text(f"{warning}\n", sys.stderr)
    write_text(f"{tr('Programs can ask now. Ctrl+C ends it.')}\n", sys.stderr)


@contextlib.contextmanager
def _until_told() -> Iterator[asyncio.Event]:
    """An event that Ctrl+C sets, and the system when it asks the program to end."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(told.set)

    before = {name: signal.signal(name, tell) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
