"""Exact clips: the frames of a window, encoded anew, with the window's sound beside them.

H.264 (x264 veryfast, crf 18, a key frame at least each 48 frames, yuv420p; HDR stays in 10 bit, with
its tags) and AAC in mp4 with its index in front. Pixels that are not square stay so, and say it.
Picture and sound both start at 0; no frame is hidden by an edit list, so readers that know nothing of
edit lists read the clip right. With a constant rate the stamps are the exact grid, otherwise the
film's own distances.

The content hash (`VideoFacts.sha256`) is taken over the coded pictures as they lie in the *written*
clip, so that anyone can compute it again from the file alone:
``ffmpeg -i CLIP -map 0:v -c copy -f hash -hash sha256 -``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.colour import BT601, BT709, Look, ToneMap, bit_depth, is_hdr, light_params, transfer_of
from mmdia.media.copied_sound import aac_stream, encode_aac
from mmdia.media.frames import Clock
from mmdia.media.index import VideoIndex
from mmdia.media.upright import upright_filter
from mmdia.media.window import Window
from mmdia.schema.time import format_rate

#: Number of the range 16 to 235.
_LIMITED = 1
#: Largest number in a pixel's aspect that x264's wrapper passes on.
_MOST_ASPECT = 4096
#: Shapes that differ by no more than this share are the same.
_SAME_SHAPE = 0.01


@dataclass(frozen=True, slots=True)
class VideoParams:
    """How clips of picture are written.

    Attributes:
        height: Height in pixels (width follows, both even); None keeps the source's.
        crf: x264's constant rate factor.
        preset: x264's preset.
        gop: Largest distance of key frames, in frames.
        threads: Threads of decoder and encoder. The bits of a clip hang on it.
        sound: Whether clips carry the window's sound.
        tone_map: Whether HDR becomes BT.709 in 8 bit; else it stays as it is.
    """

    height: int | None = None
    crf: int = 18
    preset: str = "veryfast"
    gop: int = 48
    threads: int = 1
    sound: bool = True
    tone_map: bool = False

    def __post_init__(self) -> None:
        if self.height is not None and not 16 <= self.height <= 8192:
            raise UsageError("no such height", expected="16 to 8192 pixels", got=self.height)


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a receipt tells of a clip of picture.

    Attributes:
        fps: Frames per second, ``24000/1001``; nominal where the rate varies.
        first_pts: Clip second of the first frame: 0.
        n_frames: How many frames.
        sha256: Hash of the decoded frames of the clip as written.
        width: Pixels.
        height: Pixels.
        constant_rate: Whether the frames lie on the grid of `fps`.
        codec: Codec of the picture.
        edit_list: Whether an edit list hides frames of the file.
        interlaced: Whether the film's frames are two fields each; None when that is not known.
        sample_aspect_ratio: Width of a stored pixel by its height.
        transfer: Name of the transfer characteristic in ITU-T H.273; None if the clip does not tell.
        bit_depth: Bits of a sample.
        reshaped: Whether the film's picture has another shape in a part of the clip.
    """

    fps: str
    first_pts: float
    n_frames: int
    sha256: str
    width: int
    height: int
    constant_rate: bool
    codec: str = "h264"
    edit_list: bool = False
    interlaced: bool | None = None
    sample_aspect_ratio: str = "1:1"
    transfer: str | None = None
    bit_depth: int | None = None
    reshaped: bool = False


@dataclass(frozen=True, slots=True)
class ClipSamples:
    """The sound of a clip of picture.

    Attributes:
        samples: float32 (channels, n), from clip time 0.
        rate: Samples per second.
        layout: libavutil's name of the layout.
    """

    samples: npt.NDArray[np.float32]
    rate: int
    layout: str


class ClipWriter:
    """Encodes one window. Call `add` for each frame in display order, then `finish`.

    Packets go to the file as they come, so a long clip costs no more memory than a short one.

    Args:
        path: Where to; mp4 whatever the name ends in.
        video: The film's index.
        window: The window.
        params: How.
        sound: Its sound; None for none.
        speed: Media seconds per second of the clip.
    """

    def __init__(
        self,
        path: str | Path,
        video: VideoIndex,
        window: Window,
        params: VideoParams,
        sound: ClipSamples | None = None,
        speed: Fraction = Fraction(1),
    ) -> None:
        self.path = Path(path)
        self.window = window
        self._video, self._params = video, params
        self._sound = sound
        self._clock = Clock(video, speed)
        self._container: Any = None
        self._stream: Any = None
        self._upright: Callable[[av.VideoFrame], av.VideoFrame] | None = None
        self._map: ToneMap | None = None
        self._sound_packets: deque[Any] = deque()
        self._lasts: dict[int, int] = {}
        self._shape = Fraction(0)
        self._source: tuple[int, int, Fraction] = (0, 0, Fraction(0))
        #: How the clip's pictures are to be shown.
        self.look = Look()
        #: Whether the film's picture changed its shape, so that a part of the clip is stretched.
        self.reshaped = False
        self.n_frames = 0
        self._last = -1

    def add(self, number: int, frame: av.VideoFrame) -> None:
        """Encode frame `number` of the film; the frame itself is left as it was.

        Raises:
            av.FFmpegError: The encoder or the disk refuses.
            MediaUnreadable: It is shown before one that came before.
        """
        source = frame.width, frame.height, self._video.aspect_of(number)
        if source != self._source:
            self._take_source(frame, *source)
        picture = self._fit(frame)
        kept = frame.pts, frame.time_base, frame.pict_type
        first = self.window.first_frame
        if number <= self._last:
            told = "the film's pictures do not come in the order of their stamps"
            raise MediaUnreadable(told, code="decode_error")
        self._last = number
        picture.pts = at = self._clock.ticks(number, first)
        picture.time_base = self._clock.time_base
        self._lasts[at] = self._clock.ticks(number + 1, first) - at
        # Key frames of the film are none of the clip's business.
        picture.pict_type = PictureType.NONE
        self._write(self._stream.encode(picture))
        if picture is frame:
            frame.pts, frame.time_base, frame.pict_type = kept
        self.n_frames += 1

    def finish(self) -> None:
        """Write what is left and close the clip.

        Raises:
            av.FFmpegError: The encoder or the disk refuses.
        """
        self._write(self._stream.encode())
        while self._sound_packets:
            self._container.mux(self._sound_packets.popleft())
        self._container.close()
        self._container = None

    def abandon(self) -> None:
        """Drop the clip and what was written of it."""
        if self._container is not None:
            try:
                self._container.close()
            except av.FFmpegError:
                pass
            self._container = None
        self._sound = None
        self.path.unlink(missing_ok=True)

    @property
    def facts(self) -> tuple[str, bool]:
        """(fps, constant rate) for the receipt."""
        return format_rate(self._clock.rate), self._video.constant

    def _write(self, pictures: list[Any]) -> None:
        """Write packets of picture, and the sound that belongs before them."""
        for packet in pictures:
            packet.duration = self._lasts.pop(packet.pts, packet.duration)
            at = packet.dts * packet.time_base
            while (
                self._sound_packets and self._sound_packets[0].dts * self._sound_packets[0].time_base < at
            ):
                self._container.mux(self._sound_packets.popleft())
            self._container.mux(packet)

    def _take_source(self, frame: av.VideoFrame, width: int, height: int, aspect: Fraction) -> None:
        """Get ready for frames of this size and shape; the clip has those of its first frame."""
        self._source = width, height, aspect
        transfer = transfer_of(frame, self._video.transfer)
        hdr = is_hdr(transfer)
        self._upright = upright_filter(frame)
        upright = self._upright(frame)
        self._map = ToneMap(upright, transfer, "yuv420p") if hdr and self._params.tone_map else None
        sideways = (upright.width, upright.height) != (width, height)
        shape = (1 / aspect if sideways else aspect) * Fraction(upright.width, upright.height)
        if self._stream is None:
            self._shape = shape
            self._open(frame, upright.width, upright.height, transfer)
        # Sides that coders round to whole blocks are no change.
        self.reshaped = self.reshaped or abs(shape / self._shape - 1) > _SAME_SHAPE

    def _open(self, frame: av.VideoFrame, width: int, height: int, transfer: int) -> None:
        width, height = _even_size(width, height, self._params.height)
        hdr = is_hdr(transfer)
        scale = _movie_timescale(self._clock.time_base)
        self._container = av.open(
            str(self.path), "w", format="mp4",
            options={"movflags": "+faststart", "movie_timescale": str(scale)},
        )  # fmt: skip
        options = {"preset": self._params.preset, "crf": str(self._params.crf)}
        options |= light_params(frame) if hdr and self._map is None else {}
        rate = self._clock.rate.limit_denominator(1 << 20)
        stream = self._container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, self._format(frame, hdr=hdr)
        context = stream.codec_context
        context.sample_aspect_ratio = _pixel_aspect(self._shape * height / width)
        context.time_base = self._clock.time_base
        context.gop_size = self._params.gop
        context.thread_count = self._params.threads
        context.color_range, context.colorspace = frame.color_range, frame.colorspace
        if frame.format.is_rgb:
            context.color_range, context.colorspace = _LIMITED, BT601
        told = getattr(frame, "color_primaries", 2)  # PyAV 17 and later
        context.color_primaries = told if told != 2 else self._video.primaries
        context.color_trc = transfer
        if self._map is not None:
            context.colorspace = context.color_primaries = context.color_trc = BT709
            context.color_range = _LIMITED
        self._stream, self.look = stream, Look.of(stream)
        if self._sound is not None and self._sound.samples.size:
            sound = self._sound
            track = aac_stream(self._container, sound.rate, len(sound.samples))
            self._sound_packets.extend(encode_aac(track, sound.samples, sound.rate, sound.layout))
        self._sound = None

    def _format(self, frame: av.VideoFrame, *, hdr: bool) -> str:
        """The clip's pixel format: 8 bit, full range where the film's name of its own says so."""
        if hdr and self._map is None and bit_depth(frame.format) > 8:
            return "yuv420p10le"
        return "yuvj420p" if frame.format.name.startswith("yuvj") and self._map is None else "yuv420p"

    def _fit(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self._upright is not None:
            frame = self._upright(frame)
        if self._map is not None:
            frame = self._map(frame)
        width, height, format_ = self._stream.width, self._stream.height, self._stream.pix_fmt
        if (frame.width, frame.height, frame.format.name) == (width, height, format_):
            return frame
        wanted = {"dst_colorspace": BT601, "dst_color_range": _LIMITED} if frame.format.is_rgb else {}
        return cast(Any, frame).reformat(  # type: ignore[no-any-return]
            width=width, height=height, format=format_, interpolation="BICUBIC", **wanted
        )


def _even_size(width: int, height: int, wanted: int | None) -> tuple[int, int]:
    """yuv420p needs even sides; a smaller height keeps the aspect."""
    if wanted is not None and wanted != height:
        width, height = round(width * wanted / height), wanted
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def _pixel_aspect(exact: Fraction) -> Fraction:
    """The nearest ratio of numbers that H.264 and its encoder can hold."""
    if exact > 1:
        return 1 / (1 / exact).limit_denominator(_MOST_ASPECT)
    return exact.limit_denominator(_MOST_ASPECT)


def _movie_timescale(time_base: Fraction) -> int:
    """A unit for the movie's header in which frames and samples come out whole."""
    common = math.lcm(time_base.denominator, 48000)
    return common if common <= 1_000_000 else max(time_base.denominator, 48000)
