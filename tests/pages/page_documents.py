"""Time-map documents as the solver makes them, and hostile ones."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from mmdia.schema.timemap import DiscrepancySeries, LineRow, ReviewRow, SegmentRow, TimeMapFile

Piece = tuple[float, float, float, float]

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='x",
    "<!-- -->",
    "</title></style><b>",
    "]]>",
    "\x00\x1b\ud800\ufffe",
    "&amp; & &lt;",
    "javascript:alert(1)",
    "http://evil.example/x",
)


def track(n: int, length_s: float = 6600.0, seed: int = 1) -> list[tuple[float, float]]:
    dice = random.Random(seed)
    step = length_s / n
    return [(20 + i * step, 20 + i * step + dice.uniform(0.3, 0.9) * step) for i in range(n)]


def document(
    verdict: str, pieces: list[Piece], n: int = 60, length_s: float = 600.0, **more
) -> TimeMapFile:
    """A document of pieces (start, end, scale, offset) with anchors scattered by 30 ms."""
    dice = random.Random(3)
    lines, anno, start, duration = [], [], [], []
    for i, (a, b) in enumerate(track(n, length_s)):
        piece = next((p for p in pieces if p[0] <= a and b <= p[1]), None)
        scale, offset = (piece[2], piece[3]) if piece else (1.0, pieces[0][3] if pieces else 0.0)
        here = piece is not None
        sure = 0.98 if here else 0.01
        lines.append(
            LineRow(i=i, start=scale * a + offset, end=scale * b + offset, present=here, confidence=sure)
        )
        if here:
            anno.append(a)
            start.append((scale - 1) * a + offset + dice.gauss(0, 0.03))
            duration.append((scale - 1) * (b - a) + dice.gauss(0, 0.05))
    ok = verdict != "wrong_film"
    fields = {
        "verdict": verdict,
        "confidence": 0.9999 if ok else 0.003,
        "accepted": ok,
        "scale": pieces[0][2] if pieces else 1.0,
        "segments": tuple(SegmentRow(anno_start=a, anno_end=b, scale=r, offset=o) for a, b, r, o in pieces),
        "lines": tuple(lines),
        "discrepancy": DiscrepancySeries(
            anno_time=tuple(anno), start=tuple(start), duration=tuple(duration)
        ),
        "evidence": {"kind": "sidecar", "mode": "text", "n_lines": n, "residual_mad_s": 0.02},
        "reasons": () if ok else ("wrong_film",),
        "annotation": "demo 1.0::film",
        "media": "film.mkv",
    }
    return TimeMapFile(**{**fields, **more})


def translation(n: int = 60, **more) -> TimeMapFile:
    return document("translation", [(0.0, 700.0, 1.0, 12.5125)], n, **more)


def pal(**more) -> TimeMapFile:
    return document("speed", [(0.0, 700.0, 960 / 1001, 3.21)], scale_ratio="960/1001", **more)


def edited(**more) -> TimeMapFile:
    """92 s missing from 200 s on, 45 s added at 400 s."""
    pieces = [(0.0, 200.0, 1.0, 12.5), (292.0, 400.0, 1.0, -79.5), (400.0, 700.0, 1.0, -34.5)]
    return document("segments", pieces, reasons=("edits_found",), **more)


def wrong(**more) -> TimeMapFile:
    return document("wrong_film", [], **more)


numbers = st.floats(allow_nan=True, allow_infinity=True)
text = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
# Surrogates cannot come from a UTF-8 file, but a file name may hold them; pydantic refuses them.
field_text = text.map(lambda s: s.encode("utf-8", "replace").decode("utf-8"))

segments = st.builds(
    SegmentRow, anno_start=numbers, anno_end=numbers, scale=numbers, offset=numbers, confidence=numbers,
    residual_s=numbers,
)  # fmt: skip
lines = st.builds(
    LineRow, i=st.integers(-3, 10), start=numbers, end=numbers, present=st.booleans(), confidence=numbers,
    dialogue_id=st.none() | field_text, turn=st.none() | st.integers(0, 9),
)  # fmt: skip
series = st.builds(
    DiscrepancySeries,
    anno_time=st.lists(numbers, max_size=6), start=st.lists(numbers, max_size=6),
    duration=st.lists(numbers, max_size=6),
)  # fmt: skip
reviews = st.builds(
    ReviewRow, kind=field_text, anno_start=numbers, anno_end=numbers,
    lines=st.lists(st.integers(-2, 9), max_size=4), detail=field_text,
)  # fmt: skip
strips = st.fixed_dictionaries(
    {
        "share": st.lists(numbers, max_size=6) | field_text,
        "start_s": numbers | field_text,
        "step_s": numbers,
    }
)
documents = st.builds(
    TimeMapFile,
    verdict=st.sampled_from(("identity", "translation", "speed", "segments", "wrong_film")) | field_text,
    confidence=numbers,
    accepted=st.booleans(),
    policy=field_text,
    scale=numbers,
    scale_ratio=st.none() | field_text | st.sampled_from(("25/24", "1/0")),
    segments=st.lists(segments, max_size=4),
    lines=st.lists(lines, max_size=6),
    discrepancy=series,
    evidence=st.dictionaries(
        field_text | st.sampled_from(("speech", "fingerprint_strip", "detector", "mode")),
        st.none() | field_text | st.integers() | numbers | strips,
        max_size=4,
    ),
    needs_review=st.lists(reviews, max_size=3),
    reasons=st.lists(field_text | st.sampled_from(("wrong_film", "no_evidence")), max_size=3),
    annotation=st.none() | field_text,
    media=st.none() | field_text,
)
