"""lhotse's cuts, TextGrids and ELAN's files: what goes out comes back, to the millisecond."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.corpus.write import write_release
from mmdia.release.export import export_release
from mmdia.release.importers.run import import_release
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.release import Release
from mmdia.schema.title import Title

TURNS = (
    Turn(start_ms=1_001, end_ms=2_003, speakers=("ann",), text='Say "hi" & <go>\nnow'),
    Turn(start_ms=1_500, end_ms=2_500, speakers=("ann",), text="over myself"),
    Turn(start_ms=2_500, end_ms=2_507, speakers=("bo", "ann"), text="both", emotion="joy"),
    Turn(start_ms=3_600_123, end_ms=3_600_999, speakers=(), text="nobody"),
    Turn(start_ms=3_600_124, end_ms=3_600_998, speakers=(), text="nobody else"),
    Turn(start_ms=3_700_000, end_ms=3_700_001, speakers=("old words",), text="äöü 怎"),
)
BAD = (
    Turn(start_ms=5, end_ms=5, speakers=("ann",), text="no length"),
    Turn(start_ms=6, end_ms=9, speakers=("ann",)),
)


@pytest.fixture
def handle(tmp_path: Path) -> ReleaseHandle:
    rows = [
        Dialogue(dialogue_id="d1", title_id="my film", start_ms=0, end_ms=3_700_001, turns=TURNS),
        Dialogue(dialogue_id="d2", title_id="other", start_ms=5, end_ms=9, turns=BAD),
        Dialogue(dialogue_id="script", turns=(Turn(speakers=("a",), text="x"),)),
    ]
    titles = [Title(title_id="my film", duration_ms=4_000_000), Title(title_id="other")]
    return write_release(tmp_path / "release", Release(name="n", version="1"), titles, rows)


@pytest.mark.parametrize(
    ("format", "name", "skipped"),
    [
        ("lhotse", "cuts.jsonl.gz", {"no_times": 1, "turn_end": 1}),
        ("lhotse", "cuts.jsonl", {"no_times": 1, "turn_end": 1}),
        ("textgrid", "grids", {"no_text": 1, "no_times": 1, "turn_end": 1}),
        ("elan", "eaf", {"no_text": 1, "no_times": 1, "turn_end": 1}),
    ],
)
def test_round_trip(
    handle: ReleaseHandle, tmp_path: Path, format: str, name: str, skipped: dict[str, int]
) -> None:
    done = export_release(handle, tmp_path / name, format)
    assert done.skipped == skipped
    import_release("auto", [tmp_path / name], tmp_path / "back")
    back = [
        t for d in iter_dialogues(open_release(tmp_path / "back")) for t in d.turns if d.title_id != "other"
    ]
    wanted = sorted((t.start_ms, t.end_ms, "+".join(t.speakers), t.text) for t in TURNS)
    assert sorted((t.start_ms, t.end_ms, "+".join(t.speakers), t.text) for t in back) == wanted


def test_their_own_readers_open_them(handle: ReleaseHandle, tmp_path: Path) -> None:
    from praatio import textgrid
    from pympi.Elan import Eaf

    export_release(handle, tmp_path / "grids", "textgrid")
    grid = textgrid.openTextgrid(
        str(next((tmp_path / "grids").glob("my*.TextGrid"))), includeEmptyIntervals=False
    )
    assert grid.maxTimestamp == 4000.0
    assert grid.getTier("ann").entries[0][:2] == (1.001, 2.003)
    assert set(grid.tierNames) == {
        "ann", "ann - overlap 1", "bo+ann", "text", "overlap 1", "old words - text",
    }  # fmt: skip
    export_release(handle, tmp_path / "eaf", "elan")
    eaf = Eaf(str(next((tmp_path / "eaf").glob("my*.eaf"))))
    assert eaf.get_annotation_data_for_tier("ann") == [(1001, 2003, 'Say "hi" & <go>\nnow')]


def test_lhotse_reads_our_cuts(handle: ReleaseHandle, tmp_path: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    export_release(handle, tmp_path / "cuts.jsonl.gz", "lhotse")
    cuts = lhotse.CutSet.from_file(tmp_path / "cuts.jsonl.gz")
    found = [
        (round((c.start + s.start) * 1000), s.text) for c in cuts for s in c.supervisions if c.id == "d1"
    ]
    assert found == [(t.start_ms, t.text) for t in TURNS]
