"""A plain decode of a film's sound, for the proof of clips (`mmdia.media.proof`).

It knows nothing of segments, runs or channel rules: frames are strung together as they come, and a
stretch of them is placed by the middle of its stamps. What comes out is reduced to 8 kHz.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

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
#: A stamp that strays by more than this begins another stretch if the next ones do so too, seconds.
_STRAY_S, _STAYS = 0.012, 5
#: Stamps after which a stretch is placed anew only now and then, and frames that are reduced at once.
_SURE, _BATCH = 64, 32


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

    def __init__(self, frame: av.AudioFrame) -> None:
        self.kind: tuple[int, str] = (frame.sample_rate, frame.layout.name)
        self.channels = frame.layout.nb_channels
        self._stream = soxr.ResampleStream(
            frame.sample_rate, PLAIN_RATE, self.channels, "float32", quality="LQ"
        )
        self._count, self._strays, self._held = 0, list[float](), list[Floats32]()
        self._first, self._waiting = 0, list[av.AudioFrame]()
        #: Player second of its first sample.
        self.start_s: float = 0.0

    def stray(self, second: float | None) -> float:
        """By how much a stamp lies off the count, seconds."""
        due = self.start_s + self._count / int(self.kind[0])
        return second - due if second is not None and self._strays else 0.0

    def add(self, frame: av.AudioFrame, second: float | None) -> None:
        if second is not None:
            self._strays.append(second - self._count / frame.sample_rate)
            if len(self._strays) < _SURE or len(self._strays) % _SURE == 0:
                self.start_s = float(np.median(self._strays))
        self._count += frame.samples
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

    def drop(self, before_s: float) -> None:
        """Forget what lies before a second."""
        needed = (before_s - self.start_s) * PLAIN_RATE
        while len(self._held) > 1 and self._first + self._held[0].shape[1] < needed:
            self._first += self._held.pop(0).shape[1]

    def plain(self) -> Plain:
        """What is held of it."""
        held = np.concatenate(self._held or [np.zeros((self.channels, 0), np.float32)], axis=1)
        spread = float(np.ptp(np.percentile(self._strays or [0], [5, 95])))
        names = channel_names(self.kind[1], self.channels)
        centre = names.index("FC") if "FC" in names else None
        return Plain(self.start_s + self._first / PLAIN_RATE, held, spread, centre)


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
        self._packets = packets(container, [stream], index.audio.shifts)
        self._frames = self._strung(stream.codec_context)
        self._position = float("-inf")

    def close(self) -> None:
        """Close the film."""
        self._opened.__exit__(None, None, None)

    def take(self, first_s: float, last_s: float) -> list[Plain]:
        """What the film has in a span."""
        while self._position < last_s + LEAD_S and next(self._frames, False):
            pass
        if self._runs and self._position < float("inf"):
            self._runs[-1].flush()
        found = [run.plain() for run in self._runs]
        if (first_s, last_s) in self._left:
            self._left.remove((first_s, last_s))
        oldest = self._left[0][0] - LEAD_S if self._left else float("inf")
        kept = [run for run, held in zip(self._runs, found, strict=True) if held.end_s > oldest]
        self._runs = kept or self._runs[-1:]
        for run in self._runs:
            run.drop(oldest)
        return [held for held in found if held.start_s < last_s and held.end_s > first_s]

    def _strung(self, context: Any) -> Iterator[bool]:
        """Append frames to runs, one at a step; true each time."""
        coming = self._decoded(context)
        ahead: deque[tuple[av.AudioFrame, float | None]] = deque()
        while True:
            while len(ahead) < _STAYS and (following := next(coming, None)) is not None:
                ahead.append(following)
            if not ahead:
                if self._runs:
                    self._runs[-1].flush(last=True)
                self._position = float("inf")
                return
            frame, second = ahead.popleft()
            if not self._runs or self._breaks(self._runs[-1], frame, second, ahead):
                if self._runs:
                    self._runs[-1].flush(last=True)
                self._runs.append(_Run(frame))
            self._runs[-1].add(frame, second)
            self._position = second if second is not None else self._position
            yield True

    @staticmethod
    def _breaks(run: _Run, frame: av.AudioFrame, second: float | None, ahead: Any) -> bool:
        """Whether stamps leave the run for good: a single one, or a block that comes back, does not."""
        if run.kind != (frame.sample_rate, frame.layout.name):
            return True
        if abs(run.stray(second)) <= _STRAY_S:
            return False
        count, later = frame.samples, []
        for following, at in ahead:
            if at is not None:
                later.append(run.stray(at) - count / frame.sample_rate)
            count += following.samples
        return not later or abs(float(np.median(later))) > _STRAY_S

    def _decoded(self, context: Any) -> Iterator[tuple[av.AudioFrame, float | None]]:
        inside = False
        for packet in self._packets:
            second = None if packet.pts is None else packet.pts * self._base - self._start
            if second is not None:
                last = second + (packet.duration or 0) * self._base
                near = False
                for first, end in self._left:  # those that were taken are gone
                    if first - LEAD_S >= last or near:
                        break
                    near = second < end + 2 * LEAD_S
                if near and not inside:
                    context.flush_buffers()
                inside = near
                self._position = max(self._position, second - LEAD_S) if not near else self._position
                if not self._left:
                    return
            if not inside:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in filter(is_sane, frames):
                yield frame, None if frame.pts is None else frame.pts * self._base - self._start
