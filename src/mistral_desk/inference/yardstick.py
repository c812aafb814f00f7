"""The yardstick: llama.cpp with nothing around it, in a process of its own, so that what we put around it can be seen.

Here is the app's side: orders as lines of JSON to the child (`bare_child`), one line back for each.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Self

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.child import own_command, spawn
from mistral_desk.inference.packs.watched import Watched
from mistral_desk.inference.placement import Placement

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS: Final = 400
"""Letters of a child's last words that are shown."""


class Start(msgspec.Struct, frozen=True):
    """What the child loads: a model with a context in tokens, by a placement where there is one."""

    path: str
    context: int
    threads: int
    placement: Placement | None = None


class Order(msgspec.Struct, frozen=True):
    """Have `before` tokens in the memory (not timed), read the `read` tokens behind them, then write.

    The tokens are those of `text`, repeated where it is shorter. What is written are the tokens `answer`, because which
    experts a token needs decides its cost; or the `write` tokens that it samples itself.
    """

    text: str
    before: int
    read: int
    answer: tuple[int, ...] = ()
    write: int = 0


class Took(msgspec.Struct, frozen=True):
    """What an order took, in seconds: of the clock, and of the processors (`cpu`) by all of the child's threads."""

    read_s: float
    read_cpu_s: float
    write_s: float
    write_cpu_s: float
    problem: str = ""


class Yardstick:
    """The child with one model. It blocks: use it in a thread of its own; `kill` may come from any."""

    def __init__(self, start: Start, command: Sequence[str] | None = None) -> None:
        engine = Watched({}).begin()
        # No spins: as where nobody tells llama.cpp otherwise.
        self._process = spawn(command or own_command("--bare"), engine, spins={})
        self._start = start

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Returns when the model is loaded. Raises `bench.beside`."""
        try:
            self._ask(self._start)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def measure(self, order: Order) -> Took:
        """Carry out an order. Raises `bench.beside`."""
        return self._ask(order)

    def kill(self) -> None:
        """End it at once; whoever waits for it gets `bench.beside`."""
        self._process.kill()

    def _ask(self, what: Start | Order) -> Took:
        said = b""
        if self._process.stdin and self._process.stdout:
            with contextlib.suppress(OSError):
                self._process.stdin.write(msgspec.json.encode(what) + b"\n")
                self._process.stdin.flush()
                said = self._process.stdout.readline()
        try:
            took = msgspec.json.decode(said, type=Took)
        except msgspec.MsgspecError:
            raise DeskError("bench.beside", name="llama.cpp", reason=self._last_words()) from None
        if took.problem:
            raise DeskError("bench.beside", name="llama.cpp", reason=took.problem)
        return took

    def _last_words(self) -> str:
        self._process.kill()
        words = self._process.stderr.read() if self._process.stderr else b""
        status = self._process.wait()
        return words.decode("utf-8", "replace").strip()[-_WORDS:] or f"it ended with status {status}"
