"""The index of an mp4: a file of fragments becomes one whose index lies in front.

FFmpeg keeps 72 bytes of memory for each packet until it writes an index, 18 MiB an hour of pictures
with sound; of fragments it keeps nothing. What the index says of a packet is mostly its size, so
here it takes 4 bytes. Boxes are those of ISO/IEC 14496-12.
"""

import os
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from struct import pack, unpack, unpack_from
from typing import BinaryIO, Final

import numpy as np

# What FFmpeg says of a file with its index in front: which parts of the standards it needs.
_FILE_TYPE: Final = b"isom" + pack(">I", 0x200) + b"isomiso2avc1mp41"
_PARENTS: Final = (b"edts", b"mdia", b"minf", b"stbl")
_NOT_A_KEY: Final = 0x10000  # of a sample's flags: what comes before is needed
_COPIED: Final = 1 << 20  # bytes at once
_NARROW: Final = 1 << 31  # bytes of samples up to which their places take 4 bytes


@dataclass
class _Track:
    """What the fragments say of one track's samples.

    Attributes:
        sizes: of each sample, in bytes.
        durations: how many samples in a row have which, in ticks.
        keys: numbers, from 1, of samples that need none before them.
        chunks: where each run of samples begins, in bytes from the first sample of the file.
        counts: how many samples each of them has.
    """

    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    durations: list[list[int]] = field(default_factory=list)
    keys: "array[int]" = field(default_factory=lambda: array("I"))
    chunks: "array[int]" = field(default_factory=lambda: array("Q"))
    counts: list[int] = field(default_factory=list)

    @property
    def length(self) -> int:
        """In ticks."""
        return sum(count * ticks for count, ticks in self.durations)


def index_in_front(path: Path) -> None:
    """Make of an mp4 in fragments, as FFmpeg writes it, one with an index, in place.

    Args:
        path: the file. Its samples have no times of their own beside their durations, as without
            B-frames.
    """
    whole = path.with_name(f"indexed{path.suffix}")
    with open(path, "rb") as source, open(whole, "wb") as out:
        moov, tracks, data = _read(source)
        total = sum(size for _, size in data)
        wide = total > _NARROW
        head = pack(">I4sQ", 1, b"mdat", total + 16) if wide else pack(">I4s", total + 8, b"mdat")
        first = _box(b"ftyp", _FILE_TYPE)
        # where samples begin depends on how long the index is, not on what it says
        start = len(first) + len(_with_index(moov, tracks, 0, wide)) + len(head)
        out.write(first + _with_index(moov, tracks, start, wide) + head)
        for at, size in data:
            source.seek(at)
            for done in range(0, size, _COPIED):
                out.write(source.read(min(_COPIED, size - done)))
    os.replace(whole, path)


def _read(file: BinaryIO) -> tuple[bytes, dict[int, _Track], list[tuple[int, int]]]:
    """The content of the movie box, what fragments say by track, where their samples are."""
    moov, tracks, data = b"", dict[int, _Track](), list[tuple[int, int]]()
    moof, begin, before = b"", 0, 0
    while head := file.read(8):
        size, kind = unpack(">I4s", head)
        at = file.tell()
        if kind == b"moov":
            moov = file.read(size - 8)
        elif kind == b"moof":
            moof, begin = file.read(size - 8), at - 8
        elif kind == b"mdat":
            _see(moof, begin - at + before, tracks)
            data.append((at, size - 8))
            before += size - 8
        file.seek(at + size - 8)
    return moov, tracks, data


def _see(moof: bytes, begin: int, tracks: dict[int, _Track]) -> None:
    """Add a fragment; `begin` is where its box would be, counted from the first sample."""
    for kind, traf in _boxes(moof):
        if kind != b"traf":
            continue
        track, usual = _Track(), [0, 0, 0]
        for inner, body in _boxes(traf):
            if inner == b"tfhd":
                number, *usual = unpack(">4I", body[4:])
                track = tracks.setdefault(number, _Track())
            elif inner == b"trun":
                _add(body, begin, usual, track)


def _add(run: bytes, begin: int, usual: list[int], track: _Track) -> None:
    """Add a run of samples; `usual` are the duration, size and flags of those that say none."""
    told, count, offset = unpack(">IIi", run[:12])
    at = 12
    columns = [bit for bit in (0x100, 0x200, 0x400) if told & bit]
    first = unpack_from(">I", run, at) if told & 4 else None
    rows = np.frombuffer(run, ">u4", offset=at + 4 * (first is not None)).reshape(count, -1)
    durations, sizes, flags = (
        rows[:, columns.index(bit)] if bit in columns else np.full(count, value)
        for bit, value in zip((0x100, 0x200, 0x400), usual, strict=True)
    )
    if first is not None:
        flags = np.append(first, flags[1:])
    keys = np.flatnonzero(flags & _NOT_A_KEY == 0) + 1 + len(track.sizes)
    track.keys.extend(keys.tolist())
    track.sizes.extend(sizes.tolist())
    track.chunks.append(begin + offset)
    track.counts.append(count)
    for ticks in durations.tolist():
        if track.durations and track.durations[-1][1] == ticks:
            track.durations[-1][0] += 1
        else:
            track.durations.append([1, ticks])


def _with_index(moov: bytes, tracks: Mapping[int, _Track], start: int, wide: bool) -> bytes:
    """The movie box with all that it says of the samples, the first of which is at `start`."""
    parts, longest, header = [], 0, b""
    for kind, body in _boxes(moov):
        if kind == b"mvhd":
            header = body
        elif kind == b"trak":
            trak, length = _trak(body, tracks, unpack(">I", header[12:16])[0], start, wide)
            parts.append(trak)
            longest = max(longest, length)
        elif kind != b"mvex":  # which says that there are fragments
            parts.append(_box(kind, body))
    return _box(b"moov", _box(b"mvhd", _lasting(header, 4, longest)), *parts)


def _trak(
    trak: bytes, tracks: Mapping[int, _Track], second: int, start: int, wide: bool
) -> tuple[bytes, int]:
    """A track's box, and how long it lasts in the movie, of whose ticks `second` are a second."""
    found = dict(_flat(trak))
    track = tracks.get(unpack(">I", found[b"tkhd"][12:16])[0], _Track())
    (scale,) = unpack(">I", found[b"mdhd"][12:16])
    (begin,) = unpack(">i", found[b"elst"][12:16])  # what is coded before it is not presented
    length = -(-(track.length - begin) * second // scale)

    def rewritten(body: bytes) -> bytes:
        parts = []
        for kind, inner in _boxes(body):
            if kind == b"stbl":
                inner = _samples(found[b"stsd"], track, start, wide, b"smhd" in found)
            elif kind in _PARENTS:
                inner = rewritten(inner)
            elif kind == b"tkhd":
                inner = _lasting(inner, 8, length)
            elif kind == b"mdhd":
                inner = _lasting(inner, 4, track.length)
            elif kind == b"elst":
                inner = inner[:8] + pack(">I", length) + inner[12:]
            parts.append(_box(kind, inner))
        return b"".join(parts)

    return _box(b"trak", rewritten(trak)), length


def _samples(stsd: bytes, track: _Track, start: int, wide: bool, sound: bool) -> bytes:
    """What a track's box says of its samples: how they are coded, and the index."""
    counts = np.array(track.counts)
    new = np.flatnonzero(np.diff(counts, prepend=-1))  # chunks unlike the one before
    count = len(track.sizes)
    places = np.array(track.chunks, np.uint64) + np.uint64(start)
    boxes = [
        _box(b"stsd", stsd),
        _table(b"stts", np.array(track.durations)),
        _table(b"stsc", np.column_stack([new + 1, counts[new], np.ones_like(new)])),
        _box(b"stsz", pack(">III", 0, 0, count), np.array(track.sizes, ">u4").tobytes()),
        _table(b"co64" if wide else b"stco", places, ">u8" if wide else ">u4"),
    ]
    if len(track.keys) < count:
        boxes.insert(2, _table(b"stss", np.array(track.keys)))
    if sound:  # a packet of AAC needs the one before
        boxes.append(_box(b"sgpd", pack(">I4sIIh", 1 << 24, b"roll", 2, 1, -1)))
        boxes.append(_box(b"sbgp", pack(">I4sIII", 0, b"roll", 1, count, 1)))
    return b"".join(boxes)


def _table(kind: bytes, rows: "np.typing.NDArray[np.number]", form: str = ">u4") -> bytes:
    """A box that counts its rows."""
    return _box(kind, pack(">II", 0, len(rows)), rows.astype(form).tobytes())


def _lasting(header: bytes, between: int, length: int) -> bytes:
    """A header of version 0 with a length in ticks; of version 1 where 4 bytes do not hold it.

    Args:
        header: its version, flags, two times, what lies `between`, the length, and more.
    """
    at = 12 + between
    if length < 1 << 32:
        return header[:at] + pack(">I", length) + header[at + 4 :]
    times = pack(">QQ", *unpack(">II", header[4:12]))
    return b"\1" + header[1:4] + times + header[12:at] + pack(">Q", length) + header[at + 4 :]


def _flat(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each kind of box inside, and its content."""
    for kind, inner in _boxes(body):
        if kind in _PARENTS:
            yield from _flat(inner)
        yield kind, inner


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each box's kind and content."""
    at = 0
    while at < len(data):
        size, kind = unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return pack(">I4s", len(body) + 8, kind) + body
