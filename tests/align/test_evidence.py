"""How kinds of evidence are weighed together."""

from __future__ import annotations

import numpy as np
import pytest

from mmdia.align.evidence import Evidence
from mmdia.align.source import Family
from mmdia.align.text_source import TextSource
from mmdia.align.track import Track
from mmdia.schema.cue import Cue


@pytest.mark.parametrize("lead", ["timing", "audio", "fingerprint"])
def test_words_that_find_no_partner_tell_nothing_unless_words_lead(lead: Family) -> None:
    """The copy may speak another language."""
    anno = Track.from_cues([Cue(0, 900, "good morning all"), Cue(1000, 1900, "how are you")])
    media = Track.from_cues([Cue(0, 900, "guten Morgen"), Cue(1000, 1900, "wie geht es")])
    words = TextSource.of(anno, media)
    at = np.zeros(1)
    assert (Evidence.led_by("text", anno, [words]).nats(1.0, at) < 0).all()
    assert (Evidence.led_by(lead, anno, [words]).nats(1.0, at) == 0).all()
