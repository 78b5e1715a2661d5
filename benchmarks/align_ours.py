"""mmdia's own solver as an aligner of the benchmark."""

from __future__ import annotations

import resource
import time

from align_cases import Answer, Case

from mmdia.align.result import Alignment, Mode
from mmdia.align.solve import align
from mmdia.sync.listen import listen


def found(case: Case, mode: Mode = "auto", vad: str = "webrtc") -> Alignment:
    """Align one case; in mode "audio" by the `media.wav` beside it, nothing else."""
    if mode == "audio":
        activity = listen(case.folder / "media.wav", vad)
        return align(case.anno, [], mode=mode, activity=activity)
    return align(case.anno, case.media, mode=mode)


def solve(case: Case, mode: Mode = "auto") -> Answer:
    """One case; CPU seconds are those of `align` (and of listening), without subtitle files and imports."""
    before = time.process_time()
    got = found(case, mode)
    return answer(got, time.process_time() - before)


def answer(got: Alignment, cpu_s: float = 0.0) -> Answer:
    """An alignment in the benchmark's words."""
    return Answer(
        [f.start_s for f in got.lines],
        [f.end_s for f in got.lines],
        [f.present for f in got.lines],
        [f.confidence for f in got.lines],
        "translation" if got.verdict == "identity" else got.verdict,
        got.confidence,
        [(s.anno_start, s.anno_end, s.scale, s.offset) for s in got.time_map.segments],
        cpu_s,
        evidence=dict(got.evidence),
    )


def peak_mb() -> float:
    """Peak of resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
