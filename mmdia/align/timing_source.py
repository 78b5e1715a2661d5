"""Times of subtitle lines as evidence, whatever their language."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmdia.align import offsets, speeds
from mmdia.align.edge import edge_ratio, nearest
from mmdia.align.occupancy import Grid, occupancy, spoken
from mmdia.align.source import Candidates, Edges, Family
from mmdia.align.track import Floats, Ints, Track

#: Lines times offsets that are worked out together.
_CELLS = 40_000


@dataclass(frozen=True)
class TimingSource:
    """Line starts and ends near those of media lines, and speech where speech should be.

    Attributes:
        anno: The annotation, in the solver's order.
        media: The media track, in time order.
        onset: Starts of spoken media lines, ascending.
        close: Ends of spoken media lines, ascending.
        marks: Starts of media lines that hold nothing but marks, ascending; may be empty.
        speaking: Running sum of media occupancy on `grid`, shape (steps + 1,).
        grid: The grid of `speaking`.
        rate: Media lines a second, where they are dense.
        sigma_s: Width of the agreement expected of starts.
    """

    anno: Track
    media: Track
    onset: Floats
    close: Floats
    marks: Floats
    speaking: Floats
    grid: Grid
    rate: float
    sigma_s: float = 0.16

    @classmethod
    def of(cls, anno: Track, media: Track, sigma_s: float = 0.16) -> TimingSource:
        """Evidence from the lines of a media track."""
        start, end = spoken(media)
        span = float(end.max()) - float(start.min())
        grid = Grid.over(float(start.min()), float(end.max()), 0.05)
        on = occupancy(start, end, grid)
        rate = max(0.02, len(start) / max(1.0, 0.8 * span))
        return cls(
            anno,
            media,
            np.sort(start),
            np.sort(end),
            np.sort(media.start_s[~media.speech]),
            np.concatenate([[0.0], np.cumsum(on)]),
            grid,
            rate,
            sigma_s,
        )

    @property
    def name(self) -> Family:
        """As `Source.name`."""
        return "timing"

    def speeds(self) -> list[float]:
        """As `Source.speeds`."""
        return speeds.from_timing(self.anno, self.media)

    def offsets(self, scale: float) -> Candidates:
        """As `Source.offsets`."""
        return offsets.from_timing(self.anno, self.media, scale)

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """As `Source.nats`.

        Lines that are not spoken gain a little where the media has a mark, and never lose: not
        every release carries marks.
        """
        n, k = len(self.anno), len(offsets)
        total = np.empty((n, k))
        # Block by block: what fits the processor's cache is quick, and memory stays bounded.
        block = max(1, _CELLS // max(1, k))
        for first in range(0, n, block):
            rows = slice(first, first + block)
            total[rows] = self._block(rows, scale, offsets)
        return total

    def _block(self, rows: slice, scale: float, offsets: Floats) -> Floats:
        """Nats of some lines."""
        start = self.anno.start_s[rows, None] * scale + offsets
        end = self.anno.end_s[rows, None] * scale + offsets
        total = edge_ratio(nearest(start, self.onset), self.sigma_s, 0.55, self.rate)
        total += 0.6 * edge_ratio(nearest(end, self.close), 1.4 * self.sigma_s, 0.45, self.rate)
        total += 0.5 * self._speaking(start, end)
        silent = ~self.anno.speech[rows]
        total[silent] = 0.0
        if len(self.marks) and silent.any():
            gain = edge_ratio(nearest(start[silent], self.marks), self.sigma_s, 0.55, self.rate)
            total[silent] = np.maximum(0.0, 0.5 * gain)
        return total

    def _speaking(self, start: Floats, end: Floats) -> Floats:
        """Ratio of the share of a line's time in which the media speaks to its mean share."""
        a = np.floor(self.grid.index(start)).astype(np.int64)
        b = np.ceil(self.grid.index(end)).astype(np.int64)
        steps = np.maximum(1.0, (end - start) / self.grid.step_s)
        share = np.minimum(1.0, (self.speaking[b] - self.speaking[a]) / steps)
        mean = float(self.speaking[-1]) / self.grid.steps
        ratio = (0.05 + 0.95 * share) / (0.05 + 0.95 * mean)
        return np.asarray(np.log(0.25 + 0.75 * ratio), dtype=np.float64)

    def within(self, sigma_s: float) -> TimingSource:
        """As `Source.within`."""
        return replace(self, sigma_s=sigma_s)

    def decoy(self, anno: Track, order: Ints) -> TimingSource:
        """As `Source.decoy`."""
        return replace(self, anno=anno)

    def edges(self) -> Edges | None:
        """As `Source.edges`."""
        return Edges(self.onset, self.close)
