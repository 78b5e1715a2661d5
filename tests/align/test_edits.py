"""Where edits are put: one after the other, each as wide as it must be."""

from __future__ import annotations

import numpy as np
import pytest

from mmdia.align.edits import place
from mmdia.align.pieces import Piece
from mmdia.align.track import Track
from mmdia.schema.cue import Cue


def test_an_edit_begins_no_earlier_than_the_one_before_ends() -> None:
    """Whatever the lines say: else a time map would run backwards."""
    for seed in range(400):
        dice = np.random.default_rng(seed)
        starts = np.cumsum(dice.integers(200, 3000, 12)).tolist()
        anno = Track.from_cues([Cue(at, at + int(dice.integers(300, 4000)), "w") for at in starts])
        a = int(dice.integers(2, 5))
        b = a + int(dice.integers(2, 4))
        removed = dice.uniform(-1, 12, 2)  # more than there is left, too
        offsets = [0.0, -removed[0], -removed.sum()]
        pieces = [Piece(0, a - 1, offsets[0]), Piece(a, b - 1, offsets[1]), Piece(b, 11, offsets[2])]
        one, two = place(pieces, dice.normal(0, 3, (12, 3)), anno, 1.0).cuts
        assert [one[1] - one[0], two[1] - two[0]] == pytest.approx(np.maximum(removed, 0).tolist())
        assert two[0] >= one[1] - 1e-9, seed
