"""Lazy views of clips: where a clip's sound and picture lie, read when they are asked for.

A view binds a path and a stretch of it; it is a plain value that pickles and holds nothing open. It
reads clips that a rebuild wrote, loose or in shards, or cuts the same clip straight from the film:
the same rule finds the same frames and, bit for bit, the same samples. Open files are kept in a
small pool of each process (`mmdia.media.reader_pool`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mmdia.corpus.view_sources import (
    PictureSource,
    SoundSource,
)
from mmdia.errors import MediaUnreadable, UsageError, WindowOutside
from mmdia.media.readers import Choice

#: Slack of the snap rule: a frame that appears this much after the start is on screen at the start.
_START_SLACK_NS, _END_SLACK_NS = 1_000_000, 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Samples of a clip.

    Attributes:
        samples: float32 (channels, n), -1..1; exactly the 16 bit values of the clip.
        rate: Samples per second.
    """

    samples: npt.NDArray[np.float32]
    rate: int

    @property
    def mono(self) -> npt.NDArray[np.float32]:
        """All channels averaged: float32 (n,)."""
        if len(self.samples) == 1:
            return np.asarray(self.samples[0], np.float32)
        return np.asarray(self.samples.mean(axis=0), np.float32)

    @property
    def pcm(self) -> npt.NDArray[np.int16]:
        """The samples as int16 (n, channels), as the receipt's hash is made of."""
        return np.asarray(np.clip(np.rint(self.samples.T * 32768), -32768, 32767), np.int16)


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Frames of a clip.

    Attributes:
        rgb: uint8 (n, height, width, 3), upright.
        times_s: Clip second at which each appears, float64 (n,).
    """

    rgb: npt.NDArray[np.uint8]
    times_s: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times_s)


@dataclass(frozen=True, slots=True)
class ClipView:
    """A clip, or a stretch of one, that is read when it is asked for.

    Attributes:
        dialogue_id: The dialogue.
        sound: Where its sound lies; None without.
        picture: Where its picture lies; None without.
        turns: Start and end of each turn, clip seconds; None for a turn without times.
        start_s: Where the view begins, clip seconds.
        end_s: Where it ends; None is the clip's end.
        backend: Who reads (`mmdia.media.readers`).
        source: ``clip`` or ``film``.
    """

    dialogue_id: str
    sound: SoundSource | None
    picture: PictureSource | None
    turns: tuple[tuple[float, float] | None, ...] = ()
    start_s: float = 0.0
    end_s: float | None = None
    backend: Choice = field(default="auto", hash=False)
    source: Literal["clip", "film"] = "clip"

    def part(self, start_s: float = 0.0, end_s: float | None = None) -> ClipView:
        """A stretch of this view, seconds from its own start; nothing is read.

        Raises:
            UsageError: It ends before it starts, or starts before the view.
        """
        start, end = self._within(start_s, end_s)
        return replace(self, start_s=start, end_s=end)

    def turn(self, number: int) -> ClipView:
        """The stretch of one turn of the dialogue (of the whole clip, also from a part of it).

        Raises:
            UsageError: There is no such turn, or it has no times.
        """
        span = self.turns[number] if 0 <= number < len(self.turns) else None
        if span is None:
            raise UsageError(
                "the clip has no such turn with times", expected=f"0..{len(self.turns) - 1}", got=number
            )
        # A turn may begin a hair before the clip: windows snap to frames.
        return replace(self, start_s=max(0.0, span[0]), end_s=span[1])

    def audio(self, start_s: float = 0.0, end_s: float | None = None) -> Sound | None:
        """The sound from `start_s` to `end_s`, seconds of the view; None where the clip has none.

        Samples round(start * rate) to round(end * rate) of the clip, as many as there are.

        Raises:
            MediaNotFound: The file is gone.
            MediaUnreadable: It does not decode, is another film than the clip was cut from, or the
                backend cannot be right about it.
            UsageError: The stretch ends before it starts.
        """
        if self.sound is None:
            return None
        start, end = self._within(start_s, end_s)
        samples, rate = self.sound.read(self.backend, start, end)
        return Sound(samples, rate)

    def frames(
        self, start_s: float = 0.0, end_s: float | None = None, *, times: npt.ArrayLike | None = None
    ) -> Frames | None:
        """The frames from `start_s` to `end_s` by the snap rule; None where there is no picture.

        Args:
            start_s: Seconds of the view.
            end_s: Seconds of the view; None is its end.
            times: Instead of all frames, those on screen at these seconds of the view.

        Raises:
            WindowOutside: A time lies outside the clip.
            MediaNotFound, MediaUnreadable, UsageError: See `audio`.
        """
        if self.picture is None:
            return None
        start, end = self._within(start_s, end_s)
        seconds = None if times is None else np.atleast_1d(np.asarray(times, np.float64)) + self.start_s
        with self.picture.opened(self.backend) as reader:
            wanted = _choose(reader.times_ns, reader.end_ns, start, end, seconds)
            found = dict(zip(np.unique(wanted).tolist(), _fetch(reader, np.unique(wanted)), strict=True))
            rgb = [found[number] for number in wanted.tolist()]
            stamps = reader.times_ns[wanted] / 1e9 - self.start_s
        if not rgb:
            raise MediaUnreadable("the clip shows no frame", path=self.picture.path)
        return Frames(np.stack(rgb), stamps)

    def frame_at(self, time_s: float) -> npt.NDArray[np.uint8] | None:
        """The frame on screen at a second of the view: uint8 (height, width, 3)."""
        found = self.frames(times=[time_s])
        return None if found is None else found.rgb[0]

    def turn_frame(self, number: int) -> npt.NDArray[np.uint8] | None:
        """The frame at the middle of a turn, as keyframes are taken (paper A.6)."""
        view = self.turn(number)
        end = view.end_s or view.start_s
        return replace(self, start_s=0.0, end_s=None).frame_at((view.start_s + end) / 2)

    def _within(self, start_s: float, end_s: float | None) -> tuple[float, float | None]:
        """A stretch of the view as a stretch of the clip."""
        good = math.isfinite(start_s) and start_s >= 0 and (end_s is None or end_s >= start_s)
        if not good:
            raise UsageError("a stretch must end after it starts", got=f"[{start_s}, {end_s})")
        start = self.start_s + start_s
        ends = [e for e in (self.end_s, None if end_s is None else self.start_s + end_s) if e is not None]
        return start, min(ends, default=None)


def _choose(
    times_ns: npt.NDArray[np.int64], end_ns: int, start: float, end: float | None,
    seconds: npt.NDArray[np.float64] | None,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Numbers of the frames that are wanted, by the snap rule on the clip's own time."""
    last_ns = end_ns if end is None else min(round(end * 1e9), end_ns)
    if seconds is None:
        first = max(0, int(np.searchsorted(times_ns, round(start * 1e9) + _START_SLACK_NS, "right")) - 1)
        last = int(np.searchsorted(times_ns, last_ns - _END_SLACK_NS, "right")) - 1
        return np.arange(first, max(first, last) + 1 if start * 1e9 < end_ns else first)
    at = np.rint(seconds * 1e9).astype(np.int64)
    if at.size and (int(at.min()) < round(start * 1e9) - _START_SLACK_NS or int(at.max()) >= last_ns):
        span = f"[0, {last_ns / 1e9 - start:.3f})"
        raise WindowOutside(
            "no frame is on screen then", expected=f"within {span}", got=(seconds - start).tolist()
        )
    return np.maximum(np.searchsorted(times_ns, at + _START_SLACK_NS, "right") - 1, 0)


def _fetch(reader: Any, numbers: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames by number, rising; neighbours in one request."""
    if not len(numbers):
        return
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    for run in np.split(numbers, breaks):
        yield from reader.fetch(int(run[0]), len(run))
