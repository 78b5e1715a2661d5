"""Which files a library that seeks by itself can be trusted with.

Readers that keep an index of their own agree with ours on plain files: every packet is a frame that
is shown, its stamp is in the file, and no picture after a key frame refers to one before it. On
others some are wrong without a word (measured: MPEG-TS by up to 200 frames, edit lists by 85).
"""

from __future__ import annotations

import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.frames import SEEKABLE
from mmdia.media.index import NO_PTS, VideoIndex
from mmdia.media.probe import open_input, picture_streams, rotation_of

_HINT = 'Use backend="av" (or "auto").'


def refuse_guessing(name: str, path: str, video: VideoIndex, container: str) -> None:
    """Refuse files in which another library's seeking is a guess.

    Raises:
        MediaUnreadable: The container has no index of its own, or frames are hidden or not stamped.
    """
    if container not in SEEKABLE:
        raise MediaUnreadable(f"{name} misreads this container", path=path, got=container, hint=_HINT)
    if video.counted or bool((video.packet_pts == NO_PTS).any()):
        raise MediaUnreadable(f"{name} needs stamps that this file lacks", path=path, hint=_HINT)
    if len(video.packet_pts) != video.n_frames:
        raise MediaUnreadable(
            f"{name} may show frames that this file hides", path=path,
            expected=f"{video.n_frames} frames", got=f"{len(video.packet_pts)} packets", hint=_HINT,
        )  # fmt: skip


def refuse_open_groups(name: str, path: str, video: VideoIndex) -> None:
    """Refuse films in which pictures after a key frame are shown before it.

    Raises:
        MediaUnreadable: There are such pictures: they refer to the group before.
    """
    for key in video.keys[1:].tolist():
        after = video.packet_pts[key + 1 : key + 17]
        if len(after) and int(np.min(after)) < int(video.packet_pts[key]):
            raise MediaUnreadable(f"{name} misreads open groups of pictures", path=path, hint=_HINT)


def refuse_turned(name: str, path: str) -> None:
    """Refuse films that a player turns.

    Raises:
        MediaUnreadable: It is one.
    """
    with open_input(path) as container:
        turned = any(rotation_of(stream, container) for stream in picture_streams(container)[:1])
    if turned:
        raise MediaUnreadable(f"{name} does not turn this picture upright", path=path, hint=_HINT)
