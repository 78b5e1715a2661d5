"""Measurements of a clip's sound (``--quality``), so that loaders and collators can filter by them.

| key | what | unit |
|---|---|---|
| loudness_lufs | integrated loudness, ITU-R BS.1770 gated; the clip's own channels | LUFS |
| peak_dbfs | highest sample | dB of full scale |
| clipped_share | samples in runs of three or more at full scale | 0..1 |
| snr_db | WADA-SNR estimate of the dialogue channel, -10..50 | dB |
| speech_share | time in which WebRTC's detector hears speech | 0..1 |
| overlap_share | annotated speech in which two or more speak | 0..1 |
| dnsmos_ovrl, dnsmos_sig, dnsmos_bak | DNSMOS P.835 (extra ``eval``) | 1..5 |
| dnsmos_p808 | DNSMOS P.808 (extra ``eval``) | 1..5 |

What cannot be measured (loudness of silence, overlap without turn times) is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from mmdia.engines import registry
from mmdia.engines.ports import SpeechRater
from mmdia.media.clip_speech import decode_joined, speech_samples
from mmdia.media.loudness import clipped_share, loudness_lufs, peak_dbfs
from mmdia.media.snr import snr_db
from mmdia.schema.dialogue import Dialogue

#: The detector whose answer `speech_share` is: the one that is always there, so that figures of
#: two machines can be compared.
_DETECTOR = "webrtc"


def measure(flacs: Sequence[bytes], row: Mapping[str, Any], dialogue: Dialogue) -> dict[str, float]:
    """Measure one dialogue's sound.

    Args:
        flacs: Its clip, or its sentence clips in order, which joined are the dialogue.
        row: Its receipt row (for turn times within the clip).
        dialogue: The dialogue (for who speaks when).

    Returns:
        Figures by name, see the module's text; equal clips give equal figures.

    Raises:
        MediaUnreadable: The clip cannot be read.
    """
    samples, rate = decode_joined(flacs)
    speech = speech_samples(samples, rate)
    found: dict[str, float | None] = {
        "loudness_lufs": loudness_lufs(samples, rate),
        "peak_dbfs": peak_dbfs(samples),
        "clipped_share": clipped_share(samples),
        "snr_db": snr_db(speech),
        "overlap_share": overlap_share(row, dialogue),
    }
    if len(speech):
        heard = registry.detector(_DETECTOR).detect([speech]).probability
        found["speech_share"] = sum(p > 0.5 for p in heard) / len(heard)
        rater = _rater()
        if rater is not None and found["peak_dbfs"] is not None:
            found.update(rater.rate(speech))
    return {
        name: round(value, 4)
        for name, value in sorted(found.items())
        if value is not None and math.isfinite(value)
    }


def is_measured(row: Mapping[str, Any]) -> bool:
    """Whether a row carries all that would be measured here; opinions are not given of silence."""
    quality = row.get("quality")
    if not quality or "clipped_share" not in quality:
        return False
    rater = _rater()
    return rater is None or "peak_dbfs" not in quality or all(key in quality for key in rater.keys)


def overlap_share(row: Mapping[str, Any], dialogue: Dialogue) -> float | None:
    """Share of the annotated speech during which two or more speak; None without turn times.

    A turn of several speakers counts as two or more. Turns of one speaker that overlap do not.
    """
    spans = [
        (float(fact["start"]), float(fact["end"]), turn.speakers)
        for fact, turn in zip(row.get("turns") or (), dialogue.turns, strict=False)
        if fact.get("start") is not None and fact.get("end") is not None
    ]
    edges = sorted({edge for start, end, _ in spans if end > start for edge in (start, end)})
    said = both = 0.0
    for left, right in pairwise(edges):
        speakers = {name for start, end, names in spans if start <= left and end >= right for name in names}
        said += (right - left) * bool(speakers)
        both += (right - left) * (len(speakers) > 1)
    return both / said if said > 0 else None


@lru_cache(maxsize=1)
def _rater() -> SpeechRater | None:
    """Opened once a process: models are the same for every clip."""
    return registry.rater()
