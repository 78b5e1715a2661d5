"""The film's sound: voices, effects, music, rain, and the pilot under all of it."""

from __future__ import annotations

import numpy as np
import sounds
from timeline import Film, frame_at

from mmdia.testing.stamps import pilot

RATE = sounds.RATE
PILOT_FLOOR_DB, PILOT_UNDER_DB = -54.0, -30.0


def _envelope(x: sounds.Floats) -> sounds.Floats:
    """Smooth level of the mix (50 ms), so that the pilot hides under it."""
    window = np.hanning(int(0.1 * RATE))
    size = 1 << (len(x) + len(window)).bit_length()
    power = np.fft.irfft(np.fft.rfft(x**2, size) * np.fft.rfft(window / window.sum(), size), size)
    half = len(window) // 2
    return np.asarray(np.sqrt(np.maximum(power[half : half + len(x)], 0)))


def _add(track: sounds.Floats, at: int, sound: sounds.Floats) -> None:
    end = min(at + len(sound), len(track))
    track[at:end] += sound[: end - at]


def _beds(film: Film, track: sounds.Floats) -> None:
    """Rain outdoors, an engine on the platform, music where a line is marked with it."""
    for _, place, first, last in film.scenes:
        at, seconds = round(first * RATE * 1001 / 24_000), (last - first) * 1001 / 24_000
        if place in ("yard", "platform"):
            _add(track, at, sounds.rain(seconds))
        if place == "platform":
            _add(track, at, sounds.hum(seconds))
    dialogues: dict[str, list[int]] = {}
    for placed in film.lines:
        if placed.dialogue and any(m.kind == "music" for m in placed.line.marks):
            dialogues.setdefault(placed.dialogue.id, []).extend((placed.start, placed.end))
    for spans in dialogues.values():
        start, end = max(0, min(spans) - RATE), min(len(track), max(spans) + 2 * RATE)
        _add(track, start, sounds.piano((end - start) / RATE))


def mix(film: Film) -> sounds.Floats:
    """The whole sound track, float samples at 48 kHz."""
    track = np.zeros(film.n_samples)
    _beds(film, track)
    for placed in film.lines:
        for at, _, sound in placed.parts:
            _add(track, at, sound)
    floor, under = 10 ** (PILOT_FLOOR_DB / 20), 10 ** (PILOT_UNDER_DB / 20)
    track += np.maximum(floor, under * _envelope(track)) * pilot(0, len(track))
    assert float(np.abs(track).max()) < 0.99, "the mix clips"
    assert frame_at(len(track) - 1) == film.n_frames - 1
    return track
