"""The process from which workers are forked (`models_forked`): it has imported what a worker imports, and done no more.

Started with the number of a listening socket; it ends when its stdin does.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys

from mistral_desk.inference import worker
from mistral_desk.inference.engine import load, native
from tests.campaigns.models_forked import READY

IMPORTED = (load, native)
"""What a worker imports when it has to load."""
_PIPES = 3
_MOST_FILES = 256


def main(listening: socket.socket) -> None:
    """Fork a worker for each stand-in, tell it how the worker ended, and end a worker whose stand-in is gone."""
    ready = selectors.DefaultSelector()
    ready.register(0, selectors.EVENT_READ)
    ready.register(listening, selectors.EVENT_READ)
    there: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for key, _ in ready.select():
            if key.fd == 0:
                for pid, _ in there.values():
                    os.kill(pid, signal.SIGKILL)
                return
            if key.fileobj is listening:
                connection, _ = listening.accept()
                pid = _forked(connection)
                ended = os.pidfd_open(pid)
                there[ended] = pid, connection
                ready.register(ended, selectors.EVENT_READ)
                ready.register(connection, selectors.EVENT_READ, pid)
            elif key.data is None:
                ready.unregister(key.fd)
                _tell(*there.pop(key.fd), ready)
                os.close(key.fd)
            elif key.data in {pid for pid, _ in there.values()}:  # a stand-in says nothing, so it is gone
                ready.unregister(key.fileobj)
                os.kill(key.data, signal.SIGKILL)


def _tell(pid: int, connection: socket.socket, ready: selectors.BaseSelector) -> None:
    """The worker ended."""
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(KeyError):
        ready.unregister(connection)
    with contextlib.suppress(OSError):
        connection.sendall(status.to_bytes(4, "little"))
    connection.close()


def _forked(connection: socket.socket) -> int:
    """Its process id. In the new process this never returns."""
    _, pipes, _, _ = socket.recv_fds(connection, 1, _PIPES)
    if pid := os.fork():
        for pipe in pipes:
            os.close(pipe)
        return pid
    status = 1
    try:
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
        os.closerange(_PIPES, _MOST_FILES)
        sys.argv = ["mistral_desk", "--worker"]
        status = worker.main()
    finally:
        os._exit(status)


if __name__ == "__main__":
    gc.collect()
    gc.freeze()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    main(socket.socket(fileno=int(sys.argv[1])))
