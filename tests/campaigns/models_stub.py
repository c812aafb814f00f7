"""Stands where the program started a worker: hands its pipes to whoever forks one, and ends as that worker ended.

Run by its path, with nothing of Python that costs time: `python -I -S … NAME`.
"""

import _socket  # `socket` itself takes longer to import than all the rest of this process
import os
import resource
import signal
import sys

asked = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
asked.connect(f"\0{sys.argv[1]}")
pipes = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
asked.sendmsg([b"w"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, pipes)])
told = asked.recv(4)
status = os.waitstatus_to_exitcode(int.from_bytes(told, "little")) if told else 1
if status < 0:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(max(0, status))
