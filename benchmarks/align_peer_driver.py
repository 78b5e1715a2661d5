"""Runs inside a peer's own interpreter: calls its engine on two SRT files, writes JSON.

PEER_PYTHON align_peer_driver.py subresync|anchor ANNO MEDIA OUT

Imports nothing of mmdia. Only for tools whose command cannot take two subtitles.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pysubs2


def subresync(anno: str, media: str) -> dict:
    """Its global and piecewise fit; the reference cues stand for its speech detector."""
    from subresync.align.global_align import fit_global
    from subresync.align.piecewise import fit_piecewise
    from subresync.align.signal import cues_to_signal, grid_len
    from subresync.align.warp import build_new_times
    from subresync.config import GRID_S, settings_for_mode

    settings = settings_for_mode("fast")
    lines = [(e.start, e.end) for e in pysubs2.load(anno)]
    heard = [(e.start, e.end) for e in pysubs2.load(media)]
    steps = grid_len(max(b for _, b in heard) / 1000 + 5)
    speech = cues_to_signal(heard, steps)
    whole = fit_global(speech, lines, settings)
    moved = cues_to_signal(lines, steps, scale=whole.scale, offset_s=whole.offset_s)
    unit = GRID_S * 1000
    cells = [(round(whole.apply_ms(a) / unit), round(whole.apply_ms(b) / unit)) for a, b in lines]
    pieces = fit_piecewise(speech, moved, cells, settings)
    times = build_new_times([(i, a, b) for i, (a, b) in enumerate(lines)], whole, pieces, None)
    if whole.confidence < settings.min_global_confidence:
        verdict = "wrong_film"
    elif len(pieces.segments) > 1:
        verdict = "segments"
    else:
        verdict = "speed" if abs(whole.scale - 1) > 5e-4 else "translation"
    return {
        "start": [times[i][0] / 1000 for i in range(len(lines))],
        "end": [times[i][1] / 1000 for i in range(len(lines))],
        "verdict": verdict,
        "film": float(whole.confidence),
    }


#: What its words mean in ours.
_ANCHOR = {
    "in_sync": "translation",
    "loose": "translation",
    "offset": "translation",
    "drifting": "speed",
    "steps": "segments",
    "not_comparable": "wrong_film",
}


def anchor(anno: str, media: str) -> dict:
    """Its word alignment against a reference subtitle, and its verdict."""
    from anchor.utils import alignment, syncverdict

    alignment.console.quiet = True
    lines = pysubs2.load(anno)
    count = len(lines)
    heard = [{"text": e.text, "start": e.start / 1000, "end": e.end / 1000} for e in pysubs2.load(media)]
    aligner = alignment.GlobalAligner(lines, heard, reference=True)
    done = aligner.run()[0]
    said = syncverdict.assess(aligner.anchor_points, count)
    placed = [] if done is None else [(e.start / 1000, e.end / 1000) for e in lines]
    return {
        "start": [a for a, _ in placed],
        "end": [b for _, b in placed],
        "verdict": _ANCHOR[said["verdict"]] if placed else "wrong_film",
        "film": float(said["coverage"]) if placed else 0.0,
    }


if __name__ == "__main__":
    tool, anno_path, media_path, out_path = sys.argv[1:5]
    result = {"subresync": subresync, "anchor": anchor}[tool](anno_path, media_path)
    Path(out_path).write_text(json.dumps(result), encoding="utf-8")
