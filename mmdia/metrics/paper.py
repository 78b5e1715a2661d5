"""Figures printed in the MM-DIA paper (ICLR 2026), to be shown beside ours, never ranked with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubtitleRow:
    """A row of Table 6.

    Attributes:
        key: Our word for the kind of subtitle.
        name: The paper's.
        accuracy: "TimeStamp Accuracy": share of boundaries that people judged right.
        wer: Word error rate against the official subtitle, a fraction.
    """

    key: str
    name: str
    accuracy: float
    wer: float


#: Table 6: timestamp accuracy and word error rate of kinds of subtitles.
TABLE_6: tuple[SubtitleRow, ...] = (
    SubtitleRow("asr", "ASR", 0.871, 0.34),
    SubtitleRow("uncalibrated", "SRT-Uncalibrated", 0.179, 0.43),
    SubtitleRow("calibrated", "SRT-Calibrated", 0.857, 0.03),
    SubtitleRow("official", "SRT-Official", 0.870, 0.00),
)
