"""Sound of lossless clips: packets as they are where mp4 holds the codec, else AAC.

A copied track starts some packets before the window, since decoders need a run-up (AAC and AC-3
overlap their blocks, Opus wants 80 ms, MP3 borrows bits); the edit list hides the run-up to the
sample. Encoding AAC 5.1 takes six times the CPU of all the rest of a lossless clip, so it is
done for codecs only that cannot be copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from mmdia.media.audio import channel_names, channel_rule, resample
from mmdia.media.index import AudioIndex
from mmdia.media.packets import leave_out_others, packets
from mmdia.media.probe import open_input
from mmdia.media.window import Window, sample_range

#: Packets of run-up by codec; these are the codecs whose packets are copied.
COPIED_SOUND = {"aac": 2, "ac3": 1, "eac3": 1, "mp3": 10, "opus": 5}

#: Sample rates that AAC can hold; others become 48 kHz.
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_AAC_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
#: Samples handed to the encoder at once: whole AAC frames, and few calls.
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class SoundSpan:
    """Packets [first_packet, last_packet) of a track that hold samples [first, last) of a window."""

    first: int
    last: int
    first_packet: int
    last_packet: int

    @classmethod
    def of(cls, audio: AudioIndex, window: Window) -> SoundSpan | None:
        """The packets of a window with their run-up; None when they cannot be copied to the sample.

        That is so where mp4 does not hold the codec, and where the window or its run-up reaches over
        a break between runs (a joint, a hole): packets of other lengths lie there, and stamps that
        do not rise. A window in which the track has no packet gets an empty span.
        """
        size, runs = audio.frame_size, audio.runs
        if audio.codec not in COPIED_SOUND or size <= 0 or not runs:
            return None
        first, last = sample_range(window, audio.rate)
        heard = []
        for n, ((packet, sample), following) in enumerate(zip(runs, [*runs[1:], None], strict=True)):
            end = audio.n_packets if following is None else following[0]
            low, high = packet + (first - sample) // size, packet - (sample - last) // size
            low -= COPIED_SOUND[audio.codec]
            if max(low, packet) < min(high, end):
                inside = (low >= packet or n == 0) and (high <= end or following is None)
                heard.append((max(low, packet), min(high, end), inside))
        if not heard:
            return cls(first, last, 0, 0)
        if len(heard) > 1 or not heard[0][2]:
            return None
        return cls(first, last, *heard[0][:2])


class SoundPackets:
    """One pass over a track: packets with their place on the player's axis of samples."""

    def __init__(self, path: str | Path, audio: AudioIndex) -> None:
        self._audio = audio
        self._opened = open_input(path)
        container = self._opened.__enter__()
        self.stream: Any = container.streams[audio.stream]
        leave_out_others(container, self.stream)
        self._packets = enumerate(packets(container, [self.stream], audio.shifts))
        self._ahead: tuple[int, Any] | None = next(self._packets, None)
        self._run = 0

    def close(self) -> None:
        """Close the film."""
        self._opened.__exit__(None, None, None)

    def until(self, packet: int) -> Iterator[tuple[int, int, Any]]:
        """(number, first sample, packet) of the packets not given yet, up to number `packet`."""
        while self._ahead is not None and self._ahead[0] < packet:
            number, data = self._ahead
            yield number, self._place(number), data
            self._ahead = next(self._packets, None)

    def _place(self, number: int) -> int:
        runs = self._audio.runs
        while self._run + 1 < len(runs) and runs[self._run + 1][0] <= number:
            self._run += 1
        packet, sample = runs[self._run]
        return sample + (number - packet) * self._audio.frame_size


def aac_stream(container: Any, rate: int, channels: int) -> Any:
    """A stream of `container` that takes sound of this rate and so many channels as AAC."""
    layout = _AAC_LAYOUTS.get(channels, "stereo")
    rate = rate if rate in _AAC_RATES else 48000
    stream = container.add_stream("aac", rate=rate, layout=layout)
    stream.bit_rate = min(64_000 * (stream.codec_context.channels + 1), 448_000)
    # Noise substitution would put other noise in place of the film's. The fast coder costs a
    # quarter of the default one, which is as dear as the picture; the exact sound is the FLAC's.
    stream.codec_context.options = {"aac_pns": "0", "aac_coder": "fast"}
    return stream


def encode_aac(stream: Any, samples: npt.NDArray[np.float32], rate: int, layout: str) -> list[Any]:
    """Packets of `samples` (float32 (channels, n) at `rate`), the first sample at 0."""
    if len(samples) not in _AAC_LAYOUTS:
        weights, _ = channel_rule(samples, channel_names(layout, len(samples)), "stereo")
        samples = samples if weights is None else (weights @ samples).astype(np.float32)
    if rate != stream.rate:
        samples, rate = resample(samples, rate, stream.rate), stream.rate
    out: list[Any] = []
    for at in range(0, samples.shape[1], _PIECE):
        piece = np.ascontiguousarray(samples[:, at : at + _PIECE])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=_AAC_LAYOUTS[len(samples)])
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        out += stream.encode(frame)
    return out + list(stream.encode())
