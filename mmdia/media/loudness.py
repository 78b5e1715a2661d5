"""Loudness, peak and clipping of a clip.

Loudness is that of ITU-R BS.1770 / EBU R 128, gated, by libavfilter's ``ebur128``. One channel counts
once: a mono clip reads 3 LU less than the same clip as two equal channels.
"""

from __future__ import annotations

import math

import av
import av.error
import av.filter
import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]

#: Gated blocks are 0.4 s long; anything shorter has no loudness.
_SHORTEST_S = 0.4

#: The filter's answer when every block lies below the absolute gate.
_GATE = -70.0

#: From here on a 16-bit sample counts as full scale, and so many in a row as clipped.
_FULL, _RUN = 32760 / 32768, 3

_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def loudness_lufs(samples: Floats32, rate: int) -> float | None:
    """Integrated loudness of samples (channels, n), LUFS; None for silence and for under 0.4 s."""
    if samples.shape[0] not in _LAYOUTS or samples.shape[1] < _SHORTEST_S * rate:
        return None
    layout = _LAYOUTS[samples.shape[0]]
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="fltp", layout=layout)
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout
    )
    frame.sample_rate, frame.pts = rate, 0
    graph.push(frame)
    graph.push(None)
    told: str | None = None
    while True:
        try:
            # PyAV has told of a frame's metadata for some releases only; without them, no figure.
            told = getattr(graph.pull(), "metadata", {}).get("lavfi.r128.I", told)
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    value = math.nan if told is None else float(told)
    return value if value > _GATE else None


def peak_dbfs(samples: Floats32) -> float | None:
    """Highest sample, dB of full scale; None for silence."""
    peak = float(np.abs(samples).max(initial=0.0))
    return 20 * math.log10(peak) if peak > 0 else None


def clipped_share(samples: Floats32) -> float:
    """Share of samples that stand in runs of three or more at full scale, over all channels."""
    if not samples.size:
        return 0.0
    total = 0
    for channel in samples:
        for side in (channel >= _FULL, channel <= -_FULL):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], side.astype(np.int8), [0]])))
            lengths = edges[1::2] - edges[::2]
            total += int(lengths[lengths >= _RUN].sum())
    return total / samples.size
