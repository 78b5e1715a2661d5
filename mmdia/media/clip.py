"""One clip on its way from request to result: what it waits for, writes and tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
import numpy.typing as npt

from mmdia.errors import UsageError, WindowOutside
from mmdia.media.audio import AudioFacts, AudioParams
from mmdia.media.clip_sound import ClipSound, sound_wanted
from mmdia.media.colour import is_hdr, transfer_of
from mmdia.media.index import MediaIndex, VideoIndex
from mmdia.media.lossless import CopyWriter, copy_refusal
from mmdia.media.plain_sound import Plain, PlainSound
from mmdia.media.proof import ENDS_S, prove_copy
from mmdia.media.request import ClipRequest, ClipResult, PartResult
from mmdia.media.sound_block import SoundBlock, SoundRange
from mmdia.media.stills import StillFacts, StillParams, write_still
from mmdia.media.verify import check_copy
from mmdia.media.video import ClipWriter, VideoFacts, VideoParams
from mmdia.media.window import Window, frame_on_screen, has_hole, snap

_T = TypeVar("_T")

#: A clip that a hole in the picture makes longer than was asked for, by so much, is refused, seconds.
_STRETCH_S = 10.0


class ClipFailed(Exception):
    """One clip cannot be made; the others can."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass
class _Piece:
    """The clip or one of its parts: a window with files of its own."""

    window: Window
    audio_path: Path | None
    video_path: Path | None
    writer: ClipWriter | None = None
    audio: AudioFacts | None = None
    video: VideoFacts | None = None

    def shows(self, number: int) -> bool:
        """Whether the piece has a picture that frame `number` belongs to."""
        first = self.window.first_frame
        return self.video_path is not None and first <= number < first + self.window.n_frames

    def ends(self, number: int) -> bool:
        """Whether `number` is its last frame."""
        return number == self.window.first_frame + self.window.n_frames - 1


class ClipJob:
    """One request on its way.

    Sound must come before the first frame of a clip whose mp4 carries it (`needs_sound_first`),
    so that packets can be written as they are made.

    Raises:
        ClipFailed: At birth, when it cannot be met whatever is decoded.
    """

    def __init__(
        self,
        request: ClipRequest,
        index: MediaIndex,
        audio: AudioParams,
        video: VideoParams,
        stills: StillParams | None,
        *,
        lossless: bool = False,
        proof: bool = False,
    ) -> None:
        self.request, self.audio, self.video, self.stills = request, audio, video, stills
        self._index = index
        self.window = _window(request, index)
        self._whole = _Piece(self.window, request.audio_path, request.video_path)
        self._parts = [_Piece(p.window, p.audio_path, p.video_path) for p in request.parts]
        self._check_wishes(lossless)
        with_sound = request.wants_video and video.sound and index.audio is not None
        #: Writers of copied packets; they are fed by `copy_clips`.
        self.copies: list[CopyWriter] = []
        self._copied: dict[int, _Piece] = {}
        if lossless:
            self._make_copies(with_sound)
            with_sound = any(writer.wants_samples for writer in self.copies)
        self._clip_sound = with_sound
        self.wants_sound = request.wants_audio or with_sound
        self._lossless, self._proof = lossless, proof
        #: The film's sound for the proof, opened by whoever cuts.
        self.plain: PlainSound | None = None
        self._film: list[Plain] | None = None
        self._still_frames = _still_frames(request, index.video)
        self.frames: npt.NDArray[np.int64] = self._wanted_frames()
        self.last_frame = int(self.frames[-1]) if len(self.frames) else -1
        self._n_seen = 0
        self._sound: ClipSound | None = None
        self.has_sound = False
        self._result = ClipResult(
            request.key, window=self.window, lead_in=float(Fraction(request.start_s) - self.window.start)
        )
        self._facts: dict[int, StillFacts] = {}

    @property
    def complete(self) -> bool:
        """Whether all that it waits for has come."""
        seen = self._n_seen == len(self.frames) and not self._copied
        return seen and (self.has_sound or not self.wants_sound)

    @property
    def needs_sound_first(self) -> bool:
        """Whether its sound must be there before its next frame."""
        return self.wants_sound and not self.has_sound

    def sound_range(self) -> SoundRange:
        """The samples to decode, guard for the resampler included."""
        return sound_wanted(
            id(self), self.window, _present(self._index.audio), self.audio, self.request.speed,
            mp4=self._clip_sound,
        )  # fmt: skip

    def sound_spans(self) -> list[tuple[float, float]]:
        """Player seconds of the film's sound that are to be proven; none when nothing is."""
        first, last = self.window.span
        if not self._proof or not (self.wants_sound or any(w.span for w in self.copies)):
            return []
        if self.wants_sound or self._parts or last - first <= 2 * ENDS_S + 1:
            return [(first, last)]
        return [(first, first + ENDS_S), (last - ENDS_S, last)]

    def take_frame(self, number: int, frame: av.VideoFrame) -> None:
        """Encode the frame and save the stills that show it, if they are this job's."""
        if not self._lossless:
            for piece in self._pieces():
                if piece.shows(number):
                    self._encode(piece, number, frame)
        for n, shown in enumerate(self._still_frames):
            if shown == number:
                self._save_still(n, number, frame)
        at = int(np.searchsorted(self.frames, number))
        self._n_seen += at < len(self.frames) and int(self.frames[at]) == number

    def take_sound(self, block: SoundBlock) -> None:
        """Write the FLACs and keep the samples for the mp4s.

        Raises:
            ClipFailed: The film's sound covers the window, yet none of it decodes.
            MediaUnreadable: The sound is not what a plain decode gives.
        """
        sound = _present(self._index.audio)
        covered = self.window.end_s > float(sound.start) and self.window.start_s < sound.end_s - 0.1
        made = ClipSound(
            block, sound, self.window, self.audio, self.request.speed,
            flac=self.request.wants_audio, mp4=self._clip_sound,
        )  # fmt: skip
        if covered and not made.any_there():
            raise ClipFailed("decode_error", "the sound of this window does not decode")
        for piece in self._pieces():
            if piece.audio_path is not None:
                piece.audio = made.write(piece.audio_path, piece.window)
        if (film := self._plain_sound()) is not None:
            made.prove(film, self.request.audio_path or self.request.video_path)
        self._sound = made if self._clip_sound else None
        self.has_sound = True

    def take_copy(self, writer: CopyWriter) -> None:
        """Finish a clip of copied packets, all of which have come.

        Raises:
            MediaUnreadable: What was written is not what was meant, or does not decode.
        """
        piece = self._copied.pop(id(writer))
        held = self._sound.samples(piece.window) if self._sound and writer.wants_samples else None
        if held is None:
            writer.finish(None, 48000, "mono")
        else:
            writer.finish(held.samples, held.rate, held.layout)
        if self._proof:
            film = self._plain_sound() if writer.span else None
            codec = "" if self._index.audio is None else self._index.audio.codec
            prove_copy(writer.path, film, piece.window.start_s, codec=codec)
        piece.video = writer.facts

    def finish(self) -> None:
        """Collect the facts."""
        self._sound = self._film = None
        parts = tuple(
            PartResult(request.key, piece.window, piece.audio, piece.video)
            for request, piece in zip(self.request.parts, self._parts, strict=True)
        )
        stills = tuple(self._facts[n] for n in range(len(self._still_frames)))
        self._result = replace(
            self._result, audio=self._whole.audio, video=self._whole.video, stills=stills, parts=parts
        )

    def result(self) -> ClipResult:
        """The result of a finished job."""
        return self._result

    def failed(self, code: str, message: str) -> ClipResult:
        """The result of a job that failed; what it wrote is removed."""
        self.abandon()
        return ClipResult(self.request.key, code, message, self.window, self._result.lead_in)

    def abandon(self) -> None:
        """Remove what was written so far."""
        self._sound = self._film = None
        for piece in self._pieces():
            if piece.writer is not None:
                piece.writer.abandon()
        for writer in self.copies:
            writer.abandon()
        for path in self.request.paths:
            path.unlink(missing_ok=True)

    def missing_text(self) -> str:
        """What did not come, as a sentence."""
        if self._copied:
            return "the film's packets do not all lie where they did"
        return f"{len(self.frames) - self._n_seen} of {len(self.frames)} frames do not decode"

    def _pieces(self) -> list[_Piece]:
        return [self._whole, *self._parts]

    def _check_wishes(self, lossless: bool) -> None:
        request, index = self.request, self._index
        if request.wants_audio and index.audio is None:
            raise _lack(index, "audio", "no_audio", "the film has no sound")
        if (request.wants_video or request.stills) and index.video is None:
            raise _lack(index, "video", "no_video", "the film has no moving picture")
        if request.speed <= 0 or (lossless and request.speed != 1):
            raise ClipFailed("bad_window", f"clips cannot be made at speed {request.speed}")
        outside = [p for p in self._parts if not _inside(p.window, self.window)]
        if outside:
            raise ClipFailed("bad_window", "a part lies outside its clip")
        if (request.wants_video or request.stills) and _present(index.video).dolby_vision == 5:
            raise ClipFailed("dolby_vision_5", "the film's colours are Dolby Vision's own (profile 5)")
        for piece in self._pieces() if lossless else ():
            if piece.video_path is not None and (why := copy_refusal(index, piece.window)) is not None:
                raise ClipFailed("not_copyable", why)

    def _make_copies(self, with_sound: bool) -> None:
        for piece in self._pieces():
            if piece.video_path is not None:
                writer = CopyWriter(piece.video_path, self._index, piece.window, sound=with_sound)
                self.copies.append(writer)
                self._copied[id(writer)] = piece

    def _encode(self, piece: _Piece, number: int, frame: av.VideoFrame) -> None:
        if piece.writer is None:
            video = _present(self._index.video)
            sound = self._sound.samples(piece.window) if self._sound is not None else None
            piece.writer = ClipWriter(
                _present(piece.video_path), video, piece.window, self.video, sound, self.request.speed
            )
        piece.writer.add(number, frame)
        if piece.ends(number):
            self._close(piece, piece.writer)

    def _close(self, piece: _Piece, writer: ClipWriter) -> None:
        """Finish an mp4 and read its tables: the facts are of what lies there, not of what was meant."""
        if writer.n_frames != piece.window.n_frames:
            return  # frames before did not decode: the clip stays incomplete
        writer.finish()
        seen = check_copy(writer.path)
        if seen.n_frames != piece.window.n_frames or seen.first_pts != 0:
            told = f"the clip reads back with {seen.n_frames} of {piece.window.n_frames} frames"
            raise ClipFailed("decode_error", told)
        fps, constant = writer.facts
        piece.video = VideoFacts(
            fps, seen.first_pts, seen.n_frames, seen.sha256, seen.width, seen.height, constant,
            interlaced=_present(self._index.video).interlaced, reshaped=writer.reshaped,
            **writer.look._asdict(),
        )  # fmt: skip
        piece.writer = None

    def _plain_sound(self) -> list[Plain] | None:
        """What a plain decode of the film gives for the window; None when nothing is to be proven."""
        if self._film is None and self.plain is not None and self.sound_spans():
            self._film = [found for span in self.sound_spans() for found in self.plain.take(*span)]
        return self._film

    def _wanted_frames(self) -> npt.NDArray[np.int64]:
        wanted = set(self._still_frames)
        for piece in self._pieces():
            if piece.video_path is not None and not self._lossless:
                first = piece.window.first_frame
                wanted.update(range(first, first + piece.window.n_frames))
        return np.array(sorted(wanted), np.int64)

    def _save_still(self, n: int, number: int, frame: av.VideoFrame) -> None:
        video = _present(self._index.video)
        asked, path = self.request.stills[n]
        transfer = transfer_of(frame, video.transfer)
        digest, width, height = write_still(
            path, frame, self.stills or StillParams(), video.aspect_of(number), transfer
        )
        shown = float(video.time_of(number))
        self._facts[n] = StillFacts(path, asked, shown, digest, width, height, is_hdr(transfer))


def _lack(index: MediaIndex, kind: str, code: str, message: str) -> ClipFailed:
    if kind in index.encrypted:
        return ClipFailed("encrypted", f"the film's {kind} is encrypted")
    if kind in index.damaged:
        return ClipFailed("invalid_media", f"the film is damaged: none of its {kind} can be read")
    if kind == "video" and "stamps" in index.damaged:
        told = "nothing in the film says when its pictures are shown"
        return ClipFailed(
            "invalid_media", f"{told}; ffmpeg -fflags +genpts -i FILE -map 0 -c copy fixed.mkv"
        )
    return ClipFailed(code, message)


def _inside(part: Window, whole: Window) -> bool:
    return whole.start <= part.start < part.end <= whole.end


def _window(request: ClipRequest, index: MediaIndex) -> Window:
    try:
        window = snap(index, request.start_s, request.end_s)
        stretched = float(window.duration) > request.end_s - request.start_s + _STRETCH_S
        if stretched and index.video is not None and has_hole(index.video, window):
            told = f"the film has no picture between {window.start_s:.3f} and {window.end_s:.3f} s"
            raise ClipFailed("picture_gap", told)
        return window
    except WindowOutside as error:
        raise ClipFailed("outside_media", str(error)) from error
    except UsageError as error:
        raise ClipFailed("bad_window", str(error)) from error


def _still_frames(request: ClipRequest, video: VideoIndex | None) -> list[int]:
    if video is None:
        return []
    try:
        return [frame_on_screen(video, time_s) for time_s, _ in request.stills]
    except WindowOutside as error:
        raise ClipFailed("outside_media", str(error)) from error


def _present(part: _T | None) -> _T:
    """What the job's birth has checked to be there."""
    if part is None:
        raise ClipFailed("decode_error", "the index lacks a stream it had before")
    return part
