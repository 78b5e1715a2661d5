"""MELD: emotion lines of Friends (Poria et al., 2019), in CSV files, one a split.

``Dialogue_ID`` starts again in each split, so split and number together name a dialogue. Times are
those of the episode: ``H:MM:SS,mmm``. The dyadic files have the same columns and two more.
Annotations without text have ``n_words`` in place of ``Utterance``. The row's running number
(``Sr No.``) is not kept; ``Utterance_ID`` is, so that holes in the numbering can be found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.release.importers.friends import Columns, accepts_columns, read_tables
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.schema.release import ReleaseSource

COLUMNS = Columns(
    dataset="MELD",
    prefix="meld",
    dialogue="Dialogue_ID",
    start="StartTime",
    end="EndTime",
    sentiment="Sentiment",
    dropped=("Sr No.",),
    first_number=0,
)
SOURCE = ReleaseSource(
    name="MELD",
    kind="dataset",
    url="https://github.com/declare-lab/MELD",
    license="GPL-3.0-only",
    citation="Poria et al., MELD: A Multimodal Multi-Party Dataset for Emotion Recognition in "
    "Conversations, ACL 2019",
)


def accepts(files: Sequence[Path]) -> bool:
    """Whether files are MELD's tables."""
    return accepts_columns(files, COLUMNS)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """Titles and dialogues of the tables."""
    return read_tables(files, options, ledger, COLUMNS)


IMPORTER = Importer("meld", "MELD's CSV files (Friends)", (".csv",), accepts, read, SOURCE, any_suffix=True)
