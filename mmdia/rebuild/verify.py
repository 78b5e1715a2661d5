"""``--verify``: decode every clip and compare it with its receipt."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import MediaError, UsageError
from mmdia.media.verify import check_audio, check_clip
from mmdia.rebuild.damaged import note_damaged
from mmdia.rebuild.files import opened
from mmdia.rebuild.ledger import RECEIPT, Ledger
from mmdia.store.digest import file_sha256
from mmdia.store.shards import filed


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


def _problem(out: Path, kind: str, fact: dict[str, Any]) -> str | None:
    """What is wrong with a file, in words; None when it is what its receipt says."""
    try:
        with opened(out, fact) as path:
            if kind in ("audio", "turn_audio"):
                sound = check_audio(path)
                got = {
                    "sample_rate": sound.sample_rate,
                    "n_samples": sound.n_samples,
                    "sha256": sound.sha256,
                }
                return _compare(fact, got)
            if kind == "keyframe":
                return _compare(fact, {"sha256": file_sha256(path)})
            picture = check_clip(path, str(fact["sha256"]))
            return _compare(fact, {"n_frames": picture.n_frames, "sha256": picture.sha256})
    except MediaError as error:
        return error.message


def verify_output(out: Path) -> VerifyReport:
    """Decode all clips of an output folder, loose or in shards; the next run makes damaged ones anew.

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
        for kind, _, fact in filed(row):
            checked += 1
            problem = _problem(out, kind, dict(fact))
            if problem is not None:
                faults.append(Fault(dialogue_id, fact["path"], problem))
    note_damaged(ledger.state, (fault.dialogue_id for fault in faults))
    return VerifyReport(checked, tuple(faults))
