"""Output: what one video says of itself, from its first frame to its signature."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gioconda.provenance.badge import Badged
from gioconda.provenance.manifest import sign
from gioconda.provenance.mark import Mark, Marker
from gioconda.provenance.signer import load_signer


class Output:
    """One video in the making: marks its frames and signs its file.

        output = Output({"portrait": photo, "voice": voice}, {"seed": 1}, consent="...")
        with VideoWriter(path, height, width, audio, seal=output.sign) as video:
            for frame in frames:
                video.write(output.mark(frame))

    Args:
        ingredients: what the video is made from: a name for each (it is written into the
            manifest) and its file, of which only the hash is written.
        settings: seed and controls; JSON. A live session, whose voice is not known beforehand,
            puts something of its own here, so that its id is its own.
        consent: who allowed what, in the user's words.
        badge: draw the visible badge too.
        sign_key: as in `load_signer`.

    Attributes:
        id: 32 bits in the invisible mark. The same ingredients and settings have the same id,
            so that the same seed gives the same frames.
        mark: puts it into each frame, and the badge.

    Raises:
        GiocondaError: if there is no key to sign with.
    """

    def __init__(
        self,
        ingredients: Mapping[str, str | os.PathLike[str]],
        settings: Mapping[str, Any],
        consent: str | None = None,
        badge: bool = False,
        sign_key: str | os.PathLike[str] | None = None,
    ) -> None:
        self._signer = load_signer(sign_key)
        self._hashes = {name: file_hash(file) for name, file in ingredients.items()}
        self._statement: dict[str, Any] = {"settings": dict(settings), "hashes": self._hashes}
        self.id = make_id(self._statement)
        self._statement["mark"] = f"{self.id:08x}"
        if consent is not None:
            self._statement["consent"] = consent
        mark = Mark(self.id)
        self.mark: Marker = Badged(mark) if badge else mark

    def sign(self, path: Path) -> None:
        """Put the signed manifest into the finished file. Raises as `manifest.sign`."""
        sign(path, self._statement, self._hashes, self._signer)


def file_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_id(statement: Mapping[str, Any]) -> int:
    """32 bits that stand for a statement (JSON)."""
    text = json.dumps(statement, sort_keys=True).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big")
