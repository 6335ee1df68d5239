"""Fragments: H.264 as fragmented MP4, one fragment for each frame, at once.

FFmpeg's muxer gives a fragment away when the next frame comes, 40 ms late. So the boxes are
written here: ISO/IEC 14496-12 (ftyp, moov, moof, mdat) and 14496-15 (avcC).
"""

from fractions import Fraction
from struct import pack
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from gioconda.media import FPS, Picture

_SCALE: Final = 1000 * FPS  # ticks a second
_SAMPLE: Final = _SCALE // FPS
_KEY, _OTHER = 0x02000000, 0x01010000  # flags of a sample: can be begun with, or not
# Of x264; crf is the constant rate factor, g the frames from key to key.
_OPTIONS: Final = {"preset": "superfast", "tune": "zerolatency", "crf": "21", "g": str(2 * FPS)}
_SPS, _PPS, _IDR = 7, 8, 5  # kinds of NAL units
_KEY_AFTER: Final = FPS // 2  # pictures after which a viewer who is new gets a key picture


class Fragments:
    """Pictures in, fragments out, each coded once for all viewers.

    A viewer begins with a key picture, led by the header; for new ones there is one half a second
    after the last at the soonest. One who missed a picture goes on with the next key picture, which
    comes in two seconds at most: made for those whose line is slow, they would burden all others.

    Args:
        height, width: of the pictures, in pixels, even.
    """

    def __init__(self, height: int, width: int) -> None:
        self._size = width, height
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, FPS)
        context.thread_count = 1
        context.options = _OPTIONS
        self._context = context
        self._count = self._since_key = 0
        self._number = -1
        self._wanted = self._key = False
        self._header = self._newest = b""

    def add(self, picture: Picture, number: int, seen: int = 0) -> tuple[bytes, int]:
        """The fragment of a picture, for a viewer.

        Args:
            picture: (H, W, 3) RGB.
            number: of its frame; the same as before for another viewer of it.
            seen: what the last call for this viewer returned, 0 before the first.

        Returns:
            The fragment, empty if the viewer must wait for a key picture; what the viewer has seen.
        """
        if number != self._number:
            self._encode(picture, number)
        if self._key or seen == self._count - 1 > 0:
            return (b"" if seen else self._header) + self._newest, self._count
        self._wanted |= not seen
        return b"", seen

    def _encode(self, picture: Picture, number: int) -> None:
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = self._count, Fraction(1, FPS)
        if self._wanted and self._since_key >= _KEY_AFTER:
            frame.pict_type = PictureType.I
        self._count, self._number = self._count + 1, number
        data = b"".join(bytes(packet) for packet in self._context.encode(frame))
        units = _units(data)
        kinds = [unit[0] & 31 for unit in units]
        self._key = _IDR in kinds
        self._since_key = 0 if self._key else self._since_key + 1
        if self._key:
            self._wanted = False
            parameters = units[kinds.index(_SPS)], units[kinds.index(_PPS)]
            self._header = _header(*self._size, *parameters)
        sample = b"".join(pack(">I", len(unit)) + unit for unit in units)
        self._newest = _fragment(self._count, number * _SAMPLE, sample, self._key)


def _units(data: bytes) -> list[bytes]:
    """The NAL units of a byte stream (ITU-T H.264, annex B)."""
    return [part.rstrip(b"\0") for part in data.split(b"\0\0\1")[1:]]


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return _box(kind, pack(">I", version << 24 | flags), *content)


def _header(width: int, height: int, sps: bytes, pps: bytes) -> bytes:
    """ftyp and moov: one video track, no samples yet."""
    matrix = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    profile = pack(">B3sBBH", 1, sps[1:4], 0xFF, 0xE1, len(sps))
    avcc = _box(b"avcC", profile, sps, pack(">BH", 1, len(pps)), pps)
    look = pack(">6xH16xHHII4xH32xHh", 1, width, height, 72 << 16, 72 << 16, 1, 24, -1)
    entry = _box(b"avc1", look, avcc)
    nothing = pack(">I", 0)
    table = _box(
        b"stbl",
        _full(b"stsd", 0, 0, pack(">I", 1), entry),
        *(_full(kind, 0, 0, nothing) for kind in (b"stts", b"stsc", b"stco")),
        _full(b"stsz", 0, 0, nothing, nothing),
    )
    here = _box(b"dinf", _full(b"dref", 0, 0, pack(">I", 1), _full(b"url ", 0, 1)))
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, 0, pack(">8xI4xH2x", _SCALE, 0x55C4)),
        _full(b"hdlr", 0, 0, pack(">4x4s12x", b"vide"), b"video\0"),
        _box(b"minf", _full(b"vmhd", 0, 1, bytes(8)), here, table),
    )
    size = pack(">II", width << 16, height << 16)
    track = _full(b"tkhd", 0, 3, pack(">8xI24x", 1), matrix, size)
    rates = pack(">8xI4xIH10x", _SCALE, 0x10000, 0x100)
    movie = _full(b"mvhd", 0, 0, rates, matrix, pack(">24xI", 2))
    extends = _box(b"mvex", _full(b"trex", 0, 0, pack(">5I", 1, 1, _SAMPLE, 0, 0)))
    kinds = _box(b"ftyp", b"isom", pack(">I", 512), b"isomiso5avc1mp41")
    return kinds + _box(b"moov", movie, _box(b"trak", track, media), extends)


def _fragment(sequence: int, time: int, sample: bytes, key: bool) -> bytes:
    """moof and mdat: one sample."""

    def moof(offset: int) -> bytes:
        run = pack(">IiIII", 1, offset, _SAMPLE, len(sample), _KEY if key else _OTHER)
        track = (
            _full(b"tfhd", 0, 0x020000, pack(">I", 1)),  # offsets are from moof
            _full(b"tfdt", 1, 0, pack(">Q", time)),
            _full(b"trun", 0, 0x000701, run),
        )
        return _box(b"moof", _full(b"mfhd", 0, 0, pack(">I", sequence)), _box(b"traf", *track))

    return moof(len(moof(0)) + 8) + _box(b"mdat", sample)
