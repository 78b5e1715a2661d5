"""What of a cue an alignment depends on: the identity of lines."""

from __future__ import annotations

from collections.abc import Sequence

from mmdia.schema.cue import Cue


def cue_facts(cues: Sequence[Cue]) -> list[object]:
    """All that the solver reads of each cue: two lists that are equal make one map.

    Times and text, the times of words, and whether a cue without text holds something else
    ("[music]") or has its text withheld.
    """
    return [
        (
            c.start_ms,
            c.end_ms,
            c.text,
            [(w.start_s, w.end_s, w.text) for w in c.words],
            bool(c.raw_text.strip() or c.marks),
        )
        for c in cues
    ]
