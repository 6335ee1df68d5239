"""The audit log of a server: a line for each output; never the picture or the voice."""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path


def log_output(
    path: Path, mark: int, portrait: str, client: str, consent: str | None = None
) -> None:
    """Add one line of JSON: time, id of the mark, hash of the portrait, who asked, what was stated.

    The log is made readable by its owner alone. Lines of several processes do not mix.

    Args:
        path: the log.
        mark: the output's id, as in its mark.
        portrait: SHA-256 of the portrait's file, hex.
        client: the name of the client's key, never the key itself.
        consent: what the client stated, or None for no entry of it.

    Raises:
        OSError: if the line cannot be written: then nothing should be made.
    """
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "mark": f"{mark:08x}",
        "portrait": portrait,
        "client": client,
    }
    if consent is not None:
        entry["consent"] = consent
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with open(descriptor, "ab", buffering=0) as log:  # added in one piece, so it needs no lock
        line = json.dumps(entry).encode() + b"\n"
        if log.write(line) < len(line):  # which is no error to the system
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
