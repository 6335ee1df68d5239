"""gioconda serve: portraits speak live, in the browser and for programs."""

import argparse
import logging
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gioconda.cli import needs
from gioconda.cli.options import Subparsers, adder, positive
from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    from gioconda.live.messages import IceServer
    from gioconda.live.server import Settings

_LOCAL = ("127.0.0.1", "localhost", "::1")
_KEYS, _ICE = "GIOCONDA_KEYS", "GIOCONDA_ICE_SERVERS"


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("serve", help="let portraits speak live, in the browser")
    add, few = adder(parser), partial(positive, most=10_000)
    add("--host NAME", str, "address to listen on (default: this machine only)", default=_LOCAL[0])
    add("--port N", partial(positive, most=65535), "port to listen on (default 7860)", default=7860)
    key = "require this key; may be repeated. The name goes into the audit log"
    add("--key [NAME=]KEY", str, key, action="append", default=[])
    add("--key-file FILE", Path, f"keys, one per line; or set {_KEYS} in the environment")
    add("--sessions N", few, "how many viewers at once (default: what the cores allow)")
    add("--sessions-each N", few, "how many of them one address may hold (default: half)")
    add("--minutes N", few, "longest session, in minutes (default 60)", default=60)
    add("--ray N", few, "run N replicas with Ray Serve, here or on the cluster of RAY_ADDRESS")
    add("--require-consent", bool, "refuse sessions and jobs without a statement of consent")
    add("--badge", bool, "always show the visible badge, whatever clients ask for")
    log = "log each output: time, mark, hash of the portrait, name of the key, consent"
    add("--audit FILE", Path, log)
    origin = "let pages of this site use the server, such as https://example.org; may be repeated"
    add("--allow-origin ORIGIN", str, origin, action="append", default=[])
    ice = f"stun:HOST:PORT or turn:NAME:PASSWORD@HOST:PORT for calls; or in {_ICE}"
    add("--ice-server ADDRESS", str, ice, action="append", default=[])


def run(args: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    keys = read_keys(args.key + kept_keys(args.key_file))
    if args.host not in _LOCAL and not keys:
        raise GiocondaError(
            f"{args.host} can be reached by others; give a --key-file, or serve on 127.0.0.1"
        )
    if args.require_consent and not args.audit:
        raise GiocondaError("--require-consent needs a log for the statements; give --audit FILE")
    with needs("live"):
        settings = _settings(args, keys)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("gioconda.live").setLevel(logging.INFO)
    if args.ray:
        _serve_replicas(args, settings)
    else:
        _serve(args, settings)


def _settings(args: argparse.Namespace, keys: Mapping[str, str]) -> "Settings":
    from gioconda.live.limits import CONNECTIONS, Limits
    from gioconda.live.server import Settings

    if args.sessions and args.sessions > CONNECTIONS:
        raise GiocondaError(
            f"--sessions {args.sessions} is more than the {CONNECTIONS} connections that one "
            "process takes; give fewer, or run several servers"
        )
    if args.audit:
        check_audit(args.audit)
    return Settings(
        keys,
        Limits(args.sessions, args.sessions_each, session_seconds=60.0 * args.minutes),
        args.require_consent,
        args.audit,
        require_badge=args.badge,
        origins=tuple(read_origin(each, bool(keys)) for each in args.allow_origin),
        ice_servers=tuple(map(read_ice_server, args.ice_server + _environment(_ICE))),
    )


def _serve_replicas(args: argparse.Namespace, settings: "Settings") -> None:
    from gioconda.live.replicas import serve_replicas

    serve_replicas(settings, args.host, args.port, args.ray)
    print(f"{args.ray} replicas serve at http://{args.host}:{args.port} (Ctrl-C ends them)")
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _serve(args: argparse.Namespace, settings: "Settings") -> None:
    from gioconda.live.app import make_app
    from gioconda.live.server import WebServer, configured, listen

    try:
        listener = listen(args.host, args.port)
    except OSError as error:
        raise GiocondaError(
            f"{args.host}, port {args.port} cannot be used ({error.strerror}); choose another "
            "--port"
        ) from error
    address = f"[{args.host}]" if ":" in args.host else args.host
    print(f"Gioconda serves at http://{address}:{args.port} (Ctrl-C ends it)", flush=True)
    with suppress(KeyboardInterrupt):
        WebServer(configured(make_app(settings))).run(sockets=[listener])


def check_audit(path: Path) -> None:
    """Raise GiocondaError if the log cannot be written. It is made, for its owner alone."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    except OSError as error:
        raise GiocondaError(
            f"the audit log {path} cannot be written ({error.strerror}); choose another --audit"
        ) from error


def kept_keys(path: Path | None) -> list[str]:
    """The keys in the environment and in a file, where `ps` does not show them.

    Raises GiocondaError if there is no such file, or it cannot be read.
    """
    lines = _environment(_KEYS)
    if path is not None:
        try:
            lines += path.read_text("utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise GiocondaError(f"the keys in {path} cannot be read; name another file") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _environment(name: str) -> list[str]:
    """What is set there, apart by spaces."""
    return os.environ.get(name, "").split()


def read_origin(text: str, keys: bool) -> str:
    """A site as browsers name it. Raises GiocondaError if it is none.

    Args:
        keys: whether the server demands a key: else pages of all sites ("*") may not use it.
    """
    if text == "*":
        if not keys:
            raise GiocondaError("--allow-origin '*' lets every page use the server; give a key too")
        return text
    origin = text.lower().rstrip("/")
    if not re.fullmatch(r"https?://[^/?#@\s]+", origin):
        raise GiocondaError(
            f"{text} is not the address of a site; write it like https://example.org or http://host:port"
        )
    return origin


def read_ice_server(text: str) -> "IceServer":
    """A STUN or TURN server. Raises GiocondaError if it is none."""
    from gioconda.live.messages import IceServer

    form = r"(?P<kind>stuns?|turns?):((?P<name>[^:@]+):(?P<password>[^@]+)@)?(?P<where>[^@\s]+)"
    found = re.fullmatch(form, text)
    if found is None or found["kind"].startswith("turn") != bool(found["name"]):
        raise GiocondaError(
            f"{text} is not an ICE server; expected stun:HOST:PORT or turn:NAME:PASSWORD@HOST:PORT"
        )
    urls = f"{found['kind']}:{found['where']}"
    return IceServer(urls=urls, username=found["name"], credential=found["password"])


def read_keys(given: list[str]) -> dict[str, str]:
    """Name and key of each. Raises GiocondaError if one cannot be used or named twice."""
    keys: dict[str, str] = {}
    for number, text in enumerate(given, start=1):
        name, equals, key = text.partition("=")
        if not equals:
            name, key = f"key {number}", text
        if len(key) < 6:
            raise GiocondaError("a key needs at least 6 characters")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise GiocondaError(
                "a key may have only ASCII letters, digits and punctuation, no spaces"
            )
        if name in keys:
            raise GiocondaError(f"there are two keys named {name}")
        keys[name] = key
    return keys
