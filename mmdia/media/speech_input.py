"""A film's sound for what listens to speech: one channel, 16 kHz, in blocks, on the player's axis.

Sample 0 is player time 0, so a time that a detector finds is a time of the player. Memory is bounded
by one block whatever the length of the film.

Films in 5.1 keep their dialogue in the centre channel and most music and effects beside it: the
centre alone is then the better signal for speech. Stereo that was spread over six channels leaves
the centre silent; until the centre has been heard once, all channels are mixed down instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from mmdia.media.audio import SILENCE, channel_names, channel_rule
from mmdia.media.index import MediaIndex, build_index
from mmdia.media.sound import iter_sound

Floats32 = npt.NDArray[np.float32]

#: What detectors and recognisers of speech expect, samples a second.
SPEECH_RATE = 16_000


def iter_speech(
    path: str | Path,
    index: MediaIndex | None = None,
    *,
    audio_track: str | int | None = None,
    block_s: float = 20.0,
    until_s: float | None = None,
) -> Iterator[Floats32]:
    """The film's sound as mono float32 blocks at 16 kHz; joined, sample n is player time n / 16000.

    Args:
        path: The film, or any file with sound.
        index: Its index; built (one pass over the packets) when not given.
        audio_track: Which sound track, when the index is built here: a number or a language.
        block_s: Length of a block, seconds; blocks vary a little around it.
        until_s: Stop here (player time), for a first look at a film.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be read or has no sound.
        UsageError: It has no such sound track.
    """
    known = build_index(path, audio_track) if index is None else index
    centre = _Centre()
    mono = (
        centre.mix(block.samples, known.audio.layout if known.audio else "")
        for block in iter_sound(path, known, block_s=block_s, until_s=until_s)
    )
    rate = known.audio.rate if known.audio else SPEECH_RATE
    if rate == SPEECH_RATE:
        yield from mono
    else:
        yield from _resampled(mono, rate)


class _Centre:
    """Mixes blocks to one channel; remembers whether the centre channel has ever been heard."""

    def __init__(self) -> None:
        self._heard = False

    def mix(self, samples: Floats32, layout: str) -> Floats32:
        """One channel of samples (channels, n); shape (n,)."""
        names = channel_names(layout, len(samples))
        if len(names) > 1 and "FC" in names:
            centre = samples[list(names).index("FC")]
            self._heard = self._heard or float(np.abs(centre).max(initial=0.0)) >= SILENCE
            if self._heard:
                # Where the centre pauses, what the other channels play is no dialogue.
                return np.asarray(centre, np.float32)
        weights, _ = channel_rule(samples, names, "mono")
        if weights is None:
            return np.asarray(samples[0], np.float32)
        return np.asarray((weights @ samples)[0], np.float32)


def _resampled(blocks: Iterator[Floats32], rate: int) -> Iterator[Floats32]:
    """The blocks at 16 kHz; no delay is left in, and the length is that of the input to a sample."""
    stream = soxr.ResampleStream(rate, SPEECH_RATE, 1, dtype="float32", quality="MQ")
    taken = given = 0
    for block in blocks:
        taken += len(block)
        part = np.asarray(stream.resample_chunk(block), np.float32)
        given += len(part)
        if len(part):
            yield part
    rest = np.asarray(stream.resample_chunk(np.zeros(0, np.float32), last=True), np.float32)
    left = round(taken * SPEECH_RATE / rate) - given
    tail = np.pad(rest[: max(0, left)], (0, max(0, left - len(rest))))
    if len(tail):
        yield tail
