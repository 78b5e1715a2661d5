"""Two rebuilds side by side: the same clips, or where they differ, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmdia.schema.receipt import AudioFact, Receipt, VideoFact

#: Windows that differ by less are the same: receipts hold floats.
_SAME_S = 1e-6

#: What may differ, in the order of tables: of the clips, then of how they came to be.
FIELDS = (
    "status",
    "window",
    "audio",
    "video",
    "keyframes",
    "turn_clips",
    "turns",
    "media",
    "params",
    "annotation_version",
    "mmdia_version",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one dialogue that differs.

    Attributes:
        dialogue_id: The dialogue.
        field: One of `FIELDS`.
        a: What the first receipt says.
        b: What the second says.
        size: How far apart windows or turns lie, in seconds; None for other fields.
    """

    dialogue_id: str
    field: str
    a: Any
    b: Any
    size: float | None = None

    def to_row(self) -> dict[str, Any]:
        """The difference as it stands in ``--json``."""
        row = {"dialogue_id": self.dialogue_id, "field": self.field, "a": self.a, "b": self.b}
        return row if self.size is None else {**row, "size_s": round(self.size, 6)}


@dataclass(frozen=True)
class ReceiptDiff:
    """How two receipts differ.

    Attributes:
        both: Dialogues built in both.
        only_a: Dialogues built in the first alone.
        only_b: Dialogues built in the second alone.
        identical: Dialogues built in both with nothing that differs.
        differences: What differs, by dialogue; of dialogues of which one receipt alone has the clip,
            the status.
    """

    both: int
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    identical: int
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def counts(self) -> dict[str, int]:
        """Dialogues by the field that differs."""
        found = {name: len({d.dialogue_id for d in self.differences if d.field == name}) for name in FIELDS}
        return {name: n for name, n in found.items() if n}

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (schema ``mmdia.receipt-diff/1``)."""
        far = [d.size for d in self.differences if d.field == "window" and d.size is not None]
        return {
            "schema": "mmdia.receipt-diff/1",
            "same": self.same,
            "both": self.both,
            "identical": self.identical,
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
            "counts": self.counts(),
            "largest_window_difference_s": round(max(far), 6) if far else None,
            "differences": [d.to_row() for d in self.differences],
        }


def diff_receipts(a: Mapping[str, Receipt], b: Mapping[str, Receipt]) -> ReceiptDiff:
    """Compare two receipts.

    Paths, sizes of files, wall times and words of messages are no difference: two places may name
    and pack the same clips in their own way. Rows left out by ``--titles`` or ``--shard`` count as
    not there.

    Args:
        a: Receipts by dialogue.
        b: The others.
    """
    both = identical = 0
    only_a, only_b = [], []
    found: list[Difference] = []
    for i in dict.fromkeys([*a, *b]):
        one, two = _asked(a.get(i)), _asked(b.get(i))
        if one is not None and two is not None and one.status == two.status == "built":
            both += 1
            differing = list(_compare(one, two))
            identical += not differing
            found += differing
            continue
        if one is not None and one.status == "built":
            only_a.append(i)
        if two is not None and two.status == "built":
            only_b.append(i)
        first, second = _outcome(one), _outcome(two)
        if first != second:
            found.append(Difference(i, "status", first, second))
    return ReceiptDiff(both, tuple(only_a), tuple(only_b), identical, tuple(found))


def _asked(receipt: Receipt | None) -> Receipt | None:
    return None if receipt is None or receipt.status == "not_selected" else receipt


def _outcome(receipt: Receipt | None) -> str | None:
    """Status with its reasons; None for no row."""
    if receipt is None:
        return None
    if receipt.status == "built":
        return "built"
    return " ".join([receipt.status, *sorted(receipt.reasons)])


def _compare(a: Receipt, b: Receipt) -> Iterator[Difference]:
    """What differs between two built dialogues."""
    i = a.dialogue_id
    if a.clip is not None and b.clip is not None:
        one, two = (a.clip.media_start, a.clip.media_end), (b.clip.media_start, b.clip.media_end)
        far = _apart(one, two)
        if far > _SAME_S:
            yield Difference(i, "window", list(one), list(two), far)
    pairs: list[tuple[str, Any, Any]] = [
        ("audio", sound_identity(a.audio), sound_identity(b.audio)),
        ("video", picture_identity(a.video), picture_identity(b.video)),
        ("keyframes", still_identities(a), still_identities(b)),
        ("turn_clips", turn_clip_identities(a), turn_clip_identities(b)),
        ("media", a.media and a.media.hash, b.media and b.media.hash),
        ("params", a.params_hash, b.params_hash),
        ("annotation_version", a.annotation_version, b.annotation_version),
        ("mmdia_version", a.mmdia_version, b.mmdia_version),
    ]
    for name, first, second in pairs:
        if first != second:
            yield Difference(i, name, first, second)
    edges = [[v for t in r.turns for v in (t.start, t.end, t.end_extended)] for r in (a, b)]
    far = _apart(edges[0], edges[1])
    if far > _SAME_S:
        yield Difference(i, "turns", len(a.turns), len(b.turns), None if far == float("inf") else far)


def _apart(a: Sequence[float | None], b: Sequence[float | None]) -> float:
    """Largest distance of values in their order; infinite where one is missing."""
    if len(a) != len(b) or any((x is None) != (y is None) for x, y in zip(a, b, strict=True)):
        return float("inf")
    return max(
        (abs(x - y) for x, y in zip(a, b, strict=True) if x is not None and y is not None), default=0.0
    )


def sound_identity(fact: AudioFact | None) -> list[Any] | None:
    """What makes a sound clip this one: rate, channels, samples and their hash."""
    return None if fact is None else [fact.sample_rate, fact.channels, fact.n_samples, fact.sha256]


def picture_identity(fact: VideoFact | None) -> list[Any] | None:
    """What makes a video clip this one: frames and their hash."""
    return None if fact is None else [fact.n_frames, fact.sha256]


def still_identities(receipt: Receipt) -> list[Any]:
    """The same for all stills."""
    return sorted([k.turn, k.sha256] for k in receipt.keyframes)


def turn_clip_identities(receipt: Receipt) -> list[Any]:
    """The same for all sentence clips."""
    return [[list(c.turns), sound_identity(c.audio), picture_identity(c.video)] for c in receipt.turn_clips]
