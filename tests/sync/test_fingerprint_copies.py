"""Real speech through real encoders: what a user's copy does to a sound track."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr

from mmdia.align.fp_match import match
from mmdia.sync.fingerprint import fingerprint_film, listen_fingerprint

RATE = 16000


def _speech(shared_data: Path) -> np.ndarray:
    parts = []
    for path in sorted((shared_data / "speech").rglob("*")):
        if path.suffix in (".wav", ".flac"):
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            parts.append(soxr.resample(samples[:, 0], rate, RATE))
    if not parts:
        pytest.skip("no speech among the test material")
    return np.concatenate(parts)


def _encode(path: Path, samples: np.ndarray, filters: str) -> None:
    """Through a chain of libavfilter into AAC 64k."""
    graph = av.filter.Graph()
    source = graph.add(
        "abuffer", f"sample_rate={RATE}:sample_fmt=flt:channel_layout=mono:time_base=1/{RATE}"
    )
    last = source
    for each in (*filters.split(";"), "aformat=sample_fmts=fltp:sample_rates=44100:channel_layouts=stereo"):
        name, _, arguments = each.partition("=")
        node = graph.add(name, arguments)
        last.link_to(node)
        last = node
    sink = graph.add("abuffersink")
    last.link_to(sink)
    graph.configure()
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100, layout="stereo")
        stream.bit_rate = 64000
        fifo, done = av.AudioFifo(), False
        for at in range(0, len(samples) + 8192, 8192):
            part = samples[None, at : at + 8192]
            if part.size:
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "flt", "mono")
                frame.sample_rate, frame.pts = RATE, at
                source.push(frame)
            elif not done:
                source.push(None)
                done = True
            while True:
                try:
                    got = sink.pull()
                except (av.BlockingIOError, av.EOFError):
                    break
                got.pts = None
                fifo.write(got)
                for full in fifo.read_many(1024):
                    out.mux(stream.encode(full))
        out.mux(stream.encode(None))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("filters", "ratio", "moved"),
    [
        ("lowpass=f=3400;volume=0.3", Fraction(1), False),
        ("atempo=1.0416666667", Fraction(24, 25), False),
        ("asetrate=16667;aresample=16000", None, True),
    ],
)
def test_copies_are_pinned_to_twenty_milliseconds(
    shared_data: Path, tmp_path: Path, filters: str, ratio: Fraction | None, moved: bool
) -> None:
    speech = _speech(shared_data)
    soundfile.write(tmp_path / "anno.flac", speech, RATE)
    _encode(tmp_path / "copy.m4a", speech, filters)
    fit = match(fingerprint_film(tmp_path / "anno.flac"), listen_fingerprint(tmp_path / "copy.m4a"))
    true = float(ratio or Fraction(16000, 16667))
    assert fit.probability > 0.99
    assert fit.pitch_shifted is moved
    if ratio is not None:
        assert fit.scale_ratio == ratio
    grid = np.arange(1.0, len(speech) / RATE - 1)
    placed = [
        next((s.apply(t) for s in fit.segments if s.anno_start_s <= t < s.anno_end_s), np.inf) for t in grid
    ]
    assert np.mean(np.abs(np.array(placed) - true * grid) <= 0.02) >= 0.999
