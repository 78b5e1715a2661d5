"""Where the receipt of a rebuild lies, and what tells that it or its files have changed."""

from __future__ import annotations

from pathlib import Path

from mmdia.corpus.digests import known_digests
from mmdia.corpus.locate import digest_memory
from mmdia.errors import ReleaseNotFound

RECEIPT_FILE = "receipt.jsonl"


def receipt_path(out_dir: str | Path) -> Path:
    """The receipt of a rebuild folder.

    Raises:
        ReleaseNotFound: The folder holds no receipt.
    """
    folder = Path(out_dir).expanduser()
    path = folder / RECEIPT_FILE
    if not path.is_file():
        raise ReleaseNotFound(
            "no receipt here",
            path=folder,
            expected=f"a folder with {RECEIPT_FILE}",
            hint="Run: mmdia rebuild",
        )
    return path


def receipt_content_id(out_dir: str | Path) -> str:
    """Identity of a rebuild folder's receipt, 32 hexadecimal digits of its content.

    Raises:
        ReleaseNotFound: The folder holds no receipt.
    """
    path = receipt_path(out_dir)
    found = known_digests(path.parent, (path,), digest_memory())
    return found[path.name][1][:32]


def folder_stamp(folder: Path) -> int:
    """Time at which names in a folder last changed, ns; 0 where there is no such folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
