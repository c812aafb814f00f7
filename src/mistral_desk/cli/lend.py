"""`mistral-desk --rpc-worker --bind ADDRESS`: lends this computer's memory to another one until Ctrl+C."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Final

from mistral_desk.cli import argparse_words
from mistral_desk.cli.output import use_utf8, write_problem, write_text
from mistral_desk.core import amounts, words
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import LANGUAGE, glance
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.inference.rpc import supervising
from mistral_desk.net.rpc import address, probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.inference.rpc.lending import Locked, Order
    from mistral_desk.inference.rpc.supervising import Event

_EVENTS: Final[dict[Event, str]] = {
    "taken": mark("Another computer uses it now."),
    "free": mark("It is free again."),
    "again": mark("The connection ended the lending process. Another one has taken its place."),
}
_NAME: Final = "mistral-desk --rpc-worker"
WARNING: Final = mark(
    "Experimental. The connection is neither encrypted nor protected by a password: whoever can reach this address can "
    "use what is lent and read what is computed here. Use it only in a network that is yours."
)


def main(arguments: Sequence[str]) -> int:
    """Run it; 0 after Ctrl+C, 1 (failed), 2 (wrong use)."""
    words.use(words.preferred(glance(folders().settings, LANGUAGE)))
    argparse_words.speak()
    use_utf8()
    try:
        given = _parser().parse_args(list(arguments))
    except SystemExit as end:  # argparse has said what there was to say
        return end.code if isinstance(end.code, int) else 2
    try:
        return _lend(given)
    except DeskError as error:
        write_problem(error.problem, as_json=False)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(_NAME, description=tr(WARNING), allow_abbrev=False)
    parser.add_argument(
        "--bind", required=True, metavar="ADDRESS", help=tr("an address of this computer in your own network")
    )
    parser.add_argument("--mem", type=float, metavar="GB", help=tr("how much memory to lend (half of what is free)"))
    parser.add_argument("--threads", type=int, metavar="N", help=tr("how many threads compute (one for each core)"))
    return parser


def _lend(given: argparse.Namespace) -> int:
    at = address.parsed(given.bind)
    numeric = address.numeric(at)
    what = supervising.order(numeric, given.mem, given.threads)
    running = supervising.Helper(what, lambda event: _write(tr(_EVENTS[event])))

    def end(_number: int, _frame: object) -> None:
        running.end()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    try:
        locked = running.start()
        probe.until_there(numeric)
        _say(what, locked)
        running.run()
    finally:
        running.close()
    _write(tr("Nothing is lent any more."))
    return 0


def _say(what: Order, locked: Locked) -> None:
    write_text(f"{tr(WARNING)}\n", sys.stderr)
    _write(
        tr(
            "Lent at {address}: {size} of memory and {threads}.",
            address=f"{what.host}:{what.port}",
            size=amounts.file_size(what.memory),
            threads=trn("{n} thread", "{n} threads", what.threads),
        )
    )
    if not locked.bounded and sys.platform != "win32":
        _write(tr("This system does not keep the bound on memory: a client could take more."))
    _write(tr("Kept in by: {locks}", locks=", ".join(locked.by) or tr("nothing")))
    _write(tr("Add this address in Settings, Hardware, on the other computer. Ctrl+C ends it."))


def _write(text: str) -> None:
    write_text(f"{text}\n", sys.stdout)
