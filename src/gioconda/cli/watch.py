"""``gioconda watch REPORT``: pairs of videos side by side, blind, by keys; which is preferred."""

import argparse
from pathlib import Path

from gioconda.cli.options import Subparsers, adder, positive


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("watch", help="compare pairs of videos of a report, blind")
    add = adder(parser)
    add("report", Path, "a folder of `gioconda evaluate all`; several are compared", nargs="+")
    add("--port N", positive, "port of the page (default: 8020)", default=8020)
    add("--seed N", int, "decides order and sides (default: 0)", default=0)


def run(args: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    from contextlib import suppress

    from gioconda.evaluation.watching import WRITTEN, Watching, find_pairs, serve

    file = args.report[0] / WRITTEN
    watching = Watching(find_pairs(args.report, args.seed), file)
    with serve(watching, args.port) as server:
        left = watching.next()["left"]
        print(f"http://127.0.0.1:{args.port}: {left} pairs; Ctrl-C ends", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    for name, found in watching.counts().items():
        print(f"{name}: " + ", ".join(f"{who} {count}" for who, count in found.items()))
    print(f"answers are in {file}")
