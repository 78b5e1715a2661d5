"""One look at a release before it is loaded: where rows are, and what a reader should know of them."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.labels import vocabulary_or_default
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.prepare import checked_survey
from mmdia.corpus.read import iter_titles
from mmdia.corpus.shards import Survey
from mmdia.errors import BrokenRow


def survey_release(handle: ReleaseHandle, *, skip_broken: bool = False, rows: Path | None = None) -> Survey:
    """Read all dialogues once; warn of what breaks the invariants, with counts. Nothing is changed.

    Args:
        handle: The release.
        skip_broken: Count and leave out rows that cannot be read, and warn.
        rows: A folder for the rows, so that they need not be parsed again.

    Raises:
        BrokenRow: A row cannot be read (unless `skip_broken`).
    """
    broken: list[BrokenRow] = []
    vocab = vocabulary_or_default(handle.head.vocab).name
    on_broken: OnBroken = broken.append if skip_broken else "raise"
    found, counts = checked_survey(handle, vocab=vocab, on_broken=on_broken, rows=rows)
    _warn(handle, counts, broken)
    return found


def survey_titles(handle: ReleaseHandle, *, skip_broken: bool = False) -> int:
    """Number of titles that can be read; warns as `survey_release` does.

    Raises:
        BrokenRow: A row cannot be read (unless `skip_broken`).
    """
    broken: list[BrokenRow] = []
    count = sum(1 for _ in iter_titles(handle, on_broken=broken.append if skip_broken else "raise"))
    warn_of_broken(handle, broken)
    return count


def warn_of_broken(handle: ReleaseHandle, broken: list[BrokenRow]) -> None:
    """Warn of rows that were left out, with their number and the first of them."""
    _warn(handle, Counter(), broken)


def _warn(handle: ReleaseHandle, counts: Counter[str], broken: list[BrokenRow]) -> None:
    cure = f"See: mmdia release validate {handle.path}"
    if broken:
        text = (
            f"{len(broken)} rows of {handle.path} cannot be read and are left out; the first: {broken[0]}"
        )
        text = f"{text}. {cure}"
        warnings.warn(text, UserWarning, stacklevel=2)
    if counts:
        listed = ", ".join(f"{code} {count}" for code, count in sorted(counts.items()))
        text = f"{handle.path} breaks invariants ({listed}); its rows are given as they are. {cure}"
        warnings.warn(text, UserWarning, stacklevel=2)
