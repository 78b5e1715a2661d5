"""A plain decode of a film's sound, for the proof of clips (`mmdia.media.proof`).

It knows nothing of segments, runs or channel rules: frames are strung together as they come, up to
where their own stamps leave for good (`mmdia.media.packet_facts.find_break`), and a stretch of them is
placed by the middle of its stamps. What comes out is reduced to 8 kHz.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import av
import numpy as np
import soxr

from mmdia.errors import MediaUnreadable
from mmdia.media.index import MediaIndex
from mmdia.media.mix import Floats32, channel_names
from mmdia.media.packet_facts import STAYS, find_break, run_tolerance
from mmdia.media.packets import leave_out_others, packets
from mmdia.media.probe import open_input
from mmdia.media.sound_block import is_sane, rows_of

#: Samples per second of what comes out.
PLAIN_RATE = 8000
#: A decoder is given that much before a span, seconds.
LEAD_S = 0.3
#: What stamps that no break parts may leave open of a place at least, and at most, seconds.
_LEAST_S, _MOST_S = 0.001, 0.012
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
        spread_s: How far its stamps lie apart from an even count, seconds: its place is no surer. Beyond
            12 ms nothing is left open.
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
        self._strays, self._held, self._waiting = list[float](), list[Floats32](), list[av.AudioFrame]()
        #: Player second of its first sample, and how long it is by now.
        self.start_s = self.length_s = 0.0

    def fits(self, frame: av.AudioFrame) -> bool:
        """Whether a frame is of its kind."""
        return self.kind == (frame.sample_rate, frame.layout.name)

    def stray(self, second: float | None) -> float:
        """By how much a stamp lies off the count, seconds."""
        due = self.start_s + self.length_s
        return second - due if second is not None and self._strays else 0.0

    def breaks(self, ahead: Iterable[_Stamped], tolerance: float) -> bool:
        """Whether the stamps from a frame on, which `ahead` begins with, leave the run for good."""
        strays, due = [at - self.start_s for at in self._strays[-STAYS:]], 0.0
        known = len(strays)
        for frame, at in takewhile(lambda step: self.fits(step[0]), ahead):
            strays += [np.nan if at is None else self.stray(at) - due]
            due += frame.samples / frame.sample_rate
        broken = find_break(np.array(strays), tolerance)
        return broken is not None and broken <= known

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
        return Plain(self.start_s, held, min(max(spread, _LEAST_S), _MOST_S), centre)


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
        self._tolerance = run_tolerance(Fraction(stream.time_base), 1)
        self._position, self._looking = float("-inf"), False

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
        if self._unsteady and max([sum(steps), *(held.spread_s for held in found)]) > _STEADY_S:
            raise MediaUnreadable("sound lasts longer, or shorter, than it says", code="not_proven")
        return found

    def _strung(self, context: Any) -> Iterator[bool]:
        """Append frames to runs, one at a step; true each time."""
        coming, ahead = self._decoded(context), deque[_Stamped]()
        run: _Run | None = None
        while (step := ahead.popleft() if ahead else next(coming, None)) is not None:
            frame, second = step
            if run is None or run.length_s > _LONGEST_S or self._parts(run, step, ahead, coming):
                if run is not None:
                    run.flush(last=True)
                run = _Run(frame)
                self._runs.append(run)
            run.add(frame, second)
            self._position = second if second is not None else self._position
            yield True
        if run is not None:
            run.flush(last=True)
        self._position = float("inf")

    def _parts(self, run: _Run, step: _Stamped, ahead: deque[_Stamped], coming: Iterator[_Stamped]) -> bool:
        """Whether a run ends before a frame: those that come tell, beyond what is wanted if need be."""
        if not run.fits(step[0]) or abs(run.stray(step[1])) <= self._tolerance:
            return not run.fits(step[0])
        self._looking = True
        ahead.extend(islice(coming, STAYS - len(ahead)))
        self._looking = False
        return run.breaks((step, *ahead), self._tolerance)

    def _decoded(self, context: Any) -> Iterator[_Stamped]:
        inside = False
        for packet in self._packets:
            if packet.pts is not None:
                second = packet.pts * self._base - self._start
                last = second + (packet.duration or 0) * self._base
                # Sorted, and those that were taken are gone.
                begun = takewhile(lambda span: span[0] - LEAD_S < last, self._left)  # noqa: B023
                near = any(second < end + 2 * LEAD_S for _, end in begun) or (inside and self._looking)
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
