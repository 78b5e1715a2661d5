"""Fingerprint benchmark: a long mixed sound track, its edited and re-encoded copies, and the truth.

    python benchmarks/fingerprint.py [--minutes 40] [--seed 101] [--work DIR] [--only NAME ...] [--long]

Speech comes from espeak-ng and flite where they are installed, else from numpy; music, effects,
quiet and digital silence from numpy. Copies go through PyAV's encoders. For every copy it prints
the share of a 1 s grid of the shared material that is mapped within 20 ms, and what the fit says.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr
from fingerprint_sounds import RATE, Copy, Film, edited, encode, lowpassed, make_film, noisy, resped, speech

from mmdia.align.fp_bits import compact
from mmdia.align.fp_fit import FingerprintFit
from mmdia.align.fp_match import match
from mmdia.media.fingerprint import analyse_film, analyse_samples
from mmdia.media.index import build_index
from mmdia.schema.fingerprint import Fingerprint, SoundBands

Make = Callable[[Film], Copy]


@dataclass
class Case:
    """A copy to be made: what to the sound track, then what to the sound, then how to write it."""

    name: str
    make: Make
    spoil: Callable[[np.ndarray], np.ndarray] = lambda x: x
    write: dict[str, object] = field(default_factory=dict)
    suffix: str = ".m4a"


def whole(mix: np.ndarray) -> Copy:
    return Copy(mix, [(0.0, len(mix) / RATE, 0.0)])


def dubbed(film: Film, seed: int) -> np.ndarray:
    """Other voices in the same places, slightly moved."""
    rng = np.random.default_rng(seed)
    out = film.bed.copy()
    loud = np.abs(film.voice[: len(film.voice) // 2400 * 2400].reshape(-1, 2400)).max(axis=1) > 0.01
    at = 0
    while at < len(loud):
        if loud[at]:
            said = speech(rng, rng.uniform(1, 4)) * rng.uniform(0.4, 1.2)
            k = at * 2400 + int(rng.uniform(0, 0.3) * RATE)
            said = said[: max(0, len(out) - k)]
            out[k : k + len(said)] += said
            at += len(said) // 2400 + 1
        at += 1
    return np.clip(out, -1, 1)


def cases(seed: int) -> list[Case]:
    rng = np.random.default_rng(seed + 1)

    def edit(cuts: int, inserts: int, low: float = 5, high: float = 20) -> Make:
        own = np.random.default_rng(rng.integers(1 << 30))
        return lambda film: edited(film.mix, own, cuts, inserts, (low, high), seed)

    def excerpt(film: Film) -> Copy:
        a, b = round(len(film.mix) * 0.3), round(len(film.mix) * 0.6)
        return Copy(film.mix[a:b], [(a / RATE, b / RATE, 0.0)])

    def at_speed(make: Make, scale: float, keep_pitch: bool = False) -> Make:
        return lambda film: resped(make(film), scale, keep_pitch)

    def plain(film: Film) -> Copy:
        return whole(film.mix)

    def dub(film: Film) -> Copy:
        return whole(dubbed(film, seed + 5))

    def dub_cut(film: Film) -> Copy:
        return edited(dubbed(film, seed + 5), np.random.default_rng(seed), 2, 1, (20, 40), seed)

    def all_bad(x: np.ndarray) -> np.ndarray:
        return noisy(lowpassed(x, 3400), 20) * 0.3

    mono16 = {"rate": 16000, "stereo": False, "bit_rate": 32000}
    return [
        Case("aac64", plain, lambda x: x * 0.4),
        Case("aac64 lowpass 3.4k", plain, lambda x: lowpassed(x, 3400), {"rate": 44100}),
        Case("aac64 noise 20 dB", plain, lambda x: noisy(x, 20), {"rate": 32000}),
        Case("all of these, mono 16k", plain, all_bad, mono16),
        Case("mp3 64k 22k", plain, write={"codec": "libmp3lame", "rate": 22050}, suffix=".mp3"),
        Case("opus 32k", plain, write={"codec": "libopus", "bit_rate": 32000}, suffix=".mkv"),
        Case("3 cuts", edit(3, 0), write={"rate": 44100}),
        Case("6 cuts 4 inserts", edit(6, 4)),
        Case("4 inserts 30-90 s, all bad", edit(0, 4, 30, 90), all_bad, mono16),
        Case("PAL pitch", at_speed(plain, 24 / 25)),
        Case("PAL tempo", at_speed(plain, 24 / 25, True)),
        Case("PAL inverse", at_speed(plain, 25 / 24)),
        Case("NTSC 1.001", at_speed(plain, 1.001)),
        Case("NTSC 1/1.001 tempo", at_speed(plain, 1 / 1.001, True)),
        Case("odd 1.0123", at_speed(plain, 1.0123)),
        Case("25/23.976 + 3 cuts", at_speed(edit(3, 0), 24000 / 25025), write={"rate": 32000}),
        Case("PAL pitch + cuts + all bad", at_speed(edit(3, 2), 24 / 25), all_bad, mono16),
        Case("PAL tempo + cuts + all bad", at_speed(edit(3, 2), 24 / 25, True), all_bad, mono16),
        Case("excerpt 30 %", excerpt),
        Case("dub", dub, write={"rate": 32000}),
        Case("dub + PAL + edits", at_speed(dub_cut, 24 / 25), write={"rate": 32000}),
    ]


def share(fit: FingerprintFit, copy: Copy, minutes: float) -> tuple[float, float, float]:
    """(share of the shared grid within 20 ms, share of the other grid mapped, worst miss in seconds)."""
    right = shared = wrong = other = 0
    worst = 0.0
    for t in np.arange(0.5, minutes * 60):
        at = next((s.apply(t) for s in fit.segments if s.anno_start_s <= t < s.anno_end_s), None)
        true = copy.truth(float(t))
        if true is None:
            other, wrong = other + 1, wrong + (at is not None)
        else:
            shared, miss = shared + 1, np.inf if at is None else abs(at - true)
            right += miss <= 0.02
            worst = max(worst, miss if np.isfinite(miss) else 0.0)
    return right / max(shared, 1), wrong / max(other, 1), worst


def listen(path: Path) -> SoundBands:
    return analyse_film(path, build_index(path))


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--wrong", type=int, default=4, help="films that are not it")
    parser.add_argument("--only", nargs="*", help="names of cases, or parts of them")
    parser.add_argument("--work", type=Path, help="keep what was made here")
    parser.add_argument("--long", action="store_true", help="also time a film of two hours")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.work or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        film = make_film(args.seed, args.minutes)
        path = folder / "anno.m4a"
        encode(path, film.mix, bit_rate=160000)
        known = compact(listen(path))
        size = len(known.to_bytes())
        print(f"{args.minutes:g} min, {size} bytes = {size / args.minutes * 0.12:.0f} kB for 2 h")
        print(f"{'copy':30} {'<=20ms':>7} {'foreign':>7} {'worst':>6} {'ratio':>12}", end=" ")
        print("pitch cover heard   BER decoy     p  segs  CPU", flush=True)
        for case in cases(args.seed):
            if not args.only or any(o in case.name for o in args.only):
                run(case, film, known, folder, args.minutes)
        for k in range(args.wrong):
            other = make_film(args.seed + 1000 + k, args.minutes / 2)
            start = time.process_time()
            fit = match(known, analyse_samples(other.mix, RATE))
            report(f"wrong film {k}", fit, NO_SCORES, time.process_time() - start)
        if args.long:
            long(film, folder)


NO_SCORES = "      -       -      -"


def run(case: Case, film: Film, known: Fingerprint, folder: Path, minutes: float) -> None:
    copy = case.make(film)
    path = folder / f"{case.name.replace(' ', '_').replace('/', '-')}{case.suffix}"
    encode(path, case.spoil(copy.samples), **case.write)  # type: ignore[arg-type]
    bands = listen(path)
    start = time.process_time()
    fit = match(known, bands)
    good, wrong, worst = share(fit, copy, minutes)
    report(case.name, fit, f"{good:7.4f} {wrong:7.3f} {worst:6.3f}", time.process_time() - start)


def report(name: str, fit: FingerprintFit, scores: str, cpu: float = 0.0) -> None:
    ratio = str(fit.scale_ratio) if fit.scale_ratio else f"{fit.scale:.6f}"
    pitch = "moved" if fit.pitch_shifted else " kept"
    shares = (
        f"{fit.coverage:5.3f} {fit.heard:5.2f} {fit.bit_error_rate:5.3f} {fit.decoy_bit_error_rate:5.3f}"
    )
    print(f"{name:30} {scores} {ratio:>12} {pitch} {shares}", end=" ")
    print(f"{fit.probability:5.3f} {len(fit.segments):5d} {cpu:4.1f}", flush=True)


def long(film: Film, folder: Path) -> None:
    """Two hours: what listening and matching cost."""
    times = -(-2 * 3600 * RATE // len(film.mix))
    # The same sounds again, reversed and at other speeds, so that nothing repeats.
    parts = [soxr.resample(film.mix[:: (-1) ** k], RATE, RATE * (1 + 0.07 * k)) for k in range(times)]
    mix = np.concatenate(parts)[: 2 * 3600 * RATE]
    encode(folder / "long.m4a", mix, bit_rate=128000)
    start = time.process_time()
    bands = listen(folder / "long.m4a")
    heard_s = time.process_time() - start
    known = compact(bands)
    copy = edited(mix, np.random.default_rng(3), 6, 4, (20, 60), 77)
    media = analyse_samples(resped(copy, 24 / 25, False).samples, RATE)
    for what, at in (("2 h, PAL, 10 edits", media), ("2 h, wrong", analyse_samples(mix[::-1], RATE))):
        start = time.process_time()
        fit = match(known, at)
        report(what, fit, NO_SCORES, time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"listening to 2 h of 48 kHz stereo AAC: {heard_s:.1f} CPU s; {len(known.to_bytes())} bytes")
    print(f"peak {peak:.0f} MB, the benchmark's own sound included")


if __name__ == "__main__":
    main()
