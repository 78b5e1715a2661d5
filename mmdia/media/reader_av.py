"""The backend ``av``: always there, and right about every file that a rebuild can cut.

A film stays open between requests. In mp4 and Matroska it is sought in, and the place is believed
only when the packet that comes has a stamp that names it; elsewhere (MPEG-TS, AVI) seeking is a
guess, so the file is read on, or once more from its start.

Each picture has a scaler of its own: PyAV 19 keeps one, whose threads a fork does not take along.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from mmdia.errors import MediaUnreadable
from mmdia.media.frames import SEEKABLE, SKIPPING, FrameDecoder, PacketSource, plan
from mmdia.media.index import AudioIndex, MediaIndex, VideoIndex, build_index, require_video
from mmdia.media.packets import leave_out_others, packets
from mmdia.media.probe import codec_name, frame_rotation, open_input
from mmdia.media.reader_port import Floats32, Kind, Rgb
from mmdia.media.sound import SoundReader
from mmdia.media.sound_block import Filling, SoundRange
from mmdia.media.sound_entry import Part, can_enter, decode_parts, places_of, plan_parts

#: Jumps aim this much before the packet.
_EARLY_S = Fraction(1)


class AvBackend:
    """PyAV, with its own copy of FFmpeg."""

    name = "av"
    reads: frozenset[Kind] = frozenset({"picture", "sound"})

    def problem(self) -> str | None:
        """None: PyAV is a core dependency, and this module would not load without it."""
        return None

    def version(self) -> str | None:
        """Version of PyAV."""
        return str(av.__version__)

    def open_picture(self, path: str, index: MediaIndex) -> AvPicture:
        """Open the picture of an indexed film."""
        return AvPicture(path, require_video(index, path))

    def open_sound(self, path: str, index: MediaIndex | None) -> AvSound:
        """Open the sound of a film, or of a clip of sound."""
        return AvSound(path, build_index(path) if index is None else index)


class AvPicture:
    """Frames by number from a film that stays open.

    Args:
        path: The film.
        video: Its index.

    Raises:
        MediaNotFound, MediaUnreadable: It cannot be opened.
    """

    def __init__(self, path: str, video: VideoIndex) -> None:
        self._path, self._video = path, video
        self._stack = ExitStack()
        self._open(jumping=True)

    def close(self) -> None:
        """Release the film."""
        self._stack.close()

    def fetch(self, first: int, count: int) -> Iterator[Rgb]:
        """Frames first .. first + count - 1, uint8 (height, width, 3), upright."""
        due = first
        wanted = range(first, first + count)
        for from_start in (False, True):  # a key frame may turn out to be no clean entry
            for number, frame in self._decode(range(due, wanted.stop), from_start=from_start):
                if number != due:
                    break
                yield as_rgb(frame)
                due += 1
            if due == wanted.stop:
                return
        raise MediaUnreadable("a frame does not decode", path=self._path, got=f"frame {due}")

    def _open(self, *, jumping: bool) -> None:
        self._stack.close()
        container = self._stack.enter_context(open_input(self._path))
        stream: Any = container.streams[self._video.stream]
        stream.thread_type = "SLICE"
        stream.codec_context.thread_count = 1
        leave_out_others(container, stream)
        can_skip = codec_name(stream) in SKIPPING
        self._context = stream.codec_context
        self._decoder = FrameDecoder(self._video, stream.codec_context, can_skip=can_skip)
        self._source = PacketSource(container, stream, self._video, self._path, jumping=jumping)

    def _reach(self, number: int) -> None:
        if self._source.reach(number):
            return
        self._open(jumping=True)
        if not self._source.reach(number):
            self._open(jumping=False)
            self._source.reach(number)

    def _decode(self, numbers: range, *, from_start: bool) -> Iterator[tuple[int, av.VideoFrame]]:
        for stretch in plan(self._video, numbers, from_start=from_start):
            if self._video.counted:
                self._open(jumping=False)  # frames are counted from the film's first
            self._reach(stretch.first)
            self._context.flush_buffers()  # what a request that was given up left behind
            self._decoder.begin(stretch)
            for packet in self._source.until(stretch.last):
                yield from self._decoder.feed(packet)
            yield from self._decoder.drain()


def as_rgb(frame: av.VideoFrame) -> Rgb:
    """A decoded frame as uint8 (height, width, 3), turned the way a player shows it."""
    rgb = VideoReformatter().reformat(frame, format="rgb24").to_ndarray()
    turned = np.rot90(rgb, -(frame_rotation(frame) // 90))
    return np.ascontiguousarray(turned, dtype=np.uint8)


def resize(rgb: Rgb, width: int, height: int) -> Rgb:
    """A picture at another size, by the scaler (bicubic) that clips are made with."""
    if rgb.shape[:2] == (height, width):
        return rgb
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    scaled = VideoReformatter().reformat(frame, width=width, height=height, interpolation="BICUBIC")
    return np.ascontiguousarray(scaled.to_ndarray(), dtype=np.uint8)


class AvSound:
    """Samples by number from a film that stays open; bit for bit those that clips are made of.

    Raises:
        MediaUnreadable: The film cannot be opened, or has no sound.
    """

    def __init__(self, path: str, index: MediaIndex) -> None:
        if index.audio is None:
            raise MediaUnreadable("the file has no sound", path=path)
        self._path, self._index, self._audio = path, index, index.audio
        self.rate, self.layout = index.audio.rate, index.audio.layout
        self._enters = can_enter(index.audio)
        self._stack = ExitStack()
        self._container: Any = None
        self._next = 0
        if self._enters:
            self._open()

    def close(self) -> None:
        """Release the film."""
        self._stack.close()

    def read(self, first: int, last: int) -> Floats32:
        """Samples [first, last), float32 (channels, n); zeros where the film has no sound."""
        want = SoundRange(0, first, last)
        if not self._enters:
            with SoundReader(self._path, self._index, [want]) as reader:
                return next(reader.advance()).samples
        filling = Filling(want, self._audio)
        parts = plan_parts(self._audio, [want])
        if parts:
            start = self._reach(parts)
            self._next = parts[-1].last + 1
            for low, high, frame in decode_parts(self._container, self._audio, parts, start=start):
                filling.add(low, high, frame)
        return filling.block().samples

    def _open(self) -> None:
        self._stack.close()
        self._container = self._stack.enter_context(open_input(self._path))
        leave_out_others(self._container, self._container.streams[self._audio.stream])
        self._next = 0

    def _reach(self, parts: list[Part]) -> int:
        """Number of the packet that comes next: at or before the first that is needed."""
        entry = parts[0].entry
        if self._next <= entry and (entry - self._next) * self._audio.frame_size < 10 * self.rate:
            return self._next
        number = self._jump(entry) if self._container.format.name in SEEKABLE else None
        if number is None:
            if self._next > entry or self._container.format.name in SEEKABLE:
                self._open()
            return self._next
        return number

    def _jump(self, entry: int) -> int | None:
        """Seek before packet `entry`; the number of the packet that comes next, None when unsure."""
        audio, stream = self._audio, self._container.streams[self._audio.stream]
        place = Fraction(int(places_of(audio)[entry]), audio.rate)
        aim = round((place - _EARLY_S + self._index.start) / stream.time_base)
        try:
            self._container.seek(aim, stream=stream)
            packet = next(packets(self._container, [stream]), None)
            if packet is None or packet.pts is None:
                return None
            number = _number_of(audio, packet.pts * stream.time_base - self._index.start)
            if number is None or number >= entry:
                return None
        except (av.FFmpegError, OSError):
            return None
        return number + 1  # that one is read


def _number_of(audio: AudioIndex, stamp: Fraction) -> int | None:
    """The one packet that begins at a player's second; None when no one place fits."""
    places = places_of(audio)
    sample = float(stamp * audio.rate)
    number = int(np.argmin(np.abs(places - sample)))
    return number if abs(places[number] - sample) < audio.frame_size / 4 else None
