"""Recordings joined byte by byte: a clock that starts over is read on one continuous time line.

Parts of a DVD title and recordings of television are joined so (``cat a.ts b.ts``). The stamps of a
part lie anywhere; the first picture of a part is shown when the last one of the part before has been
shown, and its sound lies to its pictures as it did in the part. Stamps are shifted as packets are
read (`media.packets`), so that every pass over the film sees one clock.

What counts as a jump is what the ffmpeg program corrects in such formats: steps back by over a
second, or forward by over ten. Smaller steps forward are holes in one recording and stay.

A single picture whose stamp lies far from those around it (a flipped bit) is shifted to the place that
is free between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.packet_facts import NO_PTS, Ints
from mmdia.media.packets import SEEKABLE, Shifts

#: Stamps that fall by more than this tell of a clock that starts over, seconds.
_BACK_S = 1.0
#: Stamps that rise by more than this do so as well, in formats that may be joined and in others
#: (where libavformat takes a clock that starts over for one that wrapped).
_ONWARD_S, _WRAPPED_S = 10.0, 3600.0
#: A step forward that is usual in a stream (a slide show) is none.
_USUAL = 20
#: Picture and sound jump by the same, but for what one outlasts the other, seconds.
_ALIKE_S = 5.0
#: Packets on either side of a jump that say whether it stays.
_AHEAD = 25
#: Packets whose distances tell how long the last one of a part lasts.
_TAIL = 50
#: Packets on either side of a stray one that tell its place: pictures are not reordered farther.
_AROUND = 16
#: So many packets in their places on either side of one tell whether it strays, whatever others do.
_FEW = 4
#: Sound that jumps and jumps back within so many packets strays: those of one block share its stamp.
_BLOCK = 48


@dataclass(frozen=True)
class Track:
    """Stamps of one stream as the file has them, `NO_PTS` where it has none.

    Attributes:
        order: Stamps that rise in decoding order, one for each packet, ticks.
        shown: Display stamps.
        time_base: Seconds per tick.
    """

    order: Ints
    shown: Ints
    time_base: Fraction


#: Number of the packet, and by how much the clock jumps there, seconds.
_Jump: TypeAlias = tuple[int, float]


def find_jumps(track: Track, container: str, *, blocks: bool = False) -> list[_Jump]:
    """(number of the packet, seconds) of each step at which the clock jumps for good.

    Args:
        track: The stamps.
        container: libavformat's name of the format.
        blocks: Whether several packets share a stamp, and stray together where that is damaged.
    """
    numbers = np.flatnonzero(track.order != NO_PTS)
    known = track.order[numbers]
    steps = np.diff(known) * float(track.time_base)
    if not len(steps):
        return []
    onward = _WRAPPED_S if container in SEEKABLE else max(_ONWARD_S, _USUAL * float(np.median(steps)))
    found = []
    leaps = pairwise(np.flatnonzero(np.abs(steps) > _BACK_S).tolist()) if blocks else ()
    there = [(k, back) for k, back in leaps if back - k < _BLOCK and steps[k] * steps[back] < 0]
    tick = float(track.time_base)
    strays = {
        n for k, back in there if abs(known[back + 1] - known[k]) * tick < 2 * _BACK_S for n in (k, back)
    }
    for k in np.flatnonzero((steps < -_BACK_S) | (steps > onward)).tolist():
        if k in strays:
            continue
        # Stamps that go on from there; a single damaged one does not.
        ahead, behind = known[k + 1 : k + 1 + _AHEAD], known[max(0, k + 1 - _AHEAD) : k + 1]
        moved = float(np.median(ahead) - np.median(behind)) * float(track.time_base)
        if moved < -_BACK_S or moved > onward:
            found.append((int(numbers[k + 1]), float(steps[k])))
    return found


@dataclass(frozen=True)
class Joints:
    """Where recordings are joined.

    Attributes:
        video: Shifts of the picture.
        audio: Shifts of the sound.
        unshown: Packets of picture that no decoder can show at the beginning of a part.
        stray_sound: Packets of sound whose stamps lie far from those around them.
    """

    video: Shifts = ()
    audio: Shifts = ()
    unshown: tuple[int, ...] = ()
    stray_sound: tuple[int, ...] = ()


def find_strays(stamps: Ints, time_base: Fraction, other: Ints | None = None) -> list[int]:
    """Packets whose stamps lie far from all those around them, on one side; rising.

    Args:
        stamps: Display stamps in decoding order, `NO_PTS` where there is none, ticks.
        time_base: Seconds per tick.
        other: Stamps of the film's other stream in the same ticks, which tell whether a first or last
            packet far out belongs there (a title, an end card).
    """
    numbers = np.flatnonzero(stamps != NO_PTS)
    known = stamps[numbers]
    if len(known) < _USUAL:
        return []
    usual = int(np.median(np.abs(np.diff(known))))
    gap = max(round(_BACK_S / time_base), _USUAL * usual)
    far = np.abs(np.diff(known)) > gap
    alone = np.flatnonzero(np.append(True, far) & np.append(far, True))
    # A single stamp of the other stream may stray as well.
    inner = None if other is None or len(other) < 2 else np.partition(other, (1, -2))
    found = []
    for k in alone.tolist():
        # Strays must not hide each other; stills at an end, all of them far apart, vouch for each other.
        near = _around(known, k, alone)
        before = len(_around(known[:k], k, alone))
        near = near if _FEW <= before <= len(near) - _FEW else _around(known, k, [k])
        room = max(gap, 3 * int(np.diff(np.sort(near)).max(initial=0)))
        low, high = int(near.min()) - room, int(near.max()) + room
        if k in (0, len(known) - 1):
            beyond = max(gap, round((_WRAPPED_S if inner is None else _ONWARD_S) / time_base))
            ends = near if inner is None else inner[[1, -2]]
            low = min(low, int(ends.min()) - beyond) if k == 0 else low
            high = max(high, int(ends.max()) + beyond) if k else high
        if not low <= known[k] <= high:
            found.append(int(numbers[k]))
    return found


def _around(known: Ints, k: int, strays: Any) -> Ints:
    """The stamps around one, without those that stray."""
    near = np.arange(max(0, k - _AROUND), min(len(known), k + _AROUND + 1))
    return known[near[~np.isin(near, strays)]]


def _place(stamps: Ints, stray: int, strays: Sequence[int], gap: float) -> int | None:
    """The display stamp that a stray packet should have; None when several places are free.

    So it is where a step that is larger than `gap` (ticks) is near: another recording begins, say.
    """
    numbers = np.flatnonzero(stamps != NO_PTS)
    known, k, others = (
        stamps[numbers],
        int(np.searchsorted(numbers, stray)),
        np.searchsorted(numbers, strays),
    )
    near = _around(known, k, others)
    before = len(_around(known[:k], k, others))
    if 0 < before < len(near) and (np.diff(near) > 0).all():  # nothing is reordered
        low, high = near[before - 1], near[before]
        return int(low + min(np.median(np.diff(near)), (high - low) // 2))
    sure = np.sort(np.delete(known, others))
    sure = sure[(sure >= near.min()) & (sure <= near.max())]
    steps = np.diff(sure)
    usual, (second, widest) = int(np.median(steps)), np.sort(steps)[-2:]
    if widest > max(gap, _USUAL * usual):
        return None
    if widest >= 1.5 * usual and second < 0.75 * widest:
        at = int(np.argmax(steps))
        return int(sure[at] + min(usual, steps[at] // 2))
    if before == 0:
        return int(near.min()) - usual
    return int(near.max()) + usual if len(near) - before < _AROUND else None


def mend_strays(video: Track, audio: Track | None) -> tuple[Track, dict[int, int]]:
    """The picture's stamps without strays, and what is added to each of those, ticks.

    Raises:
        MediaUnreadable: Nothing tells where a stray picture belongs.
    """
    other = _in_ticks(audio, video.time_base)
    strays = find_strays(video.shown, video.time_base, other)
    order, shown = video.order.copy(), video.shown.copy()
    order[[*strays, *find_strays(video.order, video.time_base, other)]] = NO_PTS
    added = {}
    for stray in strays:
        place = _place(video.shown, stray, strays, _BACK_S / float(video.time_base))
        if place is None or place in shown:
            raise _refusal(
                f"the stamp of one picture, {int(video.shown[stray]) * float(video.time_base):.0f} s"
            )
        added[stray] = place - int(shown[stray])
        shown[stray] = place
    return Track(order, shown, video.time_base), added


def _in_ticks(track: Track | None, time_base: Fraction) -> Ints | None:
    """The stamps that a track has, in other ticks."""
    if track is None:
        return None
    known = track.shown[track.shown != NO_PTS]
    stamps: Ints = np.rint(known * float(track.time_base / time_base)).astype(np.int64)
    return stamps


def join(
    container: str, video: Track | None, keys: Sequence[int], audio: Track | None, *, counted: bool = False
) -> Joints:
    """How the parts of a film are laid on one time line.

    Args:
        container: libavformat's name of the format.
        video: The picture's stamps.
        keys: Packets of picture at which decoding can start, rising.
        audio: The sound's stamps.
        counted: Whether the picture's stamps do not tell when it is shown.

    Raises:
        MediaUnreadable: The clock jumps (code ``clock_jumps``) in a format that is sought in, or back
            in one of the streams only: nothing says then what follows on what.
    """
    mended, strays = dict[int, int](), list[int]()
    if video is not None and not counted:
        video, mended = mend_strays(video, audio)
    if audio is not None:
        strays = find_strays(audio.shown, audio.time_base, _in_ticks(video, audio.time_base))
        order = audio.order.copy()
        order[strays] = NO_PTS
        audio = replace(audio, order=order)
    joints = _joints(container, video, keys, audio)
    return replace(joints, video=_with_strays(joints.video, mended), stray_sound=tuple(strays))


def _with_strays(shifts: Shifts, strays: dict[int, int]) -> Shifts:
    """Shifts of joined parts, and those of single packets among them."""
    points = dict(shifts)
    for stray, ticks in sorted(strays.items()):
        base = next((total for first, total in reversed(shifts) if first <= stray), 0)
        points[stray] = base + ticks
        points.setdefault(stray + 1, base)
    return tuple(sorted(points.items()))


def _joints(container: str, video: Track | None, keys: Sequence[int], audio: Track | None) -> Joints:
    tracks = [track for track in (video, audio) if track is not None]
    jumps = [find_jumps(track, container, blocks=track is audio) for track in tracks]
    if not any(jumps):
        return Joints()
    ours, theirs = _shared(jumps[0], jumps[-1]), _shared(jumps[-1], jumps[0])
    lonely = {step for found in jumps for _, step in found} - {step for _, step in (*ours, *theirs)}
    back = [step for step in lonely if step < 0]
    if container in SEEKABLE or back or len(ours) != len(theirs):
        raise _refusal(f"a jump by {(back or [step for found in jumps for _, step in found])[0]:.0f} s")
    if not ours:
        return Joints()
    lead = replace(tracks[0], shown=tracks[0].shown.copy())
    ends = [0, *(number for number, _ in ours), len(tracks[0].order)]
    total, shifts, unshown = 0, [], list[int]()
    mine = list[tuple[int, int]]()
    before: Ints | None = None
    for first, last in pairwise(ends):
        mended = _mend(lead, first, last)
        shown = _shown(lead, first, last, keys if video is not None else None)
        if not len(shown):
            raise _refusal("a part without a picture that decodes")
        stamps = np.sort(lead.shown[shown])
        if before is not None:
            total += int(before[-1]) + _step(before) - int(stamps[0])
            shifts.append(total * lead.time_base)
            unshown += sorted(set(range(first, last)) - set(shown.tolist()))
            mine.append((first, total))
        mine += [at for n, ticks in mended for at in ((n, total + ticks), (n + 1, total)) if at[0] < last]
        before = stamps
    if video is None:
        return Joints((), tuple(mine))
    if audio is None:
        return Joints(tuple(mine), (), tuple(unshown))
    sound = tuple((n, round(at / audio.time_base)) for (n, _), at in zip(theirs, shifts, strict=True))
    return Joints(tuple(mine), sound, tuple(unshown))


def shifted(stamps: Ints, shifts: Shifts) -> Ints:
    """Stamps on the continuous time line, int64; `NO_PTS` stays."""
    out: Ints = stamps.copy()
    if not shifts:
        return out
    for (first, ticks), last in zip(shifts, [*(n for n, _ in shifts[1:]), len(stamps)], strict=True):
        part = out[first:last]
        part[part != NO_PTS] += ticks
    return out


def _shared(ours: list[_Jump], theirs: list[_Jump]) -> list[_Jump]:
    """Jumps of one stream that another one has as well."""
    return [jump for jump in ours if any(abs(jump[1] - other) < _ALIKE_S for _, other in theirs)]


def _mend(track: Track, first: int, last: int) -> list[tuple[int, int]]:
    """Mend display stamps that libavformat took from beyond a joint; (packet, ticks added) of each.

    It tells the pictures that others wait for (P, in MPEG-2) by the decoding stamp of the next one.
    """
    order, mended = track.order[first:last], list[tuple[int, int]]()
    known = order[order != NO_PTS]
    for n in range(max(first, last - _TAIL), last):
        apart = (int(track.shown[n]) - int(track.order[n])) * float(track.time_base)
        if NO_PTS not in (track.shown[n], track.order[n]) and abs(apart) > _BACK_S:
            right = int(known.max()) + _step(known) * (1 + len(mended))
            mended.append((n, right - int(track.shown[n])))
            track.shown[n] = right
    return mended


def _shown(track: Track, first: int, last: int, keys: Sequence[int] | None) -> Ints:
    """Packets first .. last - 1 that are shown: those before a part's first key picture are not."""
    numbers: Ints = np.arange(first, last)
    numbers = numbers[track.shown[first:last] != NO_PTS]
    if keys is None:
        return numbers
    key = next((k for k in keys if first <= k < last and track.shown[k] != NO_PTS), last)
    shown: Ints = numbers[(numbers >= key) & (track.shown[numbers] >= track.shown[min(key, last - 1)])]
    return shown


def _step(stamps: Ints) -> int:
    """Ticks for which the last of sorted stamps stands: as long as those before it."""
    steps = np.diff(np.unique(stamps[-_TAIL:]))
    return int(np.median(steps)) if len(steps) else 0


def _refusal(got: str) -> MediaUnreadable:
    return MediaUnreadable(
        "the file's clock starts over within it: several recordings are joined",
        got=got,
        hint="Cut them apart, or write the file anew: ffmpeg -i FILE -map 0 -c copy fixed.mkv",
        code="clock_jumps",
    )
