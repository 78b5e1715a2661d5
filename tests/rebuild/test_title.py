"""What makes a clip another clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from mmdia.rebuild.config import ClipParams
from mmdia.rebuild.sound_track import TrackChoice
from mmdia.rebuild.title import clip_key
from mmdia.rebuild.windows import Placed, Still


def test_whatever_changes_a_clip_changes_its_key() -> None:
    """Else a clip of an earlier run is kept that was cut from another track, or at another speed."""
    clip, track = ClipParams(), TrackChoice(0, None, None)
    placed = Placed(1.0, 2.0, 1.0, 1.0, (Still(0, 1.0),), ((1.0, 2.0, 2.0),))
    keys = [
        clip_key(clip, "film", placed, track),
        clip_key(clip, "other", placed, track),
        clip_key(replace(clip, pad_s=0.5), "film", placed, track),
        clip_key(clip, "film", placed, replace(track, number=1)),
        clip_key(clip, "film", placed, replace(track, number=None, refusal="no_audio")),
        clip_key(clip, "film", placed, replace(track, refusal="no_audio")),
        clip_key(clip, "film", replace(placed, speed=Fraction(25025, 24000)), track),
        clip_key(clip, "film", replace(placed, start_s=0.5), track),
        clip_key(clip, "film", replace(placed, end_s=2.5), track),
        clip_key(clip, "film", replace(placed, stills=()), track),
        clip_key(clip, "film", replace(placed, turns=(None,)), track),
    ]
    assert len(set(keys)) == len(keys)
