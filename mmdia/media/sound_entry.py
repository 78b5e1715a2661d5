"""Decode only the parts of a sound track that are wanted, with the same bits whatever is wanted.

Decoders carry state: overlaps of neighbouring packets, bit reservoirs, predictions, and the random
numbers of noise substitution and dither. So the track is divided into segments of about twenty
seconds, counted in packets from the first; each is decoded by a decoder of its own that starts
some packets earlier. What a sample is then hangs on its place in the film alone. Within a segment
decoding stops after the last packet that is wanted.

It takes packets of one size: their number tells their place (`AudioIndex.runs`). Tracks with others
are decoded from the start (`mmdia.media.sound`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import av
import av.container
import numpy as np

from mmdia.media.index import AudioIndex, Ints
from mmdia.media.packets import packets
from mmdia.media.sound_block import SoundRange

#: Codecs that can be entered anywhere after a lead: one frame a packet, nothing but its own past.
_ENTERED = frozenset({"aac", "ac3", "eac3", "dts", "mp3", "opus", "flac", "truehd", "mlp"})

#: Length of a segment and of the lead before it, seconds. Parametric extensions of AAC (SBR) send
#: their headers about twice a second; without one the upper half of the spectrum stays silent.
_SEGMENT_S, _LEAD_S = 20.0, 0.75
#: AAC of no more than this rate may double it by such an extension midway.
_DOUBLED = 24_000


@dataclass(frozen=True, slots=True)
class Part:
    """Packets to decode with a decoder of its own.

    Attributes:
        entry: Packet at which to start.
        first: First packet whose frame counts.
        last: Last packet.
    """

    entry: int
    first: int
    last: int


def can_enter(index: AudioIndex) -> bool:
    """Whether the track can be decoded in parts; told by the file alone."""
    if index.codec not in _ENTERED or not index.runs or index.frame_size <= 0:
        return False
    if index.codec == "aac" and index.rate <= _DOUBLED:
        return False
    places = places_of(index)
    return len(places) > 0 and bool((np.diff(places) > 0).all())


def plan_parts(index: AudioIndex, ranges: Sequence[SoundRange]) -> list[Part]:
    """Which packets to decode for `ranges`, by the segments they lie in, in order."""
    places = places_of(index)
    segment = max(1, round(_SEGMENT_S * index.rate / index.frame_size))
    lead = max(2, round(_LEAD_S * index.rate / index.frame_size))
    last_of: dict[int, int] = {}
    for want in ranges:
        low = max(0, int(np.searchsorted(places, want.first, side="right")) - 1)
        high = int(np.searchsorted(places, want.last, side="left")) - 1
        if high < low or want.last <= want.first:
            continue
        for number in range(low // segment, high // segment + 1):
            end = min(high, (number + 1) * segment - 1)
            last_of[number] = max(last_of.get(number, -1), end)
    return [Part(max(0, n * segment - lead), n * segment, last) for n, last in sorted(last_of.items())]


def decode_parts(
    container: av.container.InputContainer, index: AudioIndex, parts: Sequence[Part], *, start: int = 0
) -> Generator[tuple[int, int, av.AudioFrame], None, None]:
    """(first, last sample on the player's axis, frame) of the packets that count.

    Packets that do not decode are passed over (their time stays silent).

    Args:
        container: The film.
        index: The track.
        parts: What to decode.
        start: Number of the packet that the container gives next.
    """
    stream: Any = container.streams[index.stream]
    places = places_of(index)
    coming = deque(parts)
    live: deque[tuple[Part, Any]] = deque()
    for number, packet in enumerate(packets(container, [stream], index.shifts, start=start), start):
        while coming and coming[0].entry <= number:
            live.append((coming.popleft(), _decoder(stream)))
        for part, decoder in tuple(live):
            try:
                frames = decoder.decode(packet)
            except av.FFmpegError:
                frames = []
            if number >= part.first and number < len(places):
                for frame in frames:
                    yield *_span(int(places[number]), packet.pts, frame, index), frame
        while live and live[0][0].last <= number:
            live.popleft()
        if not live and not coming:
            return


def _span(place: int, stamp: int | None, frame: av.AudioFrame, index: AudioIndex) -> tuple[int, int]:
    """Samples of a packet's frame, of which the decoder may have dropped some at either end."""
    length = round(frame.samples * index.rate / frame.sample_rate)
    late = 0
    if stamp is not None and frame.pts is not None and length < index.frame_size and frame.pts > stamp:
        late = index.frame_size - length
    return place + late, place + late + length


def _decoder(stream: Any) -> Any:
    """A decoder for the stream that has seen nothing yet."""
    given = stream.codec_context
    decoder: Any = av.CodecContext.create(given.name, "r")
    if given.extradata:
        decoder.extradata = given.extradata
    decoder.sample_rate = given.sample_rate
    decoder.layout = given.layout
    decoder.thread_count = 1
    return decoder


def places_of(index: AudioIndex) -> Ints:
    """First sample of every packet, int64 (n_packets,)."""
    places = np.arange(index.n_packets, dtype=np.int64) * index.frame_size
    edges = [*(number for number, _ in index.runs[1:]), index.n_packets]
    for (number, first), end in zip(index.runs, edges, strict=True):
        places[number:end] += first - number * index.frame_size
    if index.runs:
        # Packets without a stamp before the first run are counted back from it.
        number, first = index.runs[0]
        places[:number] += first - number * index.frame_size
    return places
