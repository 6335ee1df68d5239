"""Access: who may ask, from where, how often, with how much and with whose consent."""

import asyncio
import hmac
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from gioconda.live.errors import RefusalError
from gioconda.live.limits import CONNECTIONS, Limits
from gioconda.live.seats import THIS_MACHINE, counted, share
from gioconda.provenance import log_output

_LOG: Final = logging.getLogger(__name__)
LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_OPEN: Final = ("/", "/about")  # without a key, as are the page's files
_CLIENTS: Final = 10_000  # whose pace is remembered
_SLOWEST: Final = 2**12  # bytes a second of an upload, beyond what may stand still
_BLANK: Final = "\u115f\u1160\u3164\uffa0"  # letters of Unicode that nobody sees
_SAFE: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def key_name(keys: Mapping[str, str], key: str | None) -> str:
    """Whose key it is. Raises RefusalError for a wrong one.

    Args:
        keys: name of each and the key; where none is demanded, everybody is "local".
        key: what a client gave.
    """
    if not keys:
        return "local"
    given = (key or "").encode(errors="replace")  # JSON may hold what UTF-8 cannot
    # all are compared, so that time tells nothing
    found = [n for n, known in keys.items() if hmac.compare_digest(given, known.encode())]
    if not found:
        message = (
            "this server wants a key, as Authorization: Bearer KEY or ?key=KEY;"
            " the one given is missing or wrong"
        )
        raise RefusalError(401, "key", message)
    return found[-1]


def given_key(scope: Scope) -> str | None:
    """The key in a request's header or query."""
    kind, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return key.strip()
    query: bytes = scope.get("query_string", b"")
    return next(iter(parse_qs(query.decode("latin-1")).get("key", [])), None)


def client_address(scope: Scope) -> str:
    """Where a client asks from: THIS_MACHINE, an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ip_address((scope.get("client") or ("",))[0])
    except ValueError:  # a UNIX socket, a test
        return "unknown"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None and not address.is_loopback:
            return str(ip_network((address, 64), strict=False))
        address = mapped or address
    return THIS_MACHINE if address.is_loopback else str(address)


class Pace:
    """How often each client may ask: so many requests a minute, at once or spread."""

    def __init__(self, a_minute: int) -> None:
        self._most = a_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, client: str) -> float:
        """One request; seconds to wait if it is one too many, else 0."""
        now = time.monotonic()
        left, since = self._left.pop(client, (float(self._most), now))
        left = min(left + (now - since) * self._most / 60, self._most)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / self._most
        self._left[client] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return wait


def check_consent(consent: str | None, required: bool) -> None:
    """Raise RefusalError if a statement of consent is missing: at least three letters are one."""
    letters = sum(each.isalnum() and each not in _BLANK for each in consent or "")
    if required and letters < 3:
        message = "this server wants a statement of consent: who allowed what?"
        raise RefusalError(403, "consent", message)


def check_badge(badge: bool, required: bool) -> None:
    """Raise RefusalError if the badge is declined where it must be shown."""
    if required and not badge:
        raise RefusalError(403, "badge", "this server shows the badge in everything that it makes")


def record_output(
    audit: Path | None, mark: int, portrait: str, client: str, consent: str | None
) -> None:
    """Write an output into the audit log, if there is one. Raises RefusalError if it fails."""
    if audit is None:
        return
    try:
        log_output(audit, mark, portrait, client, consent)
    except OSError as error:
        _LOG.error("the audit log cannot be written: %s", error)
        message = "the server cannot write its audit log; nothing was made"
        raise RefusalError(500, "internal", message) from error


class Gate:
    """ASGI middleware: lets a request through, or answers why not.

    Pages of other web sites may call a server on the user's own machine through the user's
    browser: a request that names another origin is refused, and without a key also one that
    names another host than this machine's (DNS rebinding).

    Args:
        app: what is behind.
        keys, limits: who, and how much.
        hosts: names that this machine goes by where no key is demanded; empty allows all.
        origins: of other sites whose pages may use it; "*" for all.
        answers: counts the answers, by their status.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Mapping[str, str],
        limits: Limits,
        hosts: Sequence[str],
        origins: Sequence[str],
        answers: Counter[int],
    ) -> None:
        self._app, self._keys, self._limits, self._hosts = app, keys, limits, hosts
        self._origins, self._answers = origins, answers
        self._pace = Pace(limits.requests)
        self._held: Counter[str] = Counter()  # requests and sockets open at once, by address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or refuse."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        address = client_address(scope)
        with counted(self._held, address):
            await self._let_in(scope, receive, send, address)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        if scope["type"] == "http":
            scope, send = _answered(scope, send, self._answers)
        try:
            self._check_share(address)
            if scope["type"] == "websocket":
                self._check_origin(scope)
                self._check_pace(scope)
            else:
                receive = self._admitted(scope, receive)
        except RefusalError as error:
            if scope["type"] == "http":
                return await error.response()(scope, receive, send)
            await WebSocket(scope, receive, send).send_denial_response(error.response())
            # uvicorn logs an error if this returns before it has hung up
            return await asyncio.sleep(0)
        await self._app(scope, receive, send)

    def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """The body of a request. Raises RefusalError if it may not come in."""
        self._check_origin(scope)
        if scope["method"] not in ("GET", "HEAD"):
            self._check_pace(scope)
        if scope["path"] not in _OPEN and not scope["path"].startswith("/page/"):
            self._check_key(scope)
        limits = self._limits
        sizes = {"/portraits": limits.picture_bytes, "/jobs": limits.voice_bytes}
        most = sizes.get(scope["path"].rstrip("/"), 0) + limits.body_bytes
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length) > most:
            raise _too_large(most, limits)
        return _LimitedBody(receive, most, limits)

    def _check_origin(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        name = _part("hostname", f"//{host}")
        if not self._keys and self._hosts and name not in self._hosts:
            raise RefusalError(403, "origin", "this server answers on its own machine only")
        if origin is None or "*" in self._origins or origin.lower() in self._origins:
            return
        if _part("netloc", origin) != host.lower():
            raise RefusalError(403, "origin", "pages of other sites may not use this server")

    def _check_key(self, scope: Scope) -> None:
        try:
            scope["client_name"] = key_name(self._keys, given_key(scope))
        except RefusalError:
            self._check_pace(scope)  # who guesses has to wait
            raise

    def _check_share(self, address: str) -> None:
        """What holds a connection for long (events, sockets, uploads) keeps nobody else out."""
        if self._held[address] > share(CONNECTIONS, address):
            message = "your address holds half of this server's connections; end one first"
            raise RefusalError(429, "too-many-requests", message, retry_after=10)

    def _check_pace(self, scope: Scope) -> None:
        wait = self._pace.spend(client_address(scope))
        if wait:
            message = "too many requests; wait a little"
            raise RefusalError(429, "too-many-requests", message, retry_after=int(wait) + 1)


def _answered(scope: Scope, send: Send, answers: Counter[int]) -> tuple[Scope, Send]:
    """A request whose answers are counted and all have the headers that keep browsers safe.

    HEAD is answered as GET, up to the body.
    """
    bodiless, ended = scope["method"] == "HEAD", False

    async def guarded(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            answers[message["status"]] += 1
            headers = MutableHeaders(scope=message)
            for name, value in _SAFE.items():
                headers.setdefault(name, value)
        elif bodiless:
            message = {"type": "http.response.body"}
        if not ended:
            await send(message)
        ended = bodiless and message["type"] == "http.response.body"

    return ({**scope, "method": "GET"} if bodiless else scope), guarded


class _LimitedBody:
    """A request's body, as long as it is neither too long nor too slow."""

    def __init__(self, receive: Receive, most: int, limits: Limits) -> None:
        self._receive, self._most, self._limits = receive, most, limits
        self._size, self._whole = 0, False
        self._begun = time.monotonic()

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        stall = self._limits.stall_seconds
        left = self._begun + stall + self._size / _SLOWEST - time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), min(stall, left))
        except TimeoutError:
            slow = RefusalError(408, "too-slow", "the upload stands still, or nearly")
            raise HTTPException(408, slow.body()) from None
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise HTTPException(413, _too_large(self._most, self._limits).body())
        self._whole = not message.get("more_body", False)
        return message


def _too_large(most: int, limits: Limits) -> RefusalError:
    size = most - limits.body_bytes or most  # of a file, not of the fields that come with it
    return RefusalError(413, "too-large", f"more than {size / 2**20:.3g} MiB were sent")


def _part(name: Literal["hostname", "netloc"], url: str) -> str | None:
    """A part of an address in lower case; None if it is no address."""
    try:
        part: str | None = getattr(urlsplit(url), name)
    except ValueError:
        return None
    return part and part.lower()
