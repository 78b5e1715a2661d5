"""Proof of finished clips: the film is read a second time, the plain way, and compared.

Sound: the span of a clip is decoded by a decoder that knows nothing of segments, runs or channel
rules; frames are strung together as they come and placed by the middle of their stamps. In windows
of 25 ms the clip must be a mix of the film's channels at that very place. Windows that match
elsewhere are seams; windows that match nowhere are garbled, unless their spectrum is the film's:
decoders fill in noise at random (AAC's noise substitution, AC-3's dither). Compared is what lies
below 4 kHz, which holds speech and costs little.

Picture (lossless clips): the first, the last and one key picture are decoded from the finished
clip as a player would, edit list and all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import soxr

from mmdia.errors import MediaUnreadable
from mmdia.media.frames import SKIPPING
from mmdia.media.index import MediaIndex
from mmdia.media.mix import Floats32
from mmdia.media.packets import leave_out_others, packets
from mmdia.media.probe import codec_name, open_input, picture_streams, sound_streams
from mmdia.media.sound_block import is_sane, rows_of

#: Samples per second at which sound is compared.
_RATE = 8000
#: Samples of a window, and by how many a match may lie off.
_WINDOW, _NEAR = 200, 8
#: Samples on either side from which one between is told.
_TAPS = 12
#: How far around a window that does not match is searched, samples.
_FAR = 320
#: Correlation from which a window is found.
_ALIKE = 0.7
#: Windows below this are not judged (-50 dBFS); a clip that silent where all channels are louder is.
_LOUD, _SILENT = 3e-3, 1e-4
#: Windows of a clip that may fail: that many, or that share; and the share that must match.
_MAY_FAIL, _SHARE, _MUST_MATCH = 2, 0.03, 0.2
#: So many more may fail where stretches meet: coders overlap there.
_AT_JOINT = 4
#: A decoder is given that much before a span, seconds.
_LEAD_S = 0.3
#: A stamp that strays by more than this begins another run if the next ones do so too, seconds.
_STRAY_S, _STAYS = 0.012, 5
#: Stamps after which a run is placed anew only now and then, and frames that are reduced at once.
_SURE, _BATCH = 64, 32
#: By how much a clip's sound may be shorter or longer than it should be, seconds.
_LENGTH_S = 0.0015
#: Codecs whose decoders fill in noise at random.
_NOISY = frozenset({"aac", "aac_latm", "ac3", "eac3", "wmav1", "wmav2", "wmapro", "cook", "vorbis"})
#: Of a copied sound its first and last second are decoded: between them lie the film's own packets.
ENDS_S = 1.0


def _failed(message: str, path: object, got: object) -> MediaUnreadable:
    return MediaUnreadable(message, path=path, got=got, code="not_proven")


class Plain(NamedTuple):
    """A stretch of a film's sound without a break.

    Attributes:
        start_s: Player second of its first sample.
        samples: float32 (channels, n) at 8 kHz.
        spread_s: How far its stamps lie apart from an even count, seconds: its place is no surer.
    """

    start_s: float
    samples: Floats32
    spread_s: float = 0.0

    @property
    def end_s(self) -> float:
        """Player second at which it ends."""
        return self.start_s + float(self.samples.shape[1]) / _RATE


class _Run:
    """Frames of one kind strung together, reduced to `_RATE`."""

    def __init__(self, frame: av.AudioFrame) -> None:
        self.kind: tuple[int, str] = (frame.sample_rate, frame.layout.name)
        self.channels = frame.layout.nb_channels
        self._stream = soxr.ResampleStream(frame.sample_rate, _RATE, self.channels, "float32", quality="LQ")
        self._count, self._strays, self._held = 0, list[float](), list[Floats32]()
        self._first, self._waiting = 0, list[av.AudioFrame]()
        #: Player second of its first sample.
        self.start_s: float = 0.0

    def stray(self, second: float | None) -> float:
        """By how much a stamp lies off the count, seconds."""
        due = self.start_s + self._count / int(self.kind[0])
        return second - due if second is not None and self._strays else 0.0

    def add(self, frame: av.AudioFrame, second: float | None) -> None:
        if second is not None:
            self._strays.append(second - self._count / frame.sample_rate)
            if len(self._strays) < _SURE or len(self._strays) % _SURE == 0:
                self.start_s = float(np.median(self._strays))
        self._count += frame.samples
        self._waiting.append(frame)
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self, *, last: bool = False) -> None:
        """Reduce the frames that wait; `last` brings out what the resampler holds back."""
        rows = (
            rows_of(self._waiting, range(self.channels)) if self._waiting else np.zeros((self.channels, 0))
        )
        given = np.ascontiguousarray(rows.T, np.float32)
        self._held.append(self._stream.resample_chunk(given, last=last).T)
        self._waiting = []

    def drop(self, before_s: float) -> None:
        """Forget what lies before a second."""
        while (
            len(self._held) > 1 and self.start_s + (self._first + self._held[0].shape[1]) / _RATE < before_s
        ):
            self._first += self._held.pop(0).shape[1]

    def plain(self) -> Plain:
        """What is held of it."""
        held = np.concatenate(self._held or [np.zeros((self.channels, 0), np.float32)], axis=1)
        spread = max(self._strays) - min(self._strays) if self._strays else 0.0
        return Plain(self.start_s + self._first / _RATE, held, spread)


class PlainSound:
    """A plain decode of spans of a film's sound, in one pass.

    Args:
        path: The film.
        index: Its index; must hold sound.
        spans: (first, last) player second of each span that will be asked for.

    Raises:
        MediaUnreadable: The film cannot be opened or has no sound.
    """

    def __init__(self, path: str | Path, index: MediaIndex, spans: list[tuple[float, float]]) -> None:
        if index.audio is None:
            raise MediaUnreadable("the film has no sound", path=path)
        self._left = sorted(spans)
        self._runs: list[_Run] = []
        self._opened = open_input(path)
        container = self._opened.__enter__()
        stream: Any = container.streams[index.audio.stream]
        leave_out_others(container, stream)
        stream.codec_context.thread_count = 1
        self._base, self._start = float(stream.time_base), float(index.start)
        self._packets = packets(container, [stream], index.audio.shifts)
        self._frames = self._strung(stream.codec_context)
        self._position = float("-inf")

    def close(self) -> None:
        """Close the film."""
        self._opened.__exit__(None, None, None)

    def take(self, first_s: float, last_s: float) -> list[Plain]:
        """What the film has in a span."""
        while self._position < last_s + _LEAD_S and next(self._frames, False):
            pass
        if self._runs and self._position < float("inf"):
            self._runs[-1].flush()
        found = [run.plain() for run in self._runs]
        if (first_s, last_s) in self._left:
            self._left.remove((first_s, last_s))
        oldest = min((a for a, _ in self._left), default=float("inf")) - _LEAD_S
        kept = [run for run, held in zip(self._runs, found, strict=True) if held.end_s > oldest]
        self._runs = kept or self._runs[-1:]
        for run in self._runs:
            run.drop(oldest)
        return [held for held in found if held.start_s < last_s and held.end_s > first_s]

    def _strung(self, context: Any) -> Iterator[bool]:
        """Append frames to runs, one at a step; true each time."""
        coming = self._decoded(context)
        ahead: deque[tuple[av.AudioFrame, float | None]] = deque()
        while True:
            while len(ahead) < _STAYS and (following := next(coming, None)) is not None:
                ahead.append(following)
            if not ahead:
                if self._runs:
                    self._runs[-1].flush(last=True)
                self._position = float("inf")
                return
            frame, second = ahead.popleft()
            run = self._runs[-1] if self._runs else None
            if (
                run is None
                or run.kind != (frame.sample_rate, frame.layout.name)
                or self._breaks(run, frame, second, ahead)
            ):
                if run is not None:
                    run.flush(last=True)
                self._runs.append(run := _Run(frame))
            run.add(frame, second)
            self._position = second if second is not None else self._position
            yield True

    @staticmethod
    def _breaks(run: _Run, frame: av.AudioFrame, second: float | None, ahead: Any) -> bool:
        """Whether stamps leave the run for good: a single one, or a block that comes back, does not."""
        now = run.stray(second)
        if abs(now) <= _STRAY_S:
            return False
        count, later = frame.samples, []
        for following, at in ahead:
            if at is not None:
                later.append(run.stray(at) - count / frame.sample_rate)
            count += following.samples
        return not later or abs(float(np.median(later))) > _STRAY_S

    def _decoded(self, context: Any) -> Iterator[tuple[av.AudioFrame, float | None]]:
        inside = False
        for packet in self._packets:
            second = None if packet.pts is None else packet.pts * self._base - self._start
            if second is not None:
                last = second + (packet.duration or 0) * self._base
                near = any(a - _LEAD_S < last and second < b + 2 * _LEAD_S for a, b in self._left)
                if near and not inside:
                    context.flush_buffers()
                inside = near
                if not near:
                    if second > max((b for _, b in self._left), default=second):
                        return
                    self._position = second
                    continue
            if not inside:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in filter(is_sane, frames):
                yield frame, None if frame.pts is None else frame.pts * self._base - self._start


def prove_sound(
    clip: Floats32,
    rate: float,
    span: tuple[float, float],
    film: list[Plain],
    path: object,
    *,
    codec: str,
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
    loudest = clip[int(np.argmax(np.linalg.norm(clip, axis=1)))]
    heard = np.asarray(soxr.resample(np.ascontiguousarray(loudest), rate, _RATE, quality="LQ"), np.float32)
    seams = garbled = count = matched = 0
    for plain in film:
        lag = (plain.start_s - start_s) * _RATE
        whole = int(np.ceil(lag - 1e-6))
        # Both on one grid: the clip is moved by the part of a sample that is left.
        y = _moved(heard, lag - whole)[max(whole, 0) :]
        x = plain.samples[:, max(-whole, 0) :]
        length = min(len(y), x.shape[1]) // _WINDOW * _WINDOW
        if length:
            room = _NEAR + plain.spread_s * _RATE
            found = _compare(y[:length], x[:, :length], room, noisy=codec in _NOISY)
            seams, garbled, count, matched = (
                a + b for a, b in zip((seams, garbled, count, matched), found, strict=True)
            )
    joints = _AT_JOINT * max(0, len(film) - 1)
    if seams + garbled > max(_MAY_FAIL, _SHARE * count) + joints or (
        count >= 20 and matched < _MUST_MATCH * count
    ):
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


def _compare(y: Floats32, x: Floats32, room: float, *, noisy: bool) -> tuple[int, int, int, int]:
    """(seams, garbled, judged, matching) windows of a clip beside the film's channels.

    As a whole it may lie up to `room` samples off, where stamps say no more than that.
    """
    ys = y.reshape(-1, _WINDOW)
    xs = np.ascontiguousarray(x.reshape(len(x), -1, _WINDOW).swapaxes(0, 1))  # (windows, channels, samples)
    energy = (ys * ys).sum(axis=1)
    level = np.sqrt(energy / _WINDOW)
    gram = xs @ xs.swapaxes(1, 2)
    powers = np.diagonal(gram, axis1=1, axis2=2)
    silent = (level < _SILENT) & (np.sqrt(powers.min(axis=1) / _WINDOW) > _LOUD)
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
        places = [
            max((_place(y, each, w * _WINDOW) for each in mixed), key=lambda p: p[1]) for w in bad.tolist()
        ]
        lags = [lag for lag, alike in places if alike > _ALIKE]
        common = int(np.median(lags)) if len(lags) > judged.sum() / 2 else 0
        for w, (lag, alike) in zip(bad.tolist(), places, strict=True):
            span = slice(w * _WINDOW, (w + 1) * _WINDOW)
            if alike > _ALIKE:
                good[w] = abs(lag - common) <= _NEAR and abs(common) <= room
                seams += not good[w]
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
    bound = times[-1] - ENDS_S - _LEAD_S
    near = [p for p, at in zip(sound, times, strict=True) if (at > bound if last else at < ENDS_S)]
    frames = [frame for packet in near for frame in packet.decode()]
    stream.codec_context.flush_buffers()
    own = [f for f in frames if not last or float((f.pts or 0) * f.time_base) > bound + _LEAD_S]
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
        missing = _decoded_of(held[start:], stamps, context, can_skip)
        if missing:
            raise _failed("a picture of the clip does not decode", path, f"none at {sorted(missing)[0]}")


def _decoded_of(held: list[Any], stamps: set[int], context: Any, can_skip: bool) -> set[int]:
    """Which of the pictures with these stamps do not come, decoding from the first packet on."""
    left, feed = set(stamps), iter([*held, None])
    while left:
        packet = next(feed)
        if can_skip and packet is not None:
            context.skip_frame = "DEFAULT" if packet.pts in stamps else "NONREF"
        try:
            frames = context.decode(packet)
        except av.FFmpegError:
            frames = []
        left -= {frame.pts for frame in frames if not frame.is_corrupt}
        if packet is None:
            break
    context.flush_buffers()
    return left
