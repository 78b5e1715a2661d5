"""From a nominal window to whole frames and whole samples: the snap rule.

With a picture: a' is the stamp of the last frame that appears at or before a + 1 ms (the frame
on screen at a), b' the stamp of the frame after the last one that appears at or before b - 2 ms.
The slack is for containers that round stamps to milliseconds. Without a picture a' = a, b' = b.
Times are compared as whole nanoseconds, so that no float decides a tie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from mmdia.errors import UsageError, WindowOutside
from mmdia.media.index import MediaIndex, VideoIndex

#: A frame that appears this much after the start still counts as on screen at the start.
START_SLACK_NS = 1_000_000
#: A frame that appears less than this before the end is not shown any more.
END_SLACK_NS = 2_000_000
#: A window may reach this far beyond the media on either side (it is cut there), not further: the
#: last cue of a film often outlives it by some frames, but a dialogue must not lose words.
OVERHANG_S = 0.25
#: A frame that lasts longer stands still.
_STANDS_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """A window on whole frames, in player time.

    Attributes:
        start: a', exact seconds.
        end: b', exact seconds, exclusive.
        first_frame: Number of its first frame in the index; 0 without a picture.
        n_frames: How many frames it shows; 0 without a picture.
        first_pts: Stamp of the first frame, ticks of the stream; None without a picture.
        last_pts: Stamp of the last frame shown.
    """

    start: Fraction
    end: Fraction
    first_frame: int = 0
    n_frames: int = 0
    first_pts: int | None = None
    last_pts: int | None = None

    @property
    def start_s(self) -> float:
        """Its start a', seconds."""
        return float(self.start)

    @property
    def end_s(self) -> float:
        """Its end b', seconds."""
        return float(self.end)

    @property
    def span(self) -> tuple[float, float]:
        """Its start and end, seconds."""
        return float(self.start), float(self.end)

    @property
    def duration(self) -> Fraction:
        """Its length b' - a', exact seconds."""
        return self.end - self.start


def reach(index: MediaIndex) -> tuple[float, float]:
    """First and last player second of what windows are made of: the picture, else the sound."""
    video = index.video
    return (0.0, index.duration_s) if video is None else (float(video.time_of(0)), float(video.end))


def snap(index: MediaIndex, start_s: float, end_s: float, *, overhang_s: float = OVERHANG_S) -> Window:
    """The window of whole frames for the nominal window [start_s, end_s).

    Args:
        index: Index of the film.
        start_s: a, seconds of player time.
        end_s: b, seconds of player time.
        overhang_s: How far the window may reach beyond the media before it is refused.

    Raises:
        UsageError: The window is empty, runs backwards or is no number.
        WindowOutside: It lies outside the media, or reaches further out than `overhang_s`.
    """
    if not (math.isfinite(start_s) and math.isfinite(end_s)) or end_s <= start_s:
        raise UsageError("a window must end after it starts", got=f"[{start_s}, {end_s})")
    video = index.video
    first, last = reach(index)
    if start_s >= last or end_s <= first or start_s < first - overhang_s or end_s > last + overhang_s:
        what = "sound" if video is None else "picture"
        late = start_s >= last or end_s > last + overhang_s
        told = f"ends at {last:.3f} s" if late else f"begins at {first:.3f} s"
        raise WindowOutside(
            f"the window lies outside the media: the {what} {told}",
            expected=f"inside [{first:.3f}, {last:.3f})",
            got=f"[{start_s:.3f}, {end_s:.3f})",
        )
    start_ns, end_ns = round(start_s * 1e9), round(end_s * 1e9)
    if video is None:
        return Window(Fraction(max(start_ns, 0), 10**9), Fraction(end_ns, 10**9))
    i = max(0, video.frame_at(start_ns + START_SLACK_NS))
    j = max(i, video.frame_at(end_ns - END_SLACK_NS))
    return Window(
        start=video.time_of(i),
        end=video.time_of(j + 1),
        first_frame=i,
        n_frames=j - i + 1,
        first_pts=int(video.pts[i]),
        last_pts=int(video.pts[j]),
    )


def tile(index: MediaIndex, edges: Sequence[float], *, overhang_s: float = OVERHANG_S) -> list[Window]:
    """Windows between neighbouring edges that share no frame and leave none out.

    The snap rule shows the frame at a common edge in both neighbours. Here each inner edge is
    snapped once, as a start, and the window before ends there; joined, the windows are
    ``snap(index, edges[0], edges[-1])``. Windows that come out empty (edges within one frame)
    are left out. A window's `start_s` and `end_s` may be asked for again: they snap to themselves.

    Raises:
        UsageError: Fewer than two edges, or edges that do not rise.
        WindowOutside: The whole lies outside the media.
    """
    return [window for _, window in numbered_tiles(index, edges, overhang_s=overhang_s)]


def numbered_tiles(
    index: MediaIndex, edges: Sequence[float], *, overhang_s: float = OVERHANG_S
) -> list[tuple[int, Window]]:
    """`tile`, each window with the number of the edge that it begins at (empty ones are missing).

    Raises:
        UsageError: Fewer than two edges, or edges that do not rise.
        WindowOutside: The whole lies outside the media.
    """
    if len(edges) < 2 or any(b <= a for a, b in pairwise(edges)):
        raise UsageError("edges must rise", expected="at least two", got=list(edges))
    whole = snap(index, edges[0], edges[-1], overhang_s=overhang_s)
    if index.video is None:
        inner = [Fraction(round(edge * 1e9), 10**9) for edge in edges[1:-1]]
        cuts = [whole.start, *(min(max(at, whole.start), whole.end) for at in inner), whole.end]
        return [(n, Window(a, b)) for n, (a, b) in enumerate(pairwise(cuts)) if b > a]
    video, last = index.video, whole.first_frame + whole.n_frames
    frames = [whole.first_frame]
    for edge in edges[1:-1]:
        at = video.frame_at(round(edge * 1e9) + START_SLACK_NS)
        frames.append(min(max(at, frames[-1]), last))
    return [
        (n, Window(video.time_of(i), video.time_of(j), i, j - i, int(video.pts[i]), int(video.pts[j - 1])))
        for n, (i, j) in enumerate(pairwise([*frames, last]))
        if j > i
    ]


def frame_on_screen(video: VideoIndex, time_s: float) -> int:
    """Number of the frame on screen at `time_s` (with the slack of the snap rule).

    Raises:
        WindowOutside: The picture has ended, or starts more than a second later.
    """
    if not video.time_of(0) - Fraction(OVERHANG_S) <= time_s < video.end:
        raise WindowOutside(
            "no frame is on screen then",
            expected=f"inside [{float(video.time_of(0)):.3f}, {float(video.end):.3f})",
            got=f"{time_s:.3f}",
        )
    return max(0, video.frame_at(round(time_s * 1e9) + START_SLACK_NS))


def has_hole(video: VideoIndex, window: Window) -> bool:
    """Whether the picture stands still where the film has lost frames.

    So it is when a frame of the window lasts over a second in a film whose frames do not: in a
    slide show that is how it should be.
    """
    if not window.n_frames or video.n_frames < 3:
        return False
    # The longest is left out: it may be the hole, and longer than the film.
    span = int(video.times_ns[-1]) - int(video.times_ns[0]) - int(np.diff(video.times_ns).max())
    usual = span / max(1, video.n_frames - 2)
    last = window.first_frame + window.n_frames
    times = [*video.times_ns[window.first_frame : last].tolist(), round(window.end * 10**9)]
    return usual < _STANDS_NS / 5 and max(b - a for a, b in pairwise(times)) > _STANDS_NS


def sample_at(time: Fraction, rate: int) -> int:
    """Number of the sample at an exact time: nearest, ties upward."""
    return math.floor(time * rate + Fraction(1, 2))


def sample_range(window: Window, rate: int) -> tuple[int, int]:
    """Samples [first, last) of a window at the source rate: round(a' rate) .. round(b' rate)."""
    return sample_at(window.start, rate), sample_at(window.end, rate)


def output_length(window: Window, source_rate: int, rate: int) -> int:
    """Samples of a window at `rate`.

    At the source rate exactly the source's samples; resampled, round((b' - a') rate) with ties
    upward, so that the length never hangs on the source's rate.
    """
    if rate == source_rate:
        first, last = sample_range(window, rate)
        return last - first
    return sample_at(window.duration, rate)
