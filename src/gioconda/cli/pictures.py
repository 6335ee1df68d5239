"""Portraits of pictures that are named one by one or by folder."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gioconda.portrait import Portrait

_IMAGES: Final = {".jpg", ".jpeg", ".png", ".webp"}  # what is looked at in a folder


def read_portraits(pictures: Sequence[Path], side: int | None = 512) -> "dict[str, Portrait]":
    """Portraits by file name; a picture that shows no face is left out, and that is said.

    The second of a name goes by its path.

    Args:
        pictures: files, or folders of them.
        side: of the square; None for the photo's own scale.

    Raises:
        GiocondaError: if no portrait can be made of any of them.
    """
    from gioconda.errors import GiocondaError
    from gioconda.media import read_image
    from gioconda.portrait import make_portrait

    paths = [
        each
        for path in pictures
        for each in (sorted(path.iterdir()) if path.is_dir() else [path])
        if each.suffix.lower() in _IMAGES or each == path
    ]
    found, refused = {}, []
    for path in paths:
        name = path.name if path.name not in found else str(path)
        try:
            found[name] = make_portrait(read_image(path), side)
        except GiocondaError as error:
            why = str(error)
            refused.append(why if name in why else f"{name}: {why}")
    if not found:
        raise GiocondaError("; ".join(refused) or f"{pictures[0]} has no picture")
    for one in refused:
        print(f"left out: {one}", file=sys.stderr)
    return found
