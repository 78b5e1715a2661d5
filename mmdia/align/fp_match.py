"""Match two sound tracks: where the annotated one lies in the user's, at which speed, and how surely.

1. A dozen loud stretches of the user's copy are looked for at likely speeds and pitches.
2. Every few seconds a stretch is looked for between the anchors so found; peaks make chains.
3. What agreeing bits are worth is learnt at the chains; the best path through chains and "absent"
   gives runs; offsets and the one speed are measured to a millisecond or so; edges to the word.
4. The time-reversed annotation goes through the same search: what it finds is chance.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mmdia.align.fp_bank import Bank, Floats, Peaks
from mmdia.align.fp_bits import Heard, Signs, heard, signs
from mmdia.align.fp_chains import Chain, chains, dense, slope
from mmdia.align.fp_edges import Piece, bit_errors, bridged, edges, forwards, likeness, settle
from mmdia.align.fp_fill import fill
from mmdia.align.fp_fit import FingerprintFit, FpSegment
from mmdia.align.fp_path import TICK, Run, Scorer, best_path, learn, mixed, ticks_of
from mmdia.align.fp_speed import HIT, Pace, excerpts, find_pace
from mmdia.schema.fingerprint import METHOD, Fingerprint, SoundBands

#: Shares of the shorter track at which the film is as likely the right one as not: mapped at all,
#: and mapped with evidence. Two episodes share a theme and a recap, and some reuse far more.
_MAPPED, _TOLD = 0.43, 0.1
#: What is shared must be so long, or so large a share of the annotation: all of a file that holds
#: but an opening song is shared, and yet it is no film.
_SONG_S, _SONG_SHARE = 180.0, 0.25
#: Seconds of evidence that a short track needs.
_LEAST_S = 4.0


def match(annotated: Fingerprint, media: Fingerprint | SoundBands) -> FingerprintFit:
    """Find one sound track in another.

    Args:
        annotated: The release's fingerprint.
        media: The user's copy: levels, or bits of another release (then only with the pitch kept).

    Raises:
        AlignmentError: One of them is of another method or holds no sound.
    """
    words = signs(annotated)
    if media.method != METHOD or not media.count:
        heard(media)  # says what is wrong with it
    bank = Bank(words, annotated.step_s, annotated.start_s)
    pace, anchors = find_pace(bank, media)
    strong = anchors.take(anchors.z >= HIT)
    if not len(strong):
        return _nothing(pace)
    listened = heard(media, pace.pitch)
    scale, peaks = _all_peaks(bank, listened, pace.scale, strong)
    found = chains(peaks, scale)
    if not found:
        return _nothing(pace)
    scorer = learn(words, annotated.step_s, annotated.start_s, listened, found, scale)
    # Where sound repeats itself, "nothing was moved" must be among the answers.
    found = [*found, Chain(0.0, annotated.duration_s, 0.0, 0.0, 0)]
    runs, same = best_path(found, scorer, scale)
    more = chains(fill(bank, listened, scorer, scale, runs), scale) if runs else []
    if more:
        found = sorted([*found, *more], key=lambda c: c.first_s)
        runs, same = best_path(found, scorer, scale)
    if not runs:
        return _nothing(pace)
    return _measured(scorer, runs, replace(pace, scale=scale), same, annotated, media)


def _measured(
    scorer: Scorer, runs: list[Run], pace: Pace, same: float,
    annotated: Fingerprint, media: Fingerprint | SoundBands,
) -> FingerprintFit:  # fmt: skip
    """Exact pieces of the runs, and how much they say."""
    scale = pace.scale
    same = min(same, likeness(scorer, runs, scale))
    runs = bridged(scorer, runs, scale, same)
    pieces, scale, ratio = settle(scorer, runs, scale)
    pieces = edges(scorer, forwards(pieces, scale), scale, same)
    decoy_nats, decoy_errors = _decoy(scorer.words, annotated, media, scorer, replace(pace, scale=scale))
    ticks, told = _evidence(scorer, pieces, scale, same)
    segments = tuple(
        FpSegment(p.first_s, p.last_s, scale, p.offset_s, _share(ticks, told, p), p.residual_s)
        for p in pieces
    )
    shorter = max(1e-3, min(annotated.duration_s, media.duration_s / scale))
    mapped_s = sum(s.length_s for s in segments)
    told_s = float((told > 1).sum()) * TICK * annotated.step_s
    return FingerprintFit(
        segments=segments,
        scale=scale,
        scale_ratio=ratio,
        pitch_shifted=abs(pace.pitch - 1) > 1e-9,
        coverage=min(1.0, mapped_s / shorter),
        heard=told_s / max(mapped_s, 1e-3),
        bit_error_rate=bit_errors(scorer, pieces, scale),
        decoy_bit_error_rate=decoy_errors,
        nats=float(told.sum()),
        decoy_nats=decoy_nats,
        probability=probability(
            mapped_s, told_s, shorter, annotated.duration_s, float(told.sum()), decoy_nats
        ),
        tick_s=TICK * annotated.step_s,
        tick_anno_s=ticks,
        tick_nats=told,
    )


def _all_peaks(bank: Bank, media: Heard, scale: float, strong: Peaks) -> tuple[float, Peaks]:
    """Peaks all over the film at the speed that they agree on."""
    peaks = dense(bank, media, scale, strong)
    better = slope(peaks, scale)
    if abs(better / scale - 1) > 1.5e-3:
        # A stretch of five seconds slips by a word at this error: look again.
        peaks = dense(bank, media, better, strong)
        better = slope(peaks, better)
    return better, peaks


def _nothing(pace: Pace) -> FingerprintFit:
    """The answer where not even one stretch was found."""
    return FingerprintFit((), 1.0, None, abs(pace.pitch - 1) > 1e-9, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0)


def _evidence(scorer: Scorer, pieces: list[Piece], scale: float, same: float) -> tuple[Floats, Floats]:
    """(start of each tick, nats of it where mapped)."""
    total = len(scorer.words) // TICK
    tick_s = TICK * scorer.step_s
    starts: Floats = scorer.start_s + tick_s * np.arange(total, dtype=np.float64)
    out = np.zeros(total)
    for piece in pieces:
        first = max(0, math.ceil((piece.first_s - scorer.start_s) / tick_s))
        last = min(total, int((piece.last_s - scorer.start_s) / tick_s))
        if last > first:
            nats = scorer.nats(scale, piece.offset_s, first * TICK, last * TICK)
            out[first:last] = mixed(ticks_of(nats), same)
    return starts, out


def _share(ticks: Floats, nats: Floats, piece: Piece) -> float:
    inside = (ticks >= piece.first_s - 0.3) & (ticks < piece.last_s)
    return float((nats[inside] > 1).mean()) if inside.any() else 0.0


def _decoy(
    words: Signs, annotated: Fingerprint, media: Fingerprint | SoundBands, scorer: Scorer, pace: Pace
) -> tuple[float, float]:
    """(nats, share of bits that differ) at the best places of the time-reversed annotation."""
    backwards = np.ascontiguousarray(words[::-1])
    bank = Bank(backwards, annotated.step_s, annotated.start_s)
    peaks = excerpts(media).peaks(bank, pace)
    mirror = replace(scorer, words=backwards)
    nats, errors = 0.0, 0.5
    for k in np.argsort(peaks.z)[-4:]:
        offset = float(peaks.media_s[k] - pace.scale * peaks.anno_s[k])
        middle = round((float(peaks.anno_s[k]) - annotated.start_s) / annotated.step_s)
        first, last = max(0, middle - 8 * TICK), min(len(words), middle + 8 * TICK)
        if last - first < TICK:
            continue
        nats = max(nats, float(mixed(ticks_of(mirror.nats(pace.scale, offset, first, last)), 0.9).sum()))
        low, high = (annotated.start_s + annotated.step_s * w for w in (first, last))
        errors = min(errors, bit_errors(mirror, [Piece(low, high, offset, 0.0)], pace.scale))
    return nats, errors


def probability(
    mapped_s: float, told_s: float, shorter_s: float, anno_s: float, nats: float, decoy_nats: float
) -> float:
    """How likely the two are one film.

    Close to half of the shorter track must be mapped, and more than a song: three minutes, or a
    quarter of a short annotation. Either falls off steeply below that.

    Args:
        mapped_s: Seconds of the annotation that are mapped.
        told_s: Seconds of it that hold evidence.
        shorter_s: Length of the shorter track, annotation seconds.
        anno_s: Length of the annotated track.
        nats: Evidence of the map.
        decoy_nats: Evidence of the best decoy.
    """
    mapped = 40 * (mapped_s / shorter_s - _MAPPED)
    told = 60 * (min(told_s / shorter_s, 0.4) - _TOLD)
    least = 2 * (told_s - _LEAST_S)
    film = 14 * (max(mapped_s / _SONG_S, mapped_s / (_SONG_SHARE * max(anno_s, 1e-3))) - 0.9)
    beyond = 0.15 * (nats - 2 * decoy_nats - 30)
    product = 1.0
    for odds in (mapped, told, least, film, beyond):
        product /= 1 + math.exp(-max(-60.0, min(60.0, odds)))
    return product
