"""Files of a release lie in its folder: a link that leads out would hand other files to whoever reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mmdia.errors import ReleaseError


def refuse_links_out(folder: Path, files: Iterable[Path]) -> None:
    """Refuse files that are links out of their release.

    The folder itself may be a link. In the cache of the Hub's client files are links into its own
    store, which are let through.

    Raises:
        ReleaseError: A file leads elsewhere.
    """
    root = folder.resolve()
    roots = [root]
    if root.parent.name == "snapshots":
        roots.append(root.parents[1] / "blobs")
    for path in files:
        real = path.resolve()
        if not any(real.is_relative_to(place) for place in roots):
            raise ReleaseError(
                "a link leads out of the release", path=path, got=str(real),
                hint="Put the file itself in its place if you trust it.",
            )  # fmt: skip
