"""Portraits that clients sent: checked, measured, kept in memory for a while."""

import hashlib
import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda import example
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.finder import find_faces
from gioconda.live.errors import RefusalError
from gioconda.live.limits import Limits
from gioconda.live.messages import FaceInfo, PortraitInfo
from gioconda.live.priority import step_back
from gioconda.live.seats import THIS_MACHINE
from gioconda.machine import give_back
from gioconda.media.image import TooLargeError, decode_image
from gioconda.portrait import Portrait, make_portrait

EXAMPLE: Final = "example"
SIZE: Final = 512  # pixels of a side of live frames
_SIMILAR = 0.6  # of the largest face's size: somebody must say which is meant


@dataclass
class StoredPortrait:
    """A portrait in memory.

    Attributes:
        id: its name to clients.
        portrait: ready to move.
        data: the file as it was sent.
        face: which of its faces, or None.
        hash: SHA-256 of the file, hex.
        address: of who sent it.
        users: how many sessions hold it.
        started: whether it was ever in a session that could begin.
        used: when it was last asked for.
    """

    id: str
    portrait: Portrait
    data: bytes
    face: int | None
    hash: str
    address: str = THIS_MACHINE
    users: int = 0
    started: bool = False
    used: float = field(default_factory=time.monotonic)

    def description(self) -> PortraitInfo:
        """The answer to who sent it."""
        portrait = self.portrait
        height, width = portrait.photo.shape[:2]
        left, top, side = map(int, portrait.crop)
        yaw, pitch, roll = np.degrees(portrait.pose[:3].astype(float)).round(1).tolist()
        scale = side / portrait.size
        eyes_pixels = round(float(portrait.head.size[0]) * scale, 1)
        mouth_open = round(float(measure.mouth_opening(portrait.face[None])[0]), 3)
        return PortraitInfo(
            id=self.id,
            width=width,
            height=height,
            crop=(left, top, side, side),
            note=portrait.note and portrait.note.split("; --face")[0],
            measured=FaceInfo(
                yaw=yaw, pitch=pitch, roll=roll, eyes_pixels=eyes_pixels, mouth_open=mouth_open
            ),
        )

    def picture(self) -> bytes:
        """The crop as JPEG."""
        margin, size = self.portrait.margin, self.portrait.size
        crop = self.portrait.texture[margin : margin + size, margin : margin + size, :3]
        return jpeg(crop, 92)


class Portraits:
    """The portraits of a server. Any thread may call it; one portrait is made at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        # one at a time: the face networks are shared, and so is the memory; viewers come first
        self._maker = ThreadPoolExecutor(1, "portraits", step_back)
        self._portraits: dict[str, StoredPortrait] = {}

    def load_example(self) -> StoredPortrait:
        """Make the bundled portrait, once."""
        stored = self._make(EXAMPLE, example.PHOTO.read_bytes(), None)
        with self._lock:
            return self._portraits.setdefault(EXAMPLE, stored)

    def add(self, data: bytes, face: int | None, address: str = THIS_MACHINE) -> StoredPortrait:
        """Take in a picture.

        Where there is no room, the oldest one goes that nobody uses, of the address that sent most.

        Args:
            data: the file.
            face: which face of several, from the left, from 1.
            address: of who sent it.

        Raises:
            RefusalError: if it cannot be used, or there is no room.
        """
        stored = self._maker.submit(self._make, secrets.token_urlsafe(12), data, face).result()
        stored.address = address
        with self._lock:
            self._make_room()
            self._portraits[stored.id] = stored
        return stored

    def get(self, identity: str) -> StoredPortrait:
        """The portrait of that id. Raises RefusalError if there is none."""
        with self._lock:
            return self._found(identity)

    def remove(self, identity: str) -> None:
        """Forget it. Raises RefusalError if there is none, or if it is the example."""
        if identity == EXAMPLE:
            raise RefusalError(403, "example", "the bundled portrait cannot be deleted")
        with self._lock:
            self._found(identity)
            del self._portraits[identity]

    def hold(self, identity: str) -> StoredPortrait:
        """A portrait for a session, which releases it. Raises RefusalError if there is none."""
        with self._lock:
            stored = self._found(identity)
            stored.users += 1
        return stored

    def release(self, stored: StoredPortrait, started: bool) -> None:
        """A session needs it no more, or did not come about and so has not `started`.

        The portrait is deleted when the last of its sessions has ended, but stays for another
        try if there was none.
        """
        with self._lock:
            stored.users -= 1
            stored.started |= started
            if stored.started and not stored.users and stored.id != EXAMPLE:
                self._portraits.pop(stored.id, None)

    def __len__(self) -> int:
        """How many there are, the bundled one too."""
        return len(self._portraits)

    def sweep(self) -> None:
        """Forget what nobody has used for long."""
        oldest = time.monotonic() - self._limits.portrait_seconds
        with self._lock:
            self._portraits = {
                identity: each
                for identity, each in self._portraits.items()
                if identity == EXAMPLE or each.users or each.used >= oldest
            }

    def _found(self, identity: str) -> StoredPortrait:
        stored = self._portraits.get(identity)
        if stored is None:
            raise RefusalError(404, "not-found", "there is no such portrait; send it again")
        stored.used = time.monotonic()
        return stored

    def _make_room(self) -> None:
        if len(self._portraits) < self._limits.portraits:
            return
        free = [each for each in self._portraits.values() if not each.users and each.id != EXAMPLE]
        if not free:
            raise RefusalError(503, "busy", "the server holds no more portraits; try again later")
        sent = Counter(each.address for each in free)
        del self._portraits[min(free, key=lambda each: (-sent[each.address], each.used)).id]

    def _make(self, identity: str, data: bytes, face: int | None) -> StoredPortrait:
        try:
            return self._made(identity, data, face)
        finally:
            give_back()

    def _made(self, identity: str, data: bytes, face: int | None) -> StoredPortrait:
        image = self._decode(data)
        faces = find_faces(image)
        if face is None and len(faces) > 1:
            sizes = sorted(each.size for each in faces)
            if sizes[-2] > _SIMILAR * sizes[-1]:
                raise _which(image, [each.box for each in faces])
        try:
            portrait = make_portrait(image, SIZE, face)
        except GiocondaError as error:
            told = str(error).removesuffix(", or --anyway")
            raise RefusalError(422, "face" if faces else "no-face", told) from error
        return StoredPortrait(identity, portrait, data, face, hashlib.sha256(data).hexdigest())

    def _decode(self, data: bytes) -> NDArray[np.uint8]:
        try:
            return decode_image(data, self._limits.picture_pixels, self._limits.picture_side)
        except TooLargeError as error:
            raise RefusalError(413, "too-large", str(error)) from error
        except GiocondaError as error:
            raise RefusalError(415, "not-a-picture", str(error)) from error


def jpeg(rgb: NDArray[np.uint8], quality: int) -> bytes:
    """(H, W, 3) RGB as JPEG."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return coded.tobytes()


def _which(image: NDArray[np.uint8], boxes: list[NDArray[np.float32]]) -> RefusalError:
    height, width = image.shape[:2]
    corners = np.clip(np.array(boxes) / [width, height, width, height], 0, 1).round(4)
    sizes = (corners[:, 2:] - corners[:, :2]).round(4)
    faces = np.hstack([corners[:, :2], sizes]).tolist()
    message = f"{len(boxes)} faces were found; choose one"
    return RefusalError(409, "faces", message, faces=faces)
