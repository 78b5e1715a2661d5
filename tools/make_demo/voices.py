"""Lines spoken by flite, as float samples at 48 kHz with silence trimmed off."""

from __future__ import annotations

import subprocess
import tempfile
import wave
from functools import cache
from pathlib import Path

import numpy as np
import sounds
from cast import BASE_STRETCH, VOICES
from script_types import Line, Mark

RATE = sounds.RATE
SPEECH_DB = -21.0


@cache
def _flite(voice: str, text: str, stretch: float) -> sounds.Floats:
    """One utterance, trimmed, resampled from 16 kHz to 48 kHz, RMS at `SPEECH_DB`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        command = [
            "flite",
            "-voice",
            voice,
            "--setf",
            f"duration_stretch={stretch:.3f}",
            "-t",
            text,
            "-o",
            str(path),
        ]
        subprocess.run(command, check=True)
        with wave.open(str(path)) as sound:
            rate = sound.getframerate()
            raw = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float64) / 32768
    loud = np.flatnonzero(np.abs(raw) > 0.012)
    raw = raw[max(0, int(loud[0]) - rate // 100) : int(loud[-1]) + rate // 50]
    up = RATE // rate
    padded = np.concatenate([np.zeros(800), raw, np.zeros(800)])
    spectrum = np.fft.rfft(padded)
    dense = np.fft.irfft(spectrum, len(padded) * up) * up
    out = sounds.fade(dense[800 * up : (800 + len(raw)) * up], 0.005, 0.01)
    active = out[np.abs(out) > 0.01]
    return out * (10 ** (SPEECH_DB / 20) / float(np.sqrt(np.mean(active**2))))


def _words(who: str, say: str, stretch: float) -> sounds.Floats:
    """All voices of one speaker saying the same words."""
    parts = [_flite(v, say, stretch * BASE_STRETCH[who]) for v in VOICES[who]]
    out = np.zeros(max(len(p) + 1200 * i for i, p in enumerate(parts)))
    for i, part in enumerate(parts):
        out[1200 * i : 1200 * i + len(part)] += part / len(parts) ** 0.5
    if who == "radio":
        return sounds.radio_voice(out)
    return sounds.tannoy_voice(out) if who == "tannoy" else out


def mark_sound(mark: Mark, who: str) -> sounds.Floats:
    """The sound of a mark, or silence of its length when it names none."""
    seconds = mark.seconds or 0.5
    voice = VOICES[who][0]
    if mark.sound == "sigh":
        return sounds.sigh(seconds, voice)
    if mark.sound == "gasp":
        return sounds.gasp(seconds, voice)
    if mark.sound == "laugh":
        return _flite(voice, "ha ha ha", 0.8) * 0.8
    if mark.sound == "static":
        return sounds.static(seconds)
    if mark.sound in ("bell", "horn"):
        return getattr(sounds, mark.sound)()
    return np.zeros(int(seconds * RATE))


def whole_ms(x: sounds.Floats) -> sounds.Floats:
    """Padded with silence to a whole number of milliseconds (48 samples)."""
    return np.concatenate([x, np.zeros(-len(x) % (RATE // 1000))])


def speak(line: Line, text: str) -> list[sounds.Floats]:
    """The words of `text`, one array for each voice of the line, all of one length."""
    said = [_words(who, text, line.stretch) * 10 ** (line.gain / 20) for who in line.who]
    n = max(len(x) for x in said)
    return [whole_ms(np.concatenate([x, np.zeros(n - len(x))])) for x in said]
