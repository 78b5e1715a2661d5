"""Cut many clips out of one film in one pass over its picture and one over its sound.

Picture and sound are read through two handles, since files may be badly interleaved; the sound of
a clip is decoded when its first frame comes, so that packets of both can be written as they are
made, and memory is bounded by the windows that are open. Paths are written as given: the caller
names scratch files and commits them.

A request that cannot be met gives a result with an error code and does not stop the rest:

* ``outside_media``: its window (or a still's time) lies outside the film.
* ``bad_window``: it ends before it starts, or a part lies outside it.
* ``no_audio``, ``no_video``: the film lacks what was asked for; ``encrypted``: it has it, locked.
* ``not_copyable``: the film's packets cannot be copied into an mp4 (lossless clips).
* ``not_proven``: the finished clip is not what a plain decode of the film gives.
* ``decode_error``: frames or all the sound of the window could not be decoded, and no error said
  why by a code of its own (`MediaUnreadable.code`).

What concerns every clip alike (the film is gone, the disk is full) is raised.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import av
import numpy as np

from mmdia.errors import MediaUnreadable, StoreError
from mmdia.media.audio import AudioParams
from mmdia.media.clip import ClipFailed, ClipJob
from mmdia.media.frames import decode_frames, plan
from mmdia.media.index import MediaIndex, VideoIndex
from mmdia.media.lossless import CopyWriter, copy_clips
from mmdia.media.plain_sound import PlainSound
from mmdia.media.request import ClipRequest, ClipResult, PartRequest, PartResult
from mmdia.media.sound import SoundBlock, SoundReader
from mmdia.media.stills import StillParams
from mmdia.media.video import VideoParams

#: What a write answers when the disk, not the clip, is at fault.
_DISK = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "ENOENT", "EIO")
    if hasattr(errno, name)
)

__all__ = [
    "AudioParams",
    "ClipRequest",
    "ClipResult",
    "PartRequest",
    "PartResult",
    "StillParams",
    "VideoParams",
    "cut_media",
]


def cut_media(
    path: str | Path,
    requests: Sequence[ClipRequest],
    *,
    index: MediaIndex,
    on_clip: Callable[[ClipResult], None],
    audio: AudioParams | None = None,
    video: VideoParams | None = None,
    stills: StillParams | None = None,
    lossless: bool = False,
    proof: bool = True,
) -> None:
    """Cut all requests; `on_clip` is called once for each, as soon as it is done, in any order.

    Args:
        path: The film.
        requests: The clips; windows may overlap.
        index: `build_index` of the same file.
        on_clip: Receives each result; what it raises ends the cutting.
        audio: How sound is written; None for the defaults.
        video: How picture is written; None for the defaults.
        stills: How stills are written; None for the defaults.
        lossless: Copy the film's own packets of picture, behind an exact edit list, instead of
            encoding anew (see `mmdia.media.lossless`); sound and stills are as ever.
        proof: Compare finished clips with a second, plain decode of the film (`mmdia.media.proof`).

    Raises:
        MediaNotFound: The film is gone.
        MediaUnreadable: It cannot be opened, or is not the file that was indexed.
        StoreError: The disk is full or read-only.
    """

    def job_of(request: ClipRequest) -> ClipJob:
        sound, picture = audio or AudioParams(), video or VideoParams()
        return ClipJob(request, index, sound, picture, stills, lossless=lossless, proof=proof)

    jobs: list[ClipJob] = []
    for request in requests:
        try:
            jobs.append(job_of(request))
        except ClipFailed as failure:
            on_clip(ClipResult(request.key, failure.code, failure.message))
        except MediaUnreadable as error:
            on_clip(ClipResult(request.key, error.code or "decode_error", str(error)))
    again = _run(path, jobs, index, on_clip, from_start=False)
    if again:
        # A key frame was no clean entry: once more, decoding from the film's start.
        for job in _run(path, [job_of(job.request) for job in again], index, on_clip, from_start=True):
            on_clip(job.failed("decode_error", job.missing_text()))


def _run(
    path: str | Path,
    jobs: list[ClipJob],
    index: MediaIndex,
    on_clip: Callable[[ClipResult], None],
    *,
    from_start: bool,
) -> list[ClipJob]:
    """Cut `jobs`; those whose frames did not all decode are handed back."""
    run = _Pass(jobs, on_clip)
    ranges = [job.sound_range() for job in jobs if job.wants_sound]
    reader = SoundReader(path, index, ranges) if ranges else None
    spans = [span for job in jobs for span in job.sound_spans()]
    plain = PlainSound(path, index, spans) if spans else None
    for job in jobs:
        job.plain = plain

    def hear(job: ClipJob) -> None:
        if reader is not None and job.needs_sound_first:
            run.sound(reader.advance(job.sound_range().last))

    try:
        if index.video is not None:
            for number, frame in _frames(path, index.video, jobs, from_start=from_start):
                for job in run.opening(number):
                    if not job.copies:  # their sound is wanted when their packets come
                        hear(job)
                run.frame(number, frame)
        writers = {id(writer): job for job in jobs for writer in job.copies}
        if writers:
            for writer in copy_clips(path, index, [w for job in jobs for w in job.copies]):
                hear(writers[id(writer)])
                run.copied(writers[id(writer)], writer)
        if reader is not None:
            run.sound(reader.advance())
    finally:
        run.close()
        for opened in (reader, plain):
            if opened is not None:
                opened.close()
    return run.incomplete


def _frames(
    path: str | Path, video: VideoIndex, jobs: list[ClipJob], *, from_start: bool
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Every frame that any job wants, once, in display order."""
    wanted = [job.frames for job in jobs if len(job.frames)]
    if wanted:
        threads = max(job.video.threads for job in jobs)
        stretches = plan(video, np.concatenate(wanted), from_start=from_start)
        yield from decode_frames(path, video, stretches, threads=threads)


class _Pass:
    """Hands frames and sound to the jobs that want them, and closes each that is complete."""

    def __init__(self, jobs: list[ClipJob], on_clip: Callable[[ClipResult], None]) -> None:
        self._by_id = {id(job): job for job in jobs}
        self._coming = deque(sorted(jobs, key=lambda job: int(job.frames[0]) if len(job.frames) else -1))
        self._open: list[ClipJob] = []
        self._on_clip = on_clip
        self.incomplete: list[ClipJob] = []
        while self._coming and not len(self._coming[0].frames):
            self._coming.popleft()

    def opening(self, number: int) -> list[ClipJob]:
        """The jobs that begin with frame `number`."""
        new: list[ClipJob] = []
        while self._coming and int(self._coming[0].frames[0]) <= number:
            new.append(self._coming.popleft())
        self._open += new
        return new

    def frame(self, number: int, frame: av.VideoFrame) -> None:
        """Give a frame to all that want it."""
        taken = [job for job in self._open if self._guarded(job, partial(job.take_frame, number, frame))]
        self._open = [j for j in self._open if number < j.last_frame and id(j) in self._by_id]
        for job in taken:
            if number >= job.last_frame:
                self._settle(job)

    def copied(self, job: ClipJob, writer: CopyWriter) -> None:
        """Finish a clip of copied packets."""
        if self._guarded(job, partial(job.take_copy, writer)):
            self._settle(job)

    def sound(self, blocks: Iterable[SoundBlock]) -> None:
        """Give complete ranges of sound to their jobs."""
        for block in blocks:
            job = self._by_id.get(int(str(block.key)))
            if job is not None and self._guarded(job, partial(job.take_sound, block)):
                self._settle(job)

    def close(self) -> None:
        """Drop what is still open: its frames did not come."""
        for job in list(self._by_id.values()):
            job.abandon()
            self.incomplete.append(job)
        self._by_id.clear()

    def _settle(self, job: ClipJob) -> None:
        if not job.complete or id(job) not in self._by_id:
            return
        if self._guarded(job, job.finish):
            del self._by_id[id(job)]
            self._on_clip(job.result())

    def _guarded(self, job: ClipJob, step: Callable[[], None]) -> bool:
        """Run one step of one job; its failure is that job's alone."""
        if id(job) not in self._by_id:
            return False
        try:
            step()
            return True
        except ClipFailed as failure:
            result = job.failed(failure.code, failure.message)
        except MediaUnreadable as error:
            result = job.failed(error.code or "decode_error", str(error))
        except (av.FFmpegError, OSError) as error:
            # Some of PyAV's errors are OSErrors too; those that tell of the disk concern every clip.
            foreign = isinstance(error, av.FFmpegError)
            if isinstance(error, OSError) and (not foreign or error.errno in _DISK):
                job.abandon()
                raise StoreError("the clip cannot be written", got=str(error)) from error
            result = job.failed("decode_error", f"encoding failed: {error}")
        del self._by_id[id(job)]
        self._on_clip(result)
        return False
