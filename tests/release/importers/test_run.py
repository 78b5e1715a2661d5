"""Our own format, formats of other packages, what is written and when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mmdia.cli.main import main
from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues, iter_scenes, iter_titles
from mmdia.errors import ReleaseError, ReleaseNotFound, UsageError
from mmdia.release.importers import registry
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.run import import_release
from mmdia.release.importers.shape import build
from mmdia.schema.dialogue import Turn
from mmdia.schema.reasons import REASONS
from mmdia.schema.title import Title

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
SRT = "1\n00:00:01,000 --> 00:00:02,000\nANN: Hello to you.\n"


def test_a_release_comes_over_as_it_is(take: Take) -> None:
    demo = open_release(demo_release())
    got = take("auto", demo_release())
    assert got.report.format == "release"
    assert list(got.dialogues.values()) == list(iter_dialogues(demo, keep_withdrawn=True))
    assert list(got.titles.values()) == list(iter_titles(demo, keep_withdrawn=True))
    assert got.scenes == tuple(iter_scenes(demo))
    same = {
        "name",
        "version",
        "license",
        "sources",
        "vocab",
        "counts",
        "description",
        "citation",
        "created",
    }
    for key in same:
        assert getattr(got.handle.head, key) == getattr(demo.head, key), key
    assert [step.step for step in got.handle.head.history][-1] == "import"
    files = {p.relative_to(demo.path) for p in (demo.path / "subtitles").iterdir()}
    assert files <= {p.relative_to(got.handle.path) for p in got.handle.path.rglob("*")}


def test_a_release_without_what_is_said(take: Take) -> None:
    lines = [t.text for d in iter_dialogues(open_release(demo_release())) for t in d.turns if t.text]
    got = take("release", demo_release(), withhold_text=True)
    content = b"".join(p.read_bytes() for p in got.handle.path.rglob("*.jsonl"))
    assert not [line for line in lines if len(line.split()) > 3 and line.encode() in content]
    assert not (got.handle.path / "subtitles").exists()


def test_tables_alone(put: Put, take: Take) -> None:
    rows = [
        {
            "dialogue_id": "a",
            "title_id": "t",
            "start_ms": 0,
            "end_ms": 5,
            "turns": [{"speakers": ["x"], "start_ms": 0, "end_ms": 5}],
        },
        {"dialogue_id": "a", "turns": [{"speakers": ["x"]}, {"speakers": ["y"]}]},
        {"turns": []},
        {"dialogue_id": "b", "turns": [{"speakers": ["x"]}], "mine": 1},
    ]
    path = put("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    got = take("auto", path)
    assert set(got.dialogues) == {"a", "b"}
    assert got.lost == {"broken_row": 1, "duplicate_row": 2}
    assert got.dialogues["b"].extra == '{"mine": 1}'
    assert (list(got.titles), got.notes) == (["t"], {"title_added": 1})


def test_facts_on_titles_are_added(put: Put, take: Take) -> None:
    put("s/x.srt", SRT)
    got = take("subtitles", put("s/x.srt", SRT), titles=(Title(title_id="x", name="Ex", year=1999),))
    assert (got.titles["x"].name, got.titles["x"].year, got.titles["x"].kind) == ("Ex", 1999, "other")


def test_the_head_says_what_the_user_says(put: Put, take: Take) -> None:
    put("x.srt", SRT)
    got = take("subtitles", head={"name": "mine", "version": "2.1", "license": "CC0-1.0"}, max_gap_s=2.0)
    head = got.handle.head
    assert (head.name, head.version, head.license) == ("mine", "2.1", "CC0-1.0")
    step = head.history[-1]
    assert step.step == "import"
    assert json.loads(step.options or "") == {"format": "subtitles", "max_gap_s": 2.0}


def test_nothing_is_overwritten_unasked(put: Put, tmp_path: Path) -> None:
    source = put("x.srt", SRT)
    out = tmp_path / "out"
    import_release("subtitles", [source], out)
    with pytest.raises(ReleaseError, match="--replace"):
        import_release("subtitles", [source], out)
    put("x.srt", SRT.replace("Hello", "Goodbye"))
    import_release("subtitles", [source], out, replace=True)
    assert b"Goodbye" in (out / "dialogues.jsonl").read_bytes()
    assert b"Goodbye" in (out / "subtitles" / "x.srt").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(ReleaseError, match="something else"):
        import_release("subtitles", [source], other, replace=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "out", "source"]


def test_a_failed_import_leaves_the_old_release(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put("x.srt", SRT)
    out = tmp_path / "out"
    import_release("subtitles", [source], out)
    before = (out / "dialogues.jsonl").read_bytes()

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mmdia.release.importers.run.write_text", fail)
    with pytest.raises(OSError, match="no space"):
        import_release("subtitles", [source], out, replace=True)
    assert (out / "dialogues.jsonl").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "source"]


def test_a_dry_run_writes_nothing(put: Put, tmp_path: Path) -> None:
    put("x.srt", SRT)
    report = import_release("auto", [tmp_path / "source"], None)
    assert (report.out, report.turns, report.head.name) == (None, 1, "subtitles")
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_sources_must_be_there(put: Put, tmp_path: Path) -> None:
    with pytest.raises(ReleaseNotFound):
        import_release("meld", [tmp_path / "nowhere"], None)
    with pytest.raises(UsageError, match=r"\.csv"):
        import_release("meld", [put("x.srt", SRT).parent], None)
    with pytest.raises(UsageError, match="no such format"):
        import_release("medl", [put("x.srt", SRT)], None)
    with pytest.raises(UsageError, match="no such split"):
        import_release("subtitles", [put("x.srt", SRT)], None, options=ImportOptions(split="tr"))


def test_links_out_of_a_folder_are_not_followed(put: Put, tmp_path: Path) -> None:
    put("x.srt", SRT)
    (tmp_path / "secret.srt").write_text(SRT)
    (tmp_path / "source" / "y.srt").symlink_to(tmp_path / "secret.srt")
    put(".hidden/z.srt", SRT)
    assert import_release("auto", [tmp_path / "source"], None).files == ("x.srt",)


def _read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    for path in files:
        ledger.read()
        ledger.keep()
        yield build(path.stem, [Turn(speakers=("a",), text=path.read_text("utf-8"))], title_id=None)


PLAIN = Importer("plain", "one line a file", (".line",), lambda files: files[0].suffix == ".line", _read)


@pytest.fixture
def other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    here = f"{__name__}:PLAIN"
    points = [
        EntryPoint("plain", here, registry.GROUP),
        EntryPoint("meld", here, registry.GROUP),
        EntryPoint("wrong", f"{__name__}:SRT", registry.GROUP),
        EntryPoint("gone", "no_such_package:X", registry.GROUP),
    ]
    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group: points if group == registry.GROUP else []
    )


@pytest.mark.usefixtures("other_package")
def test_other_packages_offer_formats(put: Put, take: Take) -> None:
    put("d.line", "Hello.")
    assert take("plain").dialogues["d"].turns[0].text == "Hello."
    assert take("plain", withhold_text=True).dialogues["d"].turns[0].text is None
    assert registry.importer("meld").suffixes == (".csv",)
    assert registry.names()[-1] == "wrong"
    with pytest.raises(UsageError, match="no Importer"):
        registry.importer("wrong")
    with pytest.raises(UsageError, match="cannot be loaded"):
        registry.importer("gone")


def test_reasons_are_registered() -> None:
    import re

    folder = Path(registry.__file__).parent
    found = {
        code
        for path in folder.glob("*.py")
        for code in re.findall(r'(?:\.lose|\.note|\.unkeep|BadValue)\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    assert len(found) > 20
    assert found <= set(REASONS)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["release", "import", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command(put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(put("x.srt", SRT + "\n2\n00:00:03,000 --> 00:00:04,000\n[music]\n"))
    titles = put("titles.csv", "title_id,name,year,genres\nx,Ex,1999,Drama; Comedy\n")
    scenes = put("scenes.jsonl", '{"title_id": "x", "scene_id": "s1", "start_ms": 0, "end_ms": 9000}\n')
    out = tmp_path / "out"
    words = ("subtitles", source, "--out", str(out), "--titles", str(titles), "--scenes", str(scenes))
    status, text, _ = run(capsys, *words, "--name", "mine", "--version", "3")
    assert status == 0  # a cue that is only music is left out on purpose
    assert "rows: 2 read, 1 imported, 1 left out, 0 lost" in text
    assert any(line.split()[:3] == ["left", "out", "marks_only"] for line in text.splitlines())
    assert "mine 3 written" in text
    title = next(iter_titles(open_release(out)))
    assert (title.year, title.genres) == (1999, ("Drama", "Comedy"))
    status, text, _ = run(capsys, *words, "--replace", "--json")
    document = json.loads(text)
    assert (document["schema"], document["rows"]) == (
        "mmdia.import/1",
        {"read": 2, "imported": 1, "lost": 1},
    )
    assert document["lost"][0]["code"] == "marks_only"
    assert document["lost"][0]["examples"] == ["x.srt:6: [music]"]


def test_the_command_says_what_is_wrong(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(put("x.srt", SRT))
    assert run(capsys, "subtitles", source)[0] == 2
    assert run(capsys, "subtitles", source, "--dry-run", "--max-gap", "-1")[0] == 2
    assert run(capsys, "subtitles", source, "--dry-run", "--fps", "fast")[0] == 2
    assert run(capsys, "nothing", source, "--dry-run")[0] == 2
    bad = str(put("titles.csv", "title_id,year\nx,late\n"))
    status, _, err = run(capsys, "subtitles", source, "--dry-run", "--titles", bad)
    assert (status, "titles.csv:2" in err) == (2, True)
    imdb = str(put("map.json", "[1]"))
    assert run(capsys, "subtitles", source, "--dry-run", "--imdb", imdb)[0] == 2
    assert run(capsys, "subtitles", source, "--dry-run")[0] == 0


def test_a_file_that_is_named_may_end_as_it_likes(put: Put) -> None:
    path = put("lines", "SPEAKER r 1 0 1 <NA> <NA> A <NA>\n")
    assert import_release("rttm", [path], None).turns == 1
    with pytest.raises(UsageError, match="no file of the format"):
        import_release("rttm", [path.parent], None)
    with pytest.raises(UsageError, match="cannot be told"):
        import_release("auto", [path], None)


def test_a_table_with_another_schema_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"dialogue_id": [1], "turns": ["x"]}), path)
    with pytest.raises(ReleaseError):
        import_release("release", [path], None)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ReleaseError):
        import_release("release", [path], None)
