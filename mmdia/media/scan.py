"""The pass over a film's packets: what an index is made of, on one continuous time line."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.dolby_vision import profile_of
from mmdia.media.joints import Joints, Track, join, shifted
from mmdia.media.packet_facts import NO_PTS, Fields, Uncoded, hidden_test, is_entry, must_count
from mmdia.media.packets import brings_headers, packets
from mmdia.media.probe import codec_name


@dataclass
class Seen:
    """What the pass over the packets collected."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    hidden: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    last_duration: int = 0
    interlaced: bool | None = None
    aspects: list[tuple[int, Fraction]] = field(default_factory=list)
    colours: tuple[int, int] = (2, 2)
    dolby_vision: int | None = None
    untold: bool = False
    described: int | None = None
    audio_pts: array[int] = field(default_factory=lambda: array("q"))
    audio_last: int = 0


def scan(
    container: av.container.InputContainer, video: av.VideoStream | None, audio: av.AudioStream | None
) -> Seen:
    """Read all packets of a film once; nothing is decoded but a few key pictures."""
    seen = Seen()
    codec = "" if video is None else codec_name(video)
    is_hidden = hidden_test(codec)
    fields = None
    if video is not None:
        fields = Fields(video, codec, container.format.name)
        context = video.codec_context
        seen.colours = int(context.color_trc), int(context.color_primaries)
        seen.dolby_vision = profile_of(container.name, container.format.name, codec)
        # To be asked before anything is decoded: that may change the decoder's mind.
        seen.untold = "avi" in container.format.name and bool(context.has_b_frames)
    sound, number = None if audio is None else audio.index, 0
    top = NO_PTS
    for packet in packets(container, [s for s in (video, audio) if s is not None]):
        pts = packet.pts
        if packet.stream_index == sound:
            seen.audio_pts.append(NO_PTS if pts is None else pts)
            seen.audio_last = packet.duration or 0
            continue
        if packet.is_keyframe and (not seen.keys or codec != "h264" or is_entry(video, packet)):
            seen.keys.append(number)
            if fields is not None:
                fields.look(packet, number)
        if seen.described is None and brings_headers(packet):
            seen.described = number
        if packet.is_discard or (is_hidden is not None and is_hidden(packet)):
            seen.hidden.append(number)
        seen.pts.append(NO_PTS if pts is None else pts)
        dts = packet.dts
        seen.dts.append(NO_PTS if dts is None else dts)
        if pts is not None and pts >= top:
            top, seen.last_duration = pts, packet.duration or 0
        number += 1
    if isinstance(is_hidden, Uncoded):
        # libavformat tells the display times of MPEG-4 in AVI, unless two pictures share a packet:
        # the decoder then hands out each picture with the stamp of another.
        seen.untold = is_hidden.packed
    if fields is not None:
        seen.interlaced, seen.aspects = fields.interlaced, fields.aspects
    return seen


def lay_joined(path: str | Path, container: str, video: Any, audio: Any, seen: Seen) -> Joints:
    """Lay recordings that are joined on one time line; what was seen is shifted likewise."""
    pts, dts, sound = (np.array(stamps, np.int64) for stamps in (seen.pts, seen.dts, seen.audio_pts))
    counted = must_count(pts, untold=seen.untold)
    hidden = pts.copy()
    hidden[np.array(seen.hidden, np.int64)] = NO_PTS
    try:
        joints = join(
            container,
            None if video is None or not len(pts) else Track(dts, hidden, Fraction(video.time_base)),
            seen.keys,
            None if audio is None or not len(sound) else Track(sound, sound, Fraction(audio.time_base)),
            counted=counted,
        )
    except MediaUnreadable as error:
        error.path = str(path)
        raise
    if joints.video and counted:
        told = "recordings are joined that do not say when their pictures are shown"
        raise MediaUnreadable(told, path=path, code="clock_jumps")
    if joints.video or joints.audio:
        seen.hidden += joints.unshown
        seen.last_duration = 0  # of the part with the highest stamps
        seen.pts = array("q", shifted(pts, joints.video).tolist())
        seen.dts = array("q", shifted(dts, joints.video).tolist())
        seen.audio_pts = array("q", shifted(sound, joints.audio).tolist())
    return joints
