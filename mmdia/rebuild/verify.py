"""``--verify``: decode every clip and compare it with its receipt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import MediaError, MediaNotFound, UsageError
from mmdia.media.verify import check_audio, check_video
from mmdia.rebuild.files import inside
from mmdia.rebuild.ledger import RECEIPT, Ledger
from mmdia.store.digest import file_sha256


@dataclass(frozen=True, slots=True)
class Fault:
    """One file that is not what its receipt says."""

    dialogue_id: str
    path: str
    problem: str


@dataclass(frozen=True)
class VerifyReport:
    """Result of a verification.

    Attributes:
        checked: Files decoded.
        faults: What is wrong.
    """

    checked: int
    faults: tuple[Fault, ...]

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {
            "schema": "mmdia.verify/1",
            "checked": self.checked,
            "faults": [asdict(fault) for fault in self.faults],
        }


def _compare(expected: dict[str, Any], got: dict[str, Any]) -> str | None:
    """The first difference, in words."""
    for key, value in got.items():
        if expected[key] != value:
            return f"{key}: expected {expected[key]}, got {value}"
    return None


def _checks(out: Path, row: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Path and problem (or None) of every file of a row."""
    sounds, pictures = [row.get("audio")], [row.get("video")]
    for clip in row.get("turn_clips") or ():
        sounds.append(clip.get("audio"))
        pictures.append(clip.get("video"))
    for fact in filter(None, sounds):
        sound = check_audio(inside(out, fact["path"]))
        got = {"sample_rate": sound.sample_rate, "n_samples": sound.n_samples, "sha256": sound.sha256}
        yield fact["path"], _compare(fact, got)
    for fact in filter(None, pictures):
        picture = check_video(inside(out, fact["path"]))
        yield fact["path"], _compare(fact, {"n_frames": picture.n_frames, "sha256": picture.sha256})
    for fact in row.get("keyframes") or ():
        path = inside(out, fact["path"])
        if not path.is_file():
            raise MediaNotFound("there is no such keyframe", path=path)
        yield fact["path"], _compare(fact, {"sha256": file_sha256(path)})


def verify_output(out: Path) -> VerifyReport:
    """Decode all clips of an output folder.

    Args:
        out: Output folder of a rebuild.

    Raises:
        UsageError: There is no receipt in the folder.
    """
    ledger = Ledger(out)
    if not (out / RECEIPT).is_file() and not ledger.state.is_dir():
        raise UsageError("no receipt here: not the output of a rebuild", path=out)
    checked, faults = 0, []
    for dialogue_id, row in ledger.rows().items():
        if row.get("status") != "built":
            continue
        try:
            for path, problem in _checks(out, row):
                checked += 1
                if problem is not None:
                    faults.append(Fault(dialogue_id, path, problem))
        except MediaError as error:
            checked += 1
            faults.append(Fault(dialogue_id, str(error.path), error.message))
    return VerifyReport(checked, tuple(faults))
