"""What a film shows, learnt the plain way: everything decoded from its start, in one go."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mmdia.errors import MediaError
from mmdia.media.frames import decode_frames, plan
from mmdia.media.index import MediaIndex, build_index
from mmdia.media.lossless import CopyWriter, copy_clips, copy_refusal
from mmdia.media.probe import open_input
from mmdia.media.sound import SoundRange, SoundReader
from mmdia.media.window import Window, sample_range, snap


@dataclass(frozen=True)
class Shown:
    """Frames in the order of their display.

    Attributes:
        times: Player second of each.
        hashes: Hash of the picture of each.
    """

    times: list[float]
    hashes: list[str]


def picture_hash(frame: av.VideoFrame) -> str:
    """Hash of a picture's pixels as they are."""
    digest = hashlib.sha256()
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        width = plane.line_size if plane.width == 0 else plane.width * len(rows[0]) // plane.line_size
        deep = 2 if "10" in frame.format.name or "12" in frame.format.name else 1
        digest.update(np.ascontiguousarray(rows[: plane.height, : width * deep]))
    return digest.hexdigest()


def watch(path: Path, stream: int | None = None) -> Shown:
    """Decode all of a file's picture."""
    times, hashes = [], []
    with open_input(path) as container:
        start = Fraction(container.start_time or 0, 1_000_000)
        video = container.streams[stream] if stream is not None else container.streams.video[0]
        video.codec_context.thread_count = 1
        packets = container.demux(video)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError, OSError):
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                stamp = frame.pts if frame.pts is not None else frame.dts
                times.append(float((stamp or 0) * video.time_base - start))
                hashes.append(picture_hash(frame))
    return Shown(times, hashes)


def windows(index: MediaIndex, n: int = 3, seed: int = 1) -> list[tuple[float, float]]:
    """Some windows of a film: the whole, its start, its end, and random ones."""
    video = index.video
    assert video is not None
    first, end = float(video.time_of(0)), float(video.end)
    rng = np.random.default_rng(seed)
    found = [(first, end), (first, first + (end - first) / 7), (end - (end - first) / 7, end)]
    for _ in range(n):
        a, b = np.sort(rng.uniform(first, end, 2))
        found.append((float(a), float(max(b, min(end, a + 0.1)))))
    return [(a, b) for a, b in found if b - a > 0.01]


def copied(
    path: Path, index: MediaIndex, spans: list[tuple[float, float]], folder: Path
) -> list[CopyWriter]:
    """Lossless clips of the windows; those that could not be written are left out."""
    writers = [CopyWriter(folder / f"{n}.mp4", index, snap(index, a, b)) for n, (a, b) in enumerate(spans)]
    samples = {}
    if writers and writers[0].wants_samples and index.audio is not None:
        ranges = [SoundRange(id(w), *sample_range(w.window, index.audio.rate)) for w in writers]
        with SoundReader(path, index, ranges) as reader:
            samples = {block.key: block.samples for block in reader.advance()}
    sound = index.audio
    done = []
    for writer in copy_clips(path, index, writers):
        writer.finish(
            samples.get(id(writer)), sound.rate if sound else 48000, sound.layout if sound else "mono"
        )
        done.append(writer)
    return done


def faults_of(path: Path, folder: Path, *, note: Callable[[str], None] = lambda _: None) -> list[str]:
    """What is wrong with the index, the decoding and the lossless clips of a film; [] when nothing.

    Raises:
        MediaError: The film is refused.
    """
    index = build_index(path)
    video = index.video
    if video is None:
        note("no picture")
        return []
    truth = watch(path, video.stream)
    faults = []
    if video.n_frames != len(truth.times):
        faults.append(f"{video.n_frames} frames indexed, {len(truth.times)} decode")
    n = min(video.n_frames, len(truth.times))
    if not video.counted and n == video.n_frames:
        off = np.abs(video.times_s[:n] - np.array(truth.times[:n]))
        if off.max() > 0.75 * float(video.time_base) + 1e-6:
            faults.append(f"frame {int(off.argmax())} is {1e3 * off.max():.2f} ms off")
    spans = windows(index)
    for a, b in spans:
        window = snap(index, a, b)
        wanted = np.arange(window.first_frame, window.first_frame + window.n_frames)
        got = {k: picture_hash(f) for k, f in decode_frames(path, video, plan(video, wanted))}
        wrong = [int(k) for k in wanted if k >= n or got.get(int(k)) != truth.hashes[k]]
        if wrong:
            faults.append(
                f"decoded [{a:.2f}, {b:.2f}): {len(wrong)} of {len(wanted)} wrong, from {wrong[0]}"
            )
    refusal = copy_refusal(index)
    if refusal is not None:
        note(f"not copied: {refusal}")
        return faults
    try:
        done = copied(path, index, spans, folder)
    except MediaError as error:
        return [*faults, f"copy failed: {error}"]
    if len(done) != len(spans):
        faults.append(f"{len(spans) - len(done)} of {len(spans)} clips were not copied")
    for writer in done:
        faults += _clip_faults(writer, truth, index)
    return faults


def _clip_faults(writer: CopyWriter, truth: Shown, index: MediaIndex) -> list[str]:
    window: Window = writer.window
    clip = watch(writer.path)
    last = window.first_frame + window.n_frames
    faults = []
    if clip.hashes != truth.hashes[window.first_frame : last]:
        same = sum(
            a == b for a, b in zip(clip.hashes, truth.hashes[window.first_frame : last], strict=False)
        )
        faults.append(
            f"clip [{window.start_s:.3f}, {window.end_s:.3f}): {len(clip.hashes)} frames, "
            f"{same} of {window.n_frames} right"
        )
    elif len(clip.times) != window.n_frames:
        faults.append(
            f"clip [{window.start_s:.3f}, ...): {len(clip.times)} of {window.n_frames} frames decode"
        )
    elif index.video is not None:
        meant = np.array(
            [float(index.video.time_of(k) - window.start) for k in range(window.first_frame, last)]
        )
        off = np.abs(np.array(clip.times) - meant).max()
        if off > 1e-4:
            faults.append(f"clip [{window.start_s:.3f}, ...): a frame {1e3 * off:.2f} ms off")
    return faults
