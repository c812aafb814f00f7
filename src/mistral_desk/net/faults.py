"""What can go wrong with a connection, from the library's exceptions and the server's statuses to our own errors.

The words of libraries go into the detail, for the log; people get one of a few reasons.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import math
import socket
import ssl
import time
from typing import Final

from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

NO_NAME: Final = mark("its name is not known to the network")
NO_ANSWER: Final = mark("nothing answers there")
REFUSED: Final = mark("it does not accept connections")
BROKEN: Final = mark("the network broke the connection off")
PROXY: Final = mark("the proxy of this computer does not work")
CERTIFICATE: Final = mark("its certificate is not accepted")
NO_TLS: Final = mark("it does not speak an encryption that is known here")
PACKED: Final = mark("it is packed in a way that was not asked for")
BAD_PACK: Final = mark("it does not unpack")
NOT_HTTP: Final = mark("it does not speak HTTP")
_LONGEST_PAUSE_S: Final = 3600


def of(error: Exception, host: str, received: int, seconds: float) -> DeskError | None:
    """Our error for one of the library's (or of the system's); None for anything else, which is a bug."""
    import httpx2  # noqa: PLC0415 - whoever has such an error has loaded it already

    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, httpx2.ConnectTimeout):
        return DeskError("net.unreachable", detail, host=host, reason=NO_ANSWER)
    if isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        return DeskError("net.timeout", detail, host=host, seconds=seconds)
    if isinstance(error, httpx2.ProxyError):
        return DeskError("net.unreachable", detail, host=host, reason=PROXY)
    if (fault := _cause(error, ssl.SSLError)) is not None:
        reason = CERTIFICATE if isinstance(fault, ssl.SSLCertVerificationError) else NO_TLS
        return DeskError("net.tls", detail, host=host, reason=reason)
    if isinstance(error, httpx2.ConnectError):
        if _cause(error, socket.gaierror):
            reason = NO_NAME
        else:
            reason = REFUSED if _cause(error, ConnectionRefusedError) else NO_ANSWER
        return DeskError("net.unreachable", detail, host=host, reason=reason)
    if isinstance(error, httpx2.RemoteProtocolError) and "without sending" not in detail:
        # Behind the second colon stands what the server sent, which may be the words of a chat, or a key.
        return DeskError("net.garbled", ": ".join(detail.split(": ")[:2]), host=host, reason=NOT_HTTP)
    if isinstance(error, (httpx2.NetworkError, httpx2.RemoteProtocolError)):
        if received == 0 and "response" in detail:
            return DeskError("net.unreachable", detail, host=host, reason=BROKEN)
        return DeskError("net.cut", detail, host=host, received=received)
    if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL, OSError)):
        return DeskError("net.unreachable", detail, host=host, reason=BROKEN)
    return None


def of_status(host: str, status: int, retry_after: str = "") -> DeskError:
    """The error for a status that was not wanted; `retry_after` is the header of that name."""
    pause = pause_s(retry_after)
    if status == 429 or (status == 503 and pause):
        return DeskError("net.too_many", host=host, seconds=pause or 60)
    if status in {401, 403, 407}:
        return DeskError("net.not_permitted", host=host, status=status)
    if status in {404, 410}:
        return DeskError("net.not_found", host=host, status=status)
    return DeskError("net.status", host=host, status=status)


def pause_s(retry_after: str) -> int:
    """Seconds to wait as a `Retry-After` header says (a number or a date), at most an hour; 0 where it says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _LONGEST_PAUSE_S)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:  # HTTP's third way to write a date names no zone, and means this one
            moment = moment.replace(tzinfo=dt.UTC)
        pause = math.ceil(moment.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, OSError):
        return 0
    return min(max(0, pause), _LONGEST_PAUSE_S)


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first of this kind among an error's causes."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        if isinstance(at, kind):
            return at
        if isinstance(at, BaseExceptionGroup):
            for inner in at.exceptions:
                if (found := _cause(inner, kind)) is not None:
                    return found
        seen.add(id(at))
        at = at.__cause__ or at.__context__
    return None
