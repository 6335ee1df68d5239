"""Parts of a long video, kept until it is whole: a run that was killed is gone on with.

Each is a file of coded pictures in a hidden folder beside the video. What the program knew at the
end of one lies in the user's cache, which nobody else can write to, since it is read as it is.
"""

import os
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from av.packet import Packet

from gioconda import cache
from gioconda.errors import GiocondaError
from gioconda.media.files import check_folder, write_error
from gioconda.media.hidden import HiddenFolder

PART: Final = 60 * 25  # frames: a minute
_HEAD: Final = struct.Struct("<IqqqiiB")  # bytes, pts, dts, duration, time base, whether a key


class Parts:
    """What an earlier run has left of a video, and what this one leaves if it is killed or
    interrupted; a context manager. However else it ends, nothing is left.

    Args:
        output: the video.
        key: stands for all that decides its pictures.

    Attributes:
        count: how many parts are there.
        state: what was known at the end of them; None if there are none.

    Raises:
        GiocondaError: if another run is making this video, or the folder cannot be written.
    """

    def __init__(self, output: Path, key: str) -> None:
        self._output = output
        check_folder(output)
        try:
            self._hidden = HiddenFolder(output, key)
        except BlockingIOError:
            raise GiocondaError(
                f"another run is making {output}; wait for it, or name another video"
            ) from None
        except OSError as error:
            raise write_error(output, error) from error
        self._folder = self._hidden.path
        self.count, self.state = 0, None
        while self._file(self.count).exists():
            self.count += 1
        while self.count and self.state is None:
            self.state = cache.load(self._kept(self.count))
            self.count -= self.state is None
        self._number = self.count
        self._open()

    def packets(self) -> "Iterator[Packet[Any]]":
        """The coded pictures of the parts that are there."""
        for number in range(self.count):
            with open(self._file(number), "rb") as file:
                while head := file.read(_HEAD.size):
                    size, pts, dts, duration, unit, units, key = _HEAD.unpack(head)
                    packet = Packet(file.read(size))
                    packet.pts, packet.dts, packet.duration = pts, dts, duration
                    packet.time_base, packet.is_keyframe = Fraction(unit, units), bool(key)
                    yield packet

    def add(self, packet: "Packet[Any]") -> None:
        """A coded picture of the part in the making."""
        unit = packet.time_base
        times = (packet.pts, packet.dts, packet.duration or 0)
        head = (packet.size, *times, unit.numerator, unit.denominator, packet.is_keyframe)
        self._part.write(_HEAD.pack(*head))
        self._part.write(bytes(packet))

    def end(self, state: bytes) -> None:
        """The part is whole; keep it, and what a run that goes on after it must know."""
        self._part.flush()
        os.fsync(self._part.fileno())
        self._part.close()
        cache.save(self._kept(self._number + 1), state)
        os.replace(self._partial, self._file(self._number))
        cache.forget(self._kept(self._number))
        self._number += 1
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._part.close()
        if isinstance(error, KeyboardInterrupt) and self._number:
            kept = _minutes(self._number)
            error.args = (f"{kept} kept beside it, where the same command goes on",)
            self._hidden.leave()
            return
        cache.forget(self._kept(self._number))
        self._hidden.remove()

    def _open(self) -> None:
        self._partial = self._folder / ".partial"
        try:
            self._part = open(self._partial, "wb")  # noqa: SIM115, closed by `end`
        except OSError as error:
            raise write_error(self._output, error) from error

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:05}"

    def _kept(self, number: int) -> str:
        return f"{self._folder.name}-{number:05}"


def _minutes(count: int) -> str:
    return "the first minute is" if count == 1 else f"the first {count} minutes are"
