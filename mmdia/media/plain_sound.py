"""A plain decode of a film's sound, for the proof of clips (`mmdia.media.proof`).

It knows nothing of segments, runs or channel rules: frames are strung together as they come, and a
stretch of them is placed by the middle of its stamps. What comes out is reduced to 8 kHz.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import av
import numpy as np
import soxr

from mmdia.errors import MediaUnreadable
from mmdia.media.index import MediaIndex
from mmdia.media.mix import Floats32, channel_names
from mmdia.media.packets import leave_out_others, packets
from mmdia.media.probe import open_input
from mmdia.media.sound_block import is_sane, rows_of

#: Samples per second of what comes out.
PLAIN_RATE = 8000
#: A decoder is given that much before a span, seconds.
LEAD_S = 0.3
#: Stamps that stray to one side for so many frames, by more than this, begin another stretch, seconds.
#: Those that come back do not: laced blocks of Matroska guess some eight, milliseconds are rounded.
_STRAY_S, _STAYS = 0.003, 16
#: Frames that say their rate lie together like this, where it changes, seconds.
_STEADY_S = 0.006
#: A stretch is no longer than this, so that what is done with can go, seconds.
_LONGEST_S = 30
#: Stamps after which a stretch is placed anew only now and then, and frames that are reduced at once.
_SURE, _BATCH = 64, 32


#: A frame and its player second.
_Stamped: TypeAlias = tuple[av.AudioFrame, float | None]


class Plain(NamedTuple):
    """A stretch of a film's sound without a break.

    Attributes:
        start_s: Player second of its first sample.
        samples: float32 (channels, n) at 8 kHz.
        spread_s: How far its stamps lie apart from an even count, seconds: its place is no surer.
        centre: Which channel is the centre; None without one.
    """

    start_s: float
    samples: Floats32
    spread_s: float = 0.0
    centre: int | None = None

    @property
    def end_s(self) -> float:
        """Player second at which it ends."""
        return self.start_s + float(self.samples.shape[1]) / PLAIN_RATE


class _Run:
    """Frames of one kind strung together, reduced to `PLAIN_RATE`."""

    def __init__(self, frame: av.AudioFrame, tick_s: float) -> None:
        self._tolerance = max(_STRAY_S, 1.5 * tick_s)
        self.kind: tuple[int, str] = (frame.sample_rate, frame.layout.name)
        self.channels = frame.layout.nb_channels
        self._stream = soxr.ResampleStream(
            frame.sample_rate, PLAIN_RATE, self.channels, "float32", quality="LQ"
        )
        self._strays, self._held, self._waiting = list[float](), list[Floats32](), list[av.AudioFrame]()
        #: Player second of its first sample, and how long it is by now.
        self.start_s = self.length_s = 0.0

    def stray(self, second: float | None) -> float:
        """By how much a stamp lies off the count, seconds."""
        due = self.start_s + self.length_s
        return second - due if second is not None and self._strays else 0.0

    def breaks(self, frame: av.AudioFrame, second: float | None, ahead: Iterable[_Stamped]) -> bool:
        """Whether stamps leave the run for good: a single one, or a block that comes back, does not."""
        if self.kind != (frame.sample_rate, frame.layout.name):
            return True
        strays, due = [self.stray(second)], frame.samples
        if abs(strays[0]) <= self._tolerance:
            return False
        for following, at in ahead:
            strays += [] if at is None else [self.stray(at) - due / frame.sample_rate]
            due += following.samples
        side = np.sign(strays[0])
        return all(side * stray > self._tolerance for stray in strays)

    def add(self, frame: av.AudioFrame, second: float | None) -> None:
        if second is not None:
            self._strays.append(second - self.length_s)
            if len(self._strays) < _SURE or len(self._strays) % _SURE == 0:
                self.start_s = float(np.median(self._strays))
        self.length_s += frame.samples / frame.sample_rate
        self._waiting.append(frame)
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self, *, last: bool = False) -> None:
        """Reduce the frames that wait; `last` brings out what the resampler holds back."""
        rows = np.zeros((self.channels, 0), np.float32)
        if self._waiting:
            rows = rows_of(self._waiting, range(self.channels))
        self._held.append(self._stream.resample_chunk(np.ascontiguousarray(rows.T), last=last).T)
        self._waiting = []

    def plain(self) -> Plain:
        """What is held of it."""
        held = np.concatenate(self._held or [np.zeros((self.channels, 0), np.float32)], axis=1)
        spread = float(np.ptp(np.percentile(self._strays or [0], [5, 95])))
        names = channel_names(self.kind[1], self.channels)
        centre = names.index("FC") if "FC" in names else None
        return Plain(self.start_s, held, spread, centre)


class PlainSound:
    """A plain decode of spans of a film's sound, in one pass.

    Args:
        path: The film.
        index: Its index; must hold sound.
        spans: (first, last) player second of each span that will be asked for.

    Raises:
        MediaUnreadable: The film cannot be opened or has no sound.
    """

    def __init__(self, path: str | Path, index: MediaIndex, spans: list[tuple[float, float]]) -> None:
        if index.audio is None:
            raise MediaUnreadable("the film has no sound", path=path)
        self._left = sorted(spans)
        self._runs: list[_Run] = []
        self._opened = open_input(path)
        container = self._opened.__enter__()
        stream: Any = container.streams[index.audio.stream]
        leave_out_others(container, stream)
        stream.codec_context.thread_count = 1
        self._base, self._start = float(stream.time_base), float(index.start)
        # Packets of AAC tell their own rate in broadcasts only, which have no header of the track.
        told = index.audio.codec != "aac" or not stream.codec_context.extradata
        self._unsteady = index.audio.frame_size > 0 and not index.audio.runs and not told
        self._packets = packets(container, [stream], index.audio.shifts)
        self._frames = self._strung(stream.codec_context)
        self._position = float("-inf")

    def close(self) -> None:
        """Close the film."""
        self._opened.__exit__(None, None, None)

    def take(self, first_s: float, last_s: float) -> list[Plain]:
        """What the film has in a span.

        Raises:
            MediaUnreadable: Nothing but stamps tells the rate that it has there; code ``not_proven``.
        """
        while self._position < last_s + LEAD_S and next(self._frames, False):
            pass
        if self._runs and self._position < float("inf"):
            self._runs[-1].flush()
        if (first_s, last_s) in self._left:
            self._left.remove((first_s, last_s))
        near = [run for run in self._runs if run.start_s < last_s and run.start_s + run.length_s > first_s]
        found = [run.plain() for run in near]
        oldest = self._left[0][0] - LEAD_S if self._left else float("inf")
        kept = [run for run in self._runs[:-1] if run.start_s + run.length_s > oldest]
        self._runs = kept + self._runs[-1:]
        steps = [abs(two.start_s - one.end_s) for one, two in pairwise(found)]
        if self._unsteady and max([*steps, *(held.spread_s for held in found)], default=0) > _STEADY_S:
            raise MediaUnreadable("sound lasts longer, or shorter, than it says", code="not_proven")
        return found

    def _strung(self, context: Any) -> Iterator[bool]:
        """Append frames to runs, one at a step; true each time."""
        coming = self._decoded(context)
        ahead = deque(islice(coming, _STAYS))
        run: _Run | None = None
        while ahead:
            frame, second = ahead.popleft()
            if run is None or run.length_s > _LONGEST_S or run.breaks(frame, second, ahead):
                if run is not None:
                    run.flush(last=True)
                run = _Run(frame, self._base)
                self._runs.append(run)
            run.add(frame, second)
            self._position = second if second is not None else self._position
            yield True
            ahead.extend(islice(coming, 1))
        if run is not None:
            run.flush(last=True)
        self._position = float("inf")

    def _decoded(self, context: Any) -> Iterator[_Stamped]:
        inside = False
        for packet in self._packets:
            if packet.pts is not None:
                second = packet.pts * self._base - self._start
                last = second + (packet.duration or 0) * self._base
                # Sorted, and those that were taken are gone.
                begun = takewhile(lambda span: span[0] - LEAD_S < last, self._left)  # noqa: B023
                near = any(second < end + 2 * LEAD_S for _, end in begun)
                if near and not inside:
                    context.flush_buffers()
                elif not near:
                    self._position = max(self._position, second - LEAD_S)
                inside = near
                if not self._left:
                    return
            try:
                frames = packet.decode() if inside else []
            except av.FFmpegError:
                continue
            for frame in filter(is_sane, frames):
                yield frame, None if frame.pts is None else frame.pts * self._base - self._start
