"""A hub and its CDN for measuring: one file of any size, handed over by the kernel, so that the server costs little.

Started with the size in bytes; prints `{"hub", "cdn", "sha256"}` and serves until stdin ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import sys
import tempfile
import threading
from typing import Final

_BLOCK: Final = 16 << 20
"""The file repeats one random block, which lies in a temporary file."""
_RANGE: Final = re.compile(rb"range: bytes=(\d+)-(\d+)", re.IGNORECASE)


def main() -> None:
    """Serve until stdin ends."""
    size = int(sys.argv[1])
    block = os.urandom(_BLOCK)
    sha256 = hashlib.sha256()
    for at in range(0, size, _BLOCK):
        sha256.update(block[: min(_BLOCK, size - at)])
    with tempfile.TemporaryFile() as source:
        source.write(block)
        source.flush()
        cdn = _listen("127.0.0.2")
        hub = _listen("127.0.0.1")
        there = "http://{}:{}".format(*cdn.getsockname())
        stated = f'X-Linked-Etag: "{sha256.hexdigest()}"\r\nX-Linked-Size: {size}\r\n'
        lead = f"HTTP/1.1 302 Found\r\nLocation: {there}/file\r\n{stated}Content-Length: 0\r\n\r\n".encode()
        for server, answer in ((hub, lead), (cdn, b"")):
            threading.Thread(target=_accept, args=(server, answer, source.fileno(), size), daemon=True).start()
        here = "http://{}:{}".format(*hub.getsockname())
        print(json.dumps({"hub": here, "cdn": f"{there}/file", "sha256": sha256.hexdigest()}), flush=True)
        sys.stdin.read()


def _listen(host: str) -> socket.socket:
    try:
        return socket.create_server((host, 0), backlog=64)
    except OSError:  # systems that have one loopback address
        return socket.create_server(("127.0.0.1", 0), backlog=64)


def _accept(server: socket.socket, answer: bytes, source: int, size: int) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=_serve, args=(connection, answer, source, size), daemon=True).start()


def _serve(connection: socket.socket, answer: bytes, source: int, size: int) -> None:
    held = b""
    with connection:
        try:
            while True:
                while b"\r\n\r\n" not in held:
                    more = connection.recv(65536)
                    if not more:
                        return
                    held += more
                head, _, held = held.partition(b"\r\n\r\n")
                if answer:
                    connection.sendall(answer)
                else:
                    _send(connection, head, source, size)
        except OSError:
            return


def _send(connection: socket.socket, head: bytes, source: int, size: int) -> None:
    match = _RANGE.search(head)
    start, end = (int(match[1]), min(size, int(match[2]) + 1)) if match else (0, size)
    first = (
        f"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{end - 1}/{size}\r\n"
        if match
        else "HTTP/1.1 200 OK\r\n"
    )
    connection.sendall(f'{first}ETag: "one"\r\nContent-Length: {end - start}\r\n\r\n'.encode())
    while start < end:
        inside = start % _BLOCK
        start += os.sendfile(connection.fileno(), source, inside, min(_BLOCK - inside, end - start))


if __name__ == "__main__":
    main()
