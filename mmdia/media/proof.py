"""Proof of finished clips: the film is read a second time, the plain way, and compared.

Sound: in windows of 25 ms the clip must be a mix of the film's channels (`mmdia.media.plain_sound`) at
that very place. Windows that match elsewhere are seams; windows that match nowhere are garbled, unless
their spectrum is the film's: decoders fill in noise at random (AAC's noise substitution, AC-3's
dither). Compared is what lies below 4 kHz, which holds speech and costs little.

Picture (lossless clips): the first, the last and one key picture are decoded from the finished
clip as a player would, edit list and all.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr

from mmdia.errors import MediaUnreadable
from mmdia.media.frames import SKIPPING
from mmdia.media.mix import Floats32
from mmdia.media.plain_sound import LEAD_S, PLAIN_RATE, Plain
from mmdia.media.probe import codec_name, open_input, picture_streams, sound_streams
from mmdia.media.sound_block import rows_of

#: Samples of a window, by how many a match may lie off, and by how many two of one stretch may differ:
#: a step that just parts runs of stamps (1.5 ms) may part those of the clip and not the stretch.
_WINDOW, _NEAR, _APART = 200, 8, 15
#: Samples on either side from which one between is told.
_TAPS = 12
#: How far around a window that does not match is searched, samples.
_FAR = 320
#: Correlation from which a window is found.
_ALIKE = 0.7
#: Windows below this are not judged (-50 dBFS), but where the clip is silent and the film is not.
_LOUD, _SILENT = 3e-3, 1e-4
#: Windows of a clip that may fail: that many, or that share; and the share that must match.
_MAY_FAIL, _SHARE, _MUST_MATCH = 2, 0.03, 0.2
#: So many more may fail where stretches meet: coders overlap there.
_AT_JOINT = 4
#: By how much a clip's sound may be shorter or longer than it should be, seconds.
_LENGTH_S = 0.0015
#: Codecs whose decoders fill in noise at random.
_NOISY = frozenset({"aac", "aac_latm", "ac3", "eac3", "wmav1", "wmav2", "wmapro", "cook", "vorbis"})
#: So many shown packets at the start are decoded in full: that tells whether stamps fit the order.
_IN_ORDER = 6
#: Of a copied sound its first and last second are decoded: between them lie the film's own packets.
ENDS_S = 1.0


def _failed(message: str, path: object, got: object) -> MediaUnreadable:
    return MediaUnreadable(message, path=path, got=got, code="not_proven")


def prove_sound(
    clip: Floats32, rate: float, span: tuple[float, float], film: list[Plain], path: object, *, codec: str
) -> None:
    """Compare the sound of a clip with the film's.

    Args:
        clip: float32 (channels, n); the loudest channel is judged.
        rate: Its samples per second of the film's time (the clip's rate by its speed).
        span: Player seconds at which it is to start and to end.
        film: `PlainSound.take` of its span.
        path: The clip, for the message.
        codec: The film's; some fill in noise at random.

    Raises:
        MediaUnreadable: They differ; code ``not_proven``.
    """
    start_s, length_s = span[0], clip.shape[1] / rate
    if abs(length_s - (span[1] - span[0])) > _LENGTH_S:
        raise _failed("the sound of the clip is not as long as the clip", path, f"{length_s:.4f} s")
    loudest = np.ascontiguousarray(clip[int(np.argmax(np.linalg.norm(clip, axis=1)))])
    heard = soxr.resample(loudest, rate, PLAIN_RATE, quality="LQ").astype(np.float32)
    found = np.zeros(4, int)
    mute = float(np.abs(heard).max(initial=0)) < _SILENT
    for plain in film:
        # A centre that is silent throughout is not what a clip is made of: then all channels count.
        plain = plain._replace(centre=None) if mute else plain
        lag = (plain.start_s - start_s) * PLAIN_RATE
        whole = int(np.ceil(lag - 1e-6))
        # Both on one grid: the clip is moved by the part of a sample that is left.
        y = _moved(heard, lag - whole)[max(whole, 0) :]
        x = plain.samples[:, max(-whole, 0) :]
        length = min(len(y), x.shape[1]) // _WINDOW * _WINDOW
        if length:
            found += _compare(y[:length], x[:, :length], plain, noisy=codec in _NOISY)
    seams, garbled, count, matched = found.tolist()
    most = max(_MAY_FAIL, _SHARE * count) + _AT_JOINT * max(0, len(film) - 1)
    if seams + garbled > most or (count >= 20 and matched < _MUST_MATCH * count):
        raise _failed(
            "the sound of the clip is not the film's", path,
            f"of {count} pieces of 25 ms {seams} lie elsewhere, {garbled} are others, {matched} match",
        )  # fmt: skip


def _moved(x: Floats32, samples: float) -> Floats32:
    """x(t + samples), for a part of a sample: a windowed sinc."""
    if abs(samples) < 1e-3:
        return x
    at = np.arange(-_TAPS, _TAPS + 1) + samples
    taps = np.sinc(at) * np.cos(np.pi * at / (2 * _TAPS + 4)) ** 2
    return np.convolve(x, taps.astype(np.float32), "same")


def _compare(y: Floats32, x: Floats32, plain: Plain, *, noisy: bool) -> tuple[int, int, int, int]:
    """(seams, garbled, judged, matching) windows of a clip beside the film's channels.

    As a whole it may lie off by what stamps leave open.
    """
    ys = y.reshape(-1, _WINDOW)
    xs = np.ascontiguousarray(x.reshape(len(x), -1, _WINDOW).swapaxes(0, 1))  # (windows, channels, samples)
    energy = (ys * ys).sum(axis=1)
    level = np.sqrt(energy / _WINDOW)
    gram = xs @ xs.swapaxes(1, 2)
    powers = np.diagonal(gram, axis1=1, axis2=2)
    # Speech lies in the centre where there is one; music beside it is no loss.
    heard = powers.max(axis=1) if plain.centre is None else powers[:, plain.centre]
    silent = (level < _SILENT) & (heard > _WINDOW * _LOUD**2)
    ridge = 1e-5 * powers.sum(axis=1) + 1e-9
    gram = gram + ridge[:, None, None] * np.eye(len(x), dtype=np.float32)
    share = (xs @ ys[:, :, None])[:, :, 0]
    fit = np.linalg.solve(gram, share[:, :, None])[:, :, 0]
    explained = (fit * share).sum(axis=1)
    judged = level > _LOUD
    judged[[0, -1]] = False  # the resamplers' edges
    good = judged & (explained > 0.5 * energy)
    seams, garbled = 0, int(silent[1:-1].sum())
    bad = np.flatnonzero(judged & ~good)
    if len(bad):
        used = good if good.any() else judged
        weights = np.linalg.solve(gram[used].sum(axis=0), share[used].sum(axis=0))
        mixed = [weights @ x, x.mean(axis=0), *x]
        starts = (bad * _WINDOW).tolist()
        places = [max((_place(y, x, at) for x in mixed), key=lambda place: place[1]) for at in starts]
        lags = [lag for lag, alike in places if alike > _ALIKE]
        room = _NEAR + plain.spread_s * PLAIN_RATE
        common = int(np.median(lags)) if len(lags) > judged.sum() / 2 else 0
        for at, (lag, alike) in zip(starts, places, strict=True):
            span = slice(at, at + _WINDOW)
            if alike > _ALIKE:
                good[at // _WINDOW] = abs(lag - common) <= _APART and abs(common) <= room
                seams += not good[at // _WINDOW]
            else:
                garbled += not noisy or not any(_like_noise(y[span], each[span]) for each in mixed)
    return seams, garbled, int(judged.sum() + silent[1:-1].sum()), int(good.sum())


def _place(y: Floats32, x: Floats32, at: int) -> tuple[int, float]:
    """Where the window of the clip lies in the film: (lag in samples, correlation)."""
    window = y[at : at + _WINDOW].astype(np.float64)
    first, last = max(0, at - _FAR), min(len(x), at + _WINDOW + _FAR)
    around = x[first:last].astype(np.float64)
    product = np.correlate(around, window, "valid")
    sums = np.concatenate([[0.0], np.cumsum(around**2)])
    norm = np.sqrt(np.maximum(sums[_WINDOW:] - sums[:-_WINDOW], 1e-9) * max(window @ window, 1e-9))
    alike = product / norm
    best = int(np.argmax(alike))
    return first + best - at, float(alike[best])


def _like_noise(y: Floats32, x: Floats32) -> bool:
    """Whether two windows have one spectrum, within 9 dB in eighths of the band."""
    powers = []
    for each in (y, x):
        spectrum = np.abs(np.fft.rfft(each * np.hanning(len(each)))) ** 2
        powers.append(spectrum[1 : len(spectrum) // 8 * 8 + 1].reshape(8, -1).sum(axis=1) + 1e-9)
    heavy = powers[1] > powers[1].max() / 100
    apart = np.abs(10 * np.log10(powers[0] / powers[1]))[heavy]
    return bool((apart < 9).all())


def prove_copy(path: str | Path, film: list[Plain] | None, start_s: float, *, codec: str = "") -> None:
    """Decode the first, the last and one key picture of a lossless clip, and its sound.

    Args:
        path: The clip.
        film: `PlainSound.take` of its span; None where the clip has no sound of the film's own.
        start_s: Player second at which the clip starts.
        codec: The codec of its sound.

    Raises:
        MediaUnreadable: A picture does not decode, or the sound is not the film's (``not_proven``).
    """
    with open_input(path) as container:
        stream: Any = picture_streams(container)[0]
        stream.thread_type = "SLICE"
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"skip_loop_filter": "all"}  # of no account here, and dear
        sounds = sound_streams(container)[:1] if film is not None else []
        try:
            given = [packet for packet in container.demux(stream, *sounds) if packet.size]
            held = [packet for packet in given if packet.stream_index == stream.index]
            sound = [packet for packet in given if packet.stream_index != stream.index]
            heard = [_ends(sound, sounds[0], last=last) for last in (False, True)] if sound else []
        except av.FFmpegError as error:
            raise _failed("the clip does not decode", path, error) from error
        _prove_pictures(held, stream.codec_context, codec_name(stream) in SKIPPING, path)
    for frames in heard:
        if film is not None and frames:
            at = start_s + float((frames[0].pts or 0) * (frames[0].time_base or 0))
            rows = rows_of(frames, range(frames[0].layout.nb_channels))
            span = (at, at + rows.shape[1] / frames[0].sample_rate)
            prove_sound(rows, frames[0].sample_rate, span, film, path, codec=codec)


def _ends(sound: list[Any], stream: Any, *, last: bool) -> list[av.AudioFrame]:
    """Frames of the first second of a clip's sound, or of the last."""
    times = [float((packet.pts or 0) * stream.time_base) for packet in sound]
    bound = times[-1] - ENDS_S - LEAD_S
    near = [p for p, at in zip(sound, times, strict=True) if (at > bound if last else at < ENDS_S)]
    frames = [frame for packet in near for frame in packet.decode()]
    stream.codec_context.flush_buffers()
    own = [f for f in frames if not last or float((f.pts or 0) * f.time_base) > bound + LEAD_S]
    return [frame for frame in own if frame.layout.name == own[0].layout.name]


def _prove_pictures(held: list[Any], context: Any, can_skip: bool, path: str | Path) -> None:
    shown = [packet.pts for packet in held if not packet.is_discard and packet.pts is not None]
    keys = [n for n, packet in enumerate(held) if packet.is_keyframe and packet.pts is not None]
    if not shown or not keys or min(shown) != 0:
        raise _failed("the clip shows no picture at its start", path, min(shown, default=None))
    inside = [n for n in keys if held[n].pts >= 0 and not held[n].is_discard]
    last = max((n for n in keys if held[n].pts <= max(shown)), default=keys[0])
    middle = inside[len(inside) // 2] if inside else keys[0]
    wanted: dict[int, set[int]] = {}
    for start, stamp in ((0, 0), (middle, held[middle].pts), (last, max(shown))):
        if stamp in shown:
            wanted.setdefault(start, set()).add(stamp)
    for start, stamps in wanted.items():
        if missing := _undecoded(
            held[start:], stamps, context, can_skip, path, _IN_ORDER if start == 0 else 0
        ):
            raise _failed("a picture of the clip does not decode", path, f"none at {min(missing)}")


def _undecoded(
    held: list[Any], stamps: set[int], context: Any, can_skip: bool, path: object, in_order: int
) -> set[int]:
    """Which of the pictures with these stamps do not come, decoding from the first packet on."""
    left, came = set(stamps), list[int]()
    n_shown = 0
    for packet in (*held, None):
        if packet is not None and not packet.is_discard:
            n_shown += 1
        if can_skip and packet is not None:
            whole = packet.pts in stamps or n_shown <= in_order
            context.skip_frame = "DEFAULT" if whole else "NONREF"
        with suppress(av.FFmpegError):
            frames = [frame for frame in context.decode(packet) if not frame.is_corrupt]
            left -= {frame.pts for frame in frames}
            came += [frame.pts for frame in frames if frame.pts is not None]
        if not left and n_shown >= in_order:
            break
    if came != sorted(came):
        raise _failed("the pictures of the clip do not come in the order of their stamps", path, None)
    context.flush_buffers()
    return left
