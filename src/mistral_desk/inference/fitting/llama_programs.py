"""llama.cpp's own programs, run with the same file, threads and division as a model that we loaded.

`llama-bench` says what decoding alone takes; `llama-server` is what many people run instead of an app.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.child import spawn
from mistral_desk.inference.fitting.lengths import SAMPLING, text
from mistral_desk.net.neighbour import HOST, Neighbour

if TYPE_CHECKING:
    from mistral_desk.inference.fitting.lengths import AtLength
    from mistral_desk.inference.protocol import ModelInfo

_LETTERS: Final = 300
_SENTENCES: Final = 400
_LOOK_AGAIN_S: Final = 0.1
_ODD: Final = (ValueError, KeyError, TypeError, ZeroDivisionError, RecursionError)
"""What looking into an answer of another form may raise."""


class _Child:
    """A program that runs, its output read so that it never waits for us."""

    def __init__(self, name: str, command: list[str]) -> None:
        self._name = name
        try:
            self.process = spawn(command, spins={})
        except OSError as error:
            raise DeskError("bench.beside", name=name, reason=error.strerror or str(error)) from error
        self._said: dict[str, bytes] = {}
        pipes = {"out": self.process.stdout, "err": self.process.stderr}
        self._readers = [threading.Thread(target=self._read, args=pipe, daemon=True) for pipe in pipes.items()]
        for reader in self._readers:
            reader.start()
        if self.process.stdin:
            self.process.stdin.close()

    def _read(self, name: str, pipe: Any) -> None:
        with pipe:
            self._said[name] = pipe.read()

    def output(self) -> bytes:
        """What it said, when it has ended. Raises `bench.beside` where it failed."""
        status = self.process.wait()
        for reader in self._readers:
            reader.join()
        if status:
            raise self.failed(f"it ended with status {status}")
        return self._said.get("out", b"")

    def failed(self, reason: str) -> DeskError:
        """The problem, with its last words where it has ended."""
        words = b""
        if self.process.poll() is not None:
            for reader in self._readers:
                reader.join(1.0)
            words = self._said.get("err", b"").strip()
        said = words.decode("utf-8", "replace")[-_LETTERS:].strip()
        return DeskError("bench.beside", name=self._name, reason=f"{reason}: {said}" if said else reason)

    def end(self) -> None:
        """End it at once."""
        with contextlib.suppress(OSError):
            self.process.kill()


class _Beside:
    """Another program as a child, which ends when it is not wanted any more."""

    _child: _Child | None = None
    _over = False

    def kill(self) -> None:
        """As `beside.Program.kill`."""
        self._over = True
        if self._child:
            self._child.end()

    def close(self) -> None:
        """As `beside.Program.close`."""
        self.kill()
        if self._child:
            self._child.process.wait()


class LlamaBench(_Beside):
    """`llama-bench`: one run for reading and one for writing at each length, behind just as many tokens (`-d`)."""

    name = "llama-bench"
    reads = 2.0
    """Each of the two runs reads all that is before it anew."""

    def __init__(self, path: str, info: ModelInfo) -> None:
        self._command = [path, *_common(info, "/"), "-r", "1", "-o", "json"]

    def measure(self, at: AtLength) -> tuple[float | None, float | None]:
        """As `beside.Program.measure`."""
        read = self._run("-p", str(at.context - at.before), "-n", "0", "-d", str(at.before))
        return read, self._run("-p", "0", "-n", str(at.written), "-d", str(at.context)) if at.written else None

    def _run(self, *words: str) -> float:
        child = self._child = _Child(self.name, [*self._command, *words])
        if self._over:  # it was not wanted any more, just now
            child.end()
        try:
            (row,) = json.loads(child.output())
            return float(row["avg_ts"])
        except _ODD as error:
            raise DeskError("bench.beside", name=self.name, reason="its output is of another form") from error


class LlamaServer(_Beside):
    """`llama-server` on this computer's own address, asked for the tokens at each length."""

    name = "llama-server"
    reads = 1.0

    def __init__(self, path: str, info: ModelInfo) -> None:
        self._neighbour = Neighbour()
        context = ["-c", str(info.context), "-np", "1", "--host", HOST, "--port", str(self._neighbour.port)]
        self._command = [path, *_common(info, ","), *context]
        self._tokens: list[int] = []

    def measure(self, at: AtLength) -> tuple[float | None, float | None]:
        """As `beside.Program.measure`."""
        child = self._child or self._started()
        try:
            if not self._tokens:
                said = self._ask("/tokenize", {"content": text(_SENTENCES)})["tokens"]
                self._tokens = [int(token) for token in said]
            tokens = (self._tokens * (at.context // len(self._tokens) + 1))[: at.context]
            if at.before:
                self._ask("/completion", self._order(tokens[: at.before], 0))
            took = self._ask("/completion", self._order(tokens, max(at.written, 1)))["timings"]
            return float(took["prompt_per_second"]), float(took["predicted_per_second"])
        except OSError as error:
            raise child.failed(str(error)) from error
        except _ODD as error:
            raise child.failed("its answer is of another form") from error

    def _started(self) -> _Child:
        child = self._child = _Child(self.name, self._command)
        if self._over:
            child.end()
        while True:
            try:
                self._neighbour.ask("/health")
            except OSError as error:
                if child.process.poll() is not None:
                    raise child.failed("it did not start") from error
            else:
                return child
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(_LOOK_AGAIN_S)

    @staticmethod
    def _order(tokens: list[int], write: int) -> dict[str, Any]:
        chosen = {"temperature": SAMPLING.temperature, "top_k": SAMPLING.top_k, "top_p": SAMPLING.top_p, "min_p": 0}
        return {"prompt": tokens, "n_predict": write, "cache_prompt": True, "ignore_eos": True, "seed": 1, **chosen}

    def _ask(self, path: str, order: dict[str, Any]) -> Any:
        return json.loads(self._neighbour.ask(path, json.dumps(order).encode()))

    def kill(self) -> None:
        """As `beside.Program.kill`."""
        self._over = True
        self._neighbour.cut()
        super().kill()


def _common(info: ModelInfo, between: str) -> list[str]:
    """What both programs are told alike: the model as we had it. `between` stands between the names of devices."""
    placement = info.placement
    batch = placement.batch if placement else 512
    words = ["-m", info.path, "-t", str(info.threads), "-b", str(max(batch, 512)), "-ub", str(batch)]
    if placement is None:
        return words
    words += ["-ngl", str(placement.gpu_layers), "-dev", between.join(placement.devices) or "none"]
    if placement.kv != "f16":
        words += ["-fa", "on", "-ctk", placement.kv, "-ctv", placement.kv]
    if len(placement.devices) > 1:
        words += ["-ts", between.join(f"{part:g}" for part in placement.tensor_split)]
    if placement.overrides:
        pairs = (f"{pattern}={buffer}" for pattern, buffer in placement.overrides)
        words += ["-ot", (";" if between == "/" else ",").join(pairs)]
    if placement.load_mode != "mmap":
        words += ["-lm", placement.load_mode]
    return words
