"""gioconda serve: portraits speak live, in the browser and for programs."""

import argparse
import logging
import os
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from gioconda.cli import needs
from gioconda.cli.options import Subparsers, adder, positive
from gioconda.errors import GiocondaError

_LOCAL = ("127.0.0.1", "localhost", "::1")


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("serve", help="let portraits speak live, in the browser")
    add, few = adder(parser), partial(positive, most=10_000)
    add("--host NAME", str, "where to listen (default: this machine only)", default=_LOCAL[0])
    add("--port N", partial(positive, most=65535), "(default 7860)", default=7860)
    key = "require this key; may be repeated. The name goes into the audit log"
    add("--key [NAME=]KEY", str, key, action="append", default=[])
    add("--sessions N", few, "viewers at once (default: what the cores allow)")
    add("--minutes N", few, "longest session, in minutes (default 60)", default=60)
    add("--ray N", few, "run N replicas by Ray Serve, here or on the cluster of RAY_ADDRESS")
    add("--require-consent", bool, "refuse sessions and jobs without a statement of consent")
    add("--audit FILE", Path, "log each output: time, mark, hash of the portrait, name of the key")


def run(args: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    keys = read_keys(args.key)
    if args.host not in _LOCAL and not keys:
        raise GiocondaError(
            f"{args.host} can be reached by others; give a --key, or serve on 127.0.0.1"
        )
    with needs("live"):
        import uvicorn

        from gioconda.live.app import make_app
        from gioconda.live.limits import CONNECTIONS, Limits
        from gioconda.live.server import Settings, configured, listen
    if args.sessions and args.sessions > CONNECTIONS:
        raise GiocondaError(
            f"--sessions {args.sessions} is more than the {CONNECTIONS} connections that one "
            "process takes; give fewer, or run several servers"
        )
    logging.basicConfig(format="%(message)s")
    logging.getLogger("gioconda.live").setLevel(logging.INFO)
    limits = Limits(sessions=args.sessions, session_seconds=60.0 * args.minutes)
    if args.audit:
        check_audit(args.audit)
    settings = Settings(keys, limits, args.require_consent, args.audit)
    if args.ray:
        from gioconda.live.replicas import serve_replicas

        serve_replicas(settings, args.host, args.port, args.ray)
        print(f"{args.ray} replicas serve at http://{args.host}:{args.port} (Ctrl-C ends them)")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        return
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
        uvicorn.Server(configured(make_app(settings))).run(sockets=[listener])


def check_audit(path: Path) -> None:
    """Raise GiocondaError if the log cannot be written. It is made, for its owner alone."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    except OSError as error:
        raise GiocondaError(
            f"the audit log {path} cannot be written ({error.strerror}); choose another --audit"
        ) from error


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
            raise GiocondaError("a key must be of ASCII letters, digits and signs, without spaces")
        if name in keys:
            raise GiocondaError(f"there are two keys named {name}")
        keys[name] = key
    return keys
