"""EmoryNLP's emotion lines of Friends (Zahiri and Choi, 2018), as the CSV files of MELD's repository.

Season, episode and ``Scene_ID`` together name a scene, which is a dialogue here; ``Speaker`` is a list
as Python writes it, for several may speak at once; utterances count from 1. Times are those of the
episode: ``HH:MM:SS.mmm``.
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
    dataset="EmoryNLP",
    prefix="emorynlp",
    dialogue="Scene_ID",
    start="Start_Time",
    end="End_Time",
    per_episode=True,
    first_number=1,
)
SOURCE = ReleaseSource(
    name="EmoryNLP",
    kind="dataset",
    url="https://github.com/emorynlp/emotion-detection",
    license="Apache-2.0",
    citation="Zahiri and Choi, Emotion Detection on TV Show Transcripts with Sequence-based Convolutional "
    "Neural Networks, AAAI Workshop on Affective Content Analysis 2018",
)


def accepts(files: Sequence[Path]) -> bool:
    """Whether files are EmoryNLP's tables."""
    return accepts_columns(files, COLUMNS)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """Titles and dialogues of the tables."""
    return read_tables(files, options, ledger, COLUMNS)


IMPORTER = Importer(
    "emorynlp", "EmoryNLP's CSV files (Friends)", (".csv",), accepts, read, SOURCE, any_suffix=True
)
