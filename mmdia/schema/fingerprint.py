"""Audio fingerprints: what tells where a sound track is, and from which no sound comes back.

A `Fingerprint` is what a release may carry. Each of its words (32 bits every 32 ms) holds nothing
but signs: whether the level of some mixture of quarter-octave bands rises or falls at that moment.
There is no phase, no magnitude and no absolute level, the bands are wider than a tone and the
windows longer than a phoneme, and a second takes 1,000 bits where intelligible speech from the
best voice coders takes more than that for a *model of the voice*, with pitch and gain. So neither
waveform, nor voice, nor words can be computed from it.

A `SoundBands` is the richer analysis of a user's own copy, kept on that user's machine: fine
band levels from which the bits at any speed and pitch can be derived.

File format of a `Fingerprint` (``.mmfp``, all little-endian):

====== ===== ==========================================================
offset bytes content
====== ===== ==========================================================
0      4     ``MMFP``
4      2     format version, uint16: 1
6      2     bytes a word, uint16
8      16    method, ASCII, padded with NUL
24     8     seconds between words, float64
32     8     player second of the centre of the first word, float64
40     8     number of words, uint64
48     4     CRC-32 of bytes 0-47 and of the words, uint32
52     12    zero
64     ...   the words
====== ===== ==========================================================
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass

from mmdia.errors import ReleaseError

#: Ending of a fingerprint file.
SUFFIX = ".mmfp"

#: Name and version of the method in use; only equal methods can be compared.
METHOD = "mmdia-bands/1"

_MAGIC = b"MMFP"
_VERSION = 1
_HEAD = struct.Struct("<4sHH16sddQ")
_HEAD_BYTES = 64
_CRC = struct.Struct("<I12x")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Sub-fingerprints of one sound track at a fixed rate.

    Attributes:
        data: The words, packed; `width` bytes each, in time order.
        width: Bytes a word.
        step_s: Seconds between words.
        start_s: Player time of the centre of the first word.
        method: Name and version of the method that made it; only equal methods can be compared.
    """

    data: bytes
    width: int
    step_s: float
    start_s: float
    method: str

    @property
    def count(self) -> int:
        """How many words."""
        return len(self.data) // self.width

    @property
    def duration_s(self) -> float:
        """Seconds of sound that the words tell of."""
        return self.count * self.step_s

    def to_bytes(self) -> bytes:
        """The file's content."""
        head = _HEAD.pack(
            _MAGIC, _VERSION, self.width, self.method.encode("ascii"), self.step_s, self.start_s, self.count
        )
        return head + _CRC.pack(zlib.crc32(self.data, zlib.crc32(head))) + self.data

    @classmethod
    def from_bytes(cls, raw: bytes, *, where: object = None) -> Fingerprint:
        """Read a file's content back.

        Args:
            raw: All bytes of the file.
            where: Name for errors.

        Raises:
            ReleaseError: It is no fingerprint, of another version, cut off or damaged.
        """
        if raw[:4] != _MAGIC or len(raw) < _HEAD_BYTES:
            what = "a fingerprint that is cut off" if raw[:4] == _MAGIC else "this is no audio fingerprint"
            raise ReleaseError(what, path=where, expected="MMFP and a head of 64 bytes", got=raw[:4])
        _, version, width, method, step_s, start_s, count = _HEAD.unpack_from(raw)
        if version != _VERSION:
            raise ReleaseError(
                "a fingerprint of another format version", path=where, expected=_VERSION, got=version,
                hint="A newer mmdia reads it.",
            )  # fmt: skip
        data = raw[_HEAD_BYTES:]
        if not (width and math.isfinite(step_s) and step_s > 0 and math.isfinite(start_s)):
            raise ReleaseError("the head of this fingerprint makes no sense", path=where)
        if len(data) != count * width:
            raise ReleaseError(
                "a fingerprint that is cut off or has bytes too many", path=where,
                expected=f"{count * width} bytes of words", got=len(data), hint="Download it again.",
            )  # fmt: skip
        (crc,) = _CRC.unpack_from(raw, _HEAD.size)
        if crc != zlib.crc32(data, zlib.crc32(raw[: _HEAD.size])):
            raise ReleaseError("this fingerprint is damaged", path=where, hint="Download it again.")
        name = method.rstrip(b"\0").decode("ascii", "replace")
        return cls(data, width, step_s, start_s, name)


@dataclass(frozen=True, slots=True)
class SoundBands:
    """Levels of one sound track in narrow bands: the user's side, never published.

    Attributes:
        levels: uint8, `bands` a frame, in time order: 0 is silence, else the level in steps of
            0.4 dB; 240 is a sine of full scale.
        bands: How many bands a frame; sixteen an octave from `low_hz` upwards.
        step_s: Seconds between frames.
        start_s: Player time of the centre of the first frame.
        low_hz: Lower edge of the lowest band.
        method: Name and version of the method.
    """

    levels: bytes
    bands: int
    step_s: float
    start_s: float
    low_hz: float
    method: str

    @property
    def count(self) -> int:
        """How many frames."""
        return len(self.levels) // self.bands

    @property
    def duration_s(self) -> float:
        """Seconds of sound that the frames tell of."""
        return self.count * self.step_s
