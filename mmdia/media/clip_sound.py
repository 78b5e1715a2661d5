"""The sound of one clip and of its parts: rendered once, cut where the parts meet."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable
from mmdia.media import audio as sound_out
from mmdia.media.audio import AudioFacts, AudioParams, Pcm
from mmdia.media.index import AudioIndex
from mmdia.media.plain_sound import Plain
from mmdia.media.proof import prove_sound
from mmdia.media.sound_block import SoundBlock, SoundRange
from mmdia.media.video import ClipSamples
from mmdia.media.window import Window, sample_at, sample_range


class ClipSound:
    """Sound of one window, ready to be written whole or in parts.

    Parts are slices of the whole, so that joined they are the whole, bit for bit.

    Args:
        block: Samples of the window, guard included.
        sound: Index of the track.
        window: The clip's window.
        params: How FLAC clips are written.
        speed: Media seconds per second of the clip.
        flac: Whether FLAC clips are asked for.
        mp4: Whether clips of picture will carry it.
    """

    def __init__(
        self,
        block: SoundBlock,
        sound: AudioIndex,
        window: Window,
        params: AudioParams,
        speed: Fraction,
        *,
        flac: bool,
        mp4: bool,
    ) -> None:
        self._block, self._sound, self._window, self._speed = block, sound, window, speed
        self._rate = params.sample_rate or sound.rate
        self._pcm: Pcm | None = None
        self._rule = ""
        if flac:
            self._pcm, self._rule = sound_out.render_block(
                block, sound.layout, sound.rate, window, params, speed=speed
            )
        self._samples = self._of_clip() if mp4 else None

    def any_there(self) -> bool:
        """Whether the film has any sound in the window (that of an empty one counts as there)."""
        first, last = sample_range(self._window, self._sound.rate)
        return first == last or self._block.missing(first, last) < last - first

    def missing(self, window: Window) -> int:
        """How many source samples of a window the film does not have."""
        return self._block.missing(*sample_range(window, self._sound.rate))

    def write(self, path: Path, window: Window) -> AudioFacts:
        """Write the sound of the clip, or of a part of it, as FLAC.

        Raises:
            OSError: The file cannot be written.
            MediaUnreadable: FLAC cannot hold it.
        """
        if self._pcm is None:
            raise MediaUnreadable("this clip was not to have sound of its own", path=path)
        first, last = self._edges(window, self._rate, len(self._pcm))
        pcm = self._pcm[first:last]
        sound_out.write_flac(path, pcm, self._rate)
        digest = sound_out.pcm_sha256(pcm)
        lost = self.missing(window)
        return AudioFacts(
            self._rate, len(pcm), pcm.shape[1], digest, self._rule, lost, lost / self._sound.rate
        )

    def prove(self, film: list[Plain], path: object) -> None:
        """Compare what was written with a plain decode of the film, see `mmdia.media.proof`.

        Raises:
            MediaUnreadable: It is another sound (``not_proven``).
        """
        span, speed, codec = self._window.span, float(self._speed), self._sound.codec
        if self._pcm is not None:
            pcm = self._pcm.T.astype(np.float32) / np.float32(32768)
            prove_sound(pcm, self._rate / speed, span, film, path, codec=codec)
        elif self._samples is not None:
            prove_sound(self._samples, self._sound.rate / speed, span, film, path, codec=codec)

    def samples(self, window: Window) -> ClipSamples | None:
        """The sound of the clip, or of a part of it, all channels, for its mp4."""
        if self._samples is None:
            return None
        rate = self._sound.rate
        first, last = self._edges(window, rate, self._samples.shape[1])
        return ClipSamples(self._samples[:, first:last], rate, self._sound.layout)

    def _edges(self, window: Window, rate: int, length: int) -> tuple[int, int]:
        """Where a window lies in the clip's samples; the clip's own end is its last sample."""
        start = self._window.start
        first = sample_at((window.start - start) / self._speed, rate)
        last = sample_at((window.end - start) / self._speed, rate)
        if window.end >= self._window.end:
            last = length
        return min(first, length), min(last, length)

    def _of_clip(self) -> npt.NDArray[np.float32]:
        first, last = sample_range(self._window, self._sound.rate)
        at = first - self._block.first
        everything = self._block.samples if self._block.whole is None else self._block.whole
        samples = everything[:, at : at + last - first]
        if self._speed == 1:
            return samples
        return sound_out.resample(samples, float(self._sound.rate * self._speed), self._sound.rate)


def sound_wanted(
    key: Hashable, window: Window, sound: AudioIndex, params: AudioParams, speed: Fraction, *, mp4: bool
) -> SoundRange:
    """What to decode for a clip: the window and a guard for the resampler."""
    return sound_out.sound_request(key, window, sound.rate, params, speed=speed, everything=mp4)
