"""Marks that several dialogues use."""

from __future__ import annotations

from script_types import Mark

RAIN = Mark("ambient", "rain on the roof", "[rain]", "(rain)")
PIANO = Mark("music", "soft electric piano", "[soft piano music]", "(music)")
SIGH = Mark("vocal", "sigh", "[sighs]", "(sighs)", "before", "sigh", 0.7)
LAUGH = Mark("vocal", "laughter", "[laughs]", "(laughs)", "after", "laugh")
