"""No command passes on a word of what was taken back: every command, every byte that it writes."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mmdia.cli.main import all_parsers, main
from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues, iter_scenes, load_titles
from mmdia.corpus.write import copy_side_files, write_release
from mmdia.release.exporters.registry import names
from mmdia.schema.dialogue import Dialogue, Interaction, NonVerbal, Relationship, SpeakerStyle, Turn
from mmdia.schema.release import Scene, Withdrawal
from mmdia.schema.title import Title

pytestmark = pytest.mark.slow

#: In every word of what is withdrawn; in nothing else.
WORD = "Qzxvwk"
FILMS = demo_release().parent / "media"
FILM = FILMS / "mmdia_demo_01.mp4"
#: Commands, each with what follows its name. {a}, {b}, {c} are releases, {out} a new folder.
#: None: a command that reads no release.
CALLS: dict[str, list[str] | None] = {
    "align": ["{a}/subtitles/mmdia_demo_01.srt {film} --json {out}/map.json --report {out}/a.html"],
    "align identify": ["{film} --annotations {a} --json"],
    "align rank": ["{film} {a}/subtitles/mmdia_demo_01.srt {b}/subtitles/mmdia_demo_01.srt --json"],
    "align table6": None,
    "cite": ["--annotations {a} --json", "--annotations {a} --out {clips}"],
    "completion": None,
    "demo": None,
    "doctor": None,
    "facts": None,
    "fetch": ["{a} --media-dir {out} --json"],
    "find": [
        "--annotations {a} -o {out}/part",
        "--annotations {a} -o {out}/part.jsonl",
        "--annotations {a} -o {out}/part.txt",
        "--annotations {a} --json",
        "--annotations {a} --text {word}",
        "--annotations {a} --report {out}/gallery.html --clips {clips}",
    ],
    "rebuild": [
        "--media-dir {films} --annotations {a} --out {out}/r --profile audio --json",
        "--media-dir {films} --annotations {a} --out {out}/p --profile audio --layout parquet",
        "--media-dir {films} --annotations {a} --out {out}/w --profile audio --layout webdataset",
        "--media-dir {films} --annotations {a} --dry-run",
    ],
    "receipt diff": ["{clips} {clips} --json"],
    "receipt merge": ["{clips} {clips} --out {out}/merged"],
    "release card": [
        f"{{a}} --out {{out}} --kind {kind}" for kind in ("dataset", "bench", "datasheet", "croissant")
    ],
    "release categorise": [
        "{a} --out {out}/r --json", "{a} --unknown {out}/u.csv", "{c} --in-place",
    ],
    "release diff": ["{a} {b} --json --examples 99", "{b} {a} --examples 99"],
    "release export": [f"{{a}} --format {name} --out {{out}}/{name}" for name in names()],
    "release fetch": ["{a} --media-dir {out} --json"],
    "release fingerprint": None,
    "release import": [
        "release {a} --out {out}/r --json",
        "release {a}/dialogues.jsonl {a}/withdrawn.jsonl --out {out}/t",
    ],
    "release info": ["{a} --json"],
    "release install": ["{a} --json"],
    "release list": [""],
    "release merge": [
        f"{pair} --out {{out}}/r --name m --version 1 --clash {clash} --json"
        for pair in ("{a} {b}", "{b} {a}")
        for clash in ("first", "last")
    ],
    "release publish": ["{a} --out {out}/r"],
    "release remove": None,
    "release split": ["{a} --out {out}/r --json", "{c} --in-place", "{a} --check"],
    "release stats": ["{a} --json --report {out}/s.html", "{a} --lift"],
    "release use": None,
    "release validate": ["{a} --json --examples 99"],
    "titles": ["--annotations {a} --json"],
}  # fmt: skip


def test_every_command_is_walked() -> None:
    found = {name.removeprefix("mmdia ") for name, _ in all_parsers()} - {"mmdia", "release", "receipt"}
    assert found == set(CALLS)


def secret(n: int) -> str:
    return f"{WORD}{n} was said here {WORD}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Releases a (with withdrawals), b (the same rows, still there) and c (a copy of a); a rebuild of a."""
    root = tmp_path_factory.mktemp("walk")
    demo = open_release(demo_release())
    rows, titles = list(iter_dialogues(demo)), list(load_titles(demo).values())
    old = rows[3]
    turns = [
        Turn(**{
            **turn.model_dump(), "text": secret(i), "raw_text": f"<i>{secret(i)}</i>", "style": secret(i),
            "nonverbal": [NonVerbal(raw=secret(i))], "extra": json.dumps({"note": secret(i)}),
        })
        for i, turn in enumerate(old.turns)
    ]  # fmt: skip
    gone = old.model_copy(update={
        "turns": tuple(turns), "description": secret(0), "summary": secret(0), "emotional_tone": secret(0),
        "relationship": Relationship(label=secret(0)), "interaction": Interaction(label=secret(0)),
        "speaker_styles": (SpeakerStyle(speaker_id=turns[0].speakers[0], description=secret(0)),),
        "extra": json.dumps({"all": secret(0)}),
    })  # fmt: skip
    rows[3] = gone
    title = Title(title_id="gone_title", name=secret(1), extra=json.dumps({"plot": secret(1)}))
    rows.append(
        Dialogue(
            dialogue_id="gone_too", title_id="gone_title", start_ms=0, end_ms=1000, turns=tuple(turns[:1])
        )
    )
    scene = Scene(
        title_id="gone_title", scene_id="s", start_ms=0, end_ms=9000, extra=json.dumps({"x": secret(1)})
    )
    takes = [Withdrawal(dialogue_id=gone.dialogue_id), Withdrawal(title_id="gone_title")]
    for name in "abc":
        made = write_release(
            root / name, demo.head.model_copy(update={"name": f"walk-{name}"}), [*titles, title],
            rows if name != "b" else [r.model_copy(update={"split": "test"}) for r in rows],
            scenes=[*iter_scenes(demo), scene], withdrawn=takes if name != "b" else [],
        )  # fmt: skip
        copy_side_files(demo, made.path)
        track = made.path / "subtitles" / "mmdia_demo_01.srt"
        text = track.read_text("utf-8")
        for before, after in zip(old.turns, turns, strict=True):
            # "Eight." is said elsewhere, too.
            if before.text and len(before.text) > 12:
                assert before.text in text
                text = text.replace(before.text, after.text or "")
        track.write_text(text, "utf-8")
        (made.path / "subtitles" / "gone_title.srt").write_text(text, "utf-8")
        (made.path / "README.md").write_text(f"# Notes\n\n> {secret(1)}\n", "utf-8")
    status = main(
        f"rebuild --media-dir {FILMS} --annotations {root}/a --out {root}/clips --profile audio".split()
    )
    assert status in (0, 1)
    return root


def pieces(path: Path) -> Iterator[bytes]:
    """All that a file says, whatever it is packed in."""
    yield path.name.encode() + path.read_bytes()
    if path.suffix == ".parquet":
        yield repr(pq.read_table(path).to_pylist()).encode()
    elif path.suffix == ".tar":
        with tarfile.open(path) as tar:
            yield from (tar.extractfile(member).read() for member in tar if member.isfile())  # type: ignore[union-attr]
    elif path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("command", [name for name, calls in CALLS.items() if calls])
def test_no_word_of_it_is_passed_on(
    place: Path,
    tmp_path: Path,
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    shutil.copytree(place / "c", tmp_path / "c")
    n_done = 0
    for number, call in enumerate(CALLS[command] or ()):
        out = tmp_path / f"out{number}"
        out.mkdir()
        named = {n: place / n for n in ("a", "b", "clips")} | {"c": tmp_path / "c", "out": out}
        text = call.format(**named, films=FILMS, film=FILM, word=WORD)
        status = main([*command.split(), *text.split()])
        assert status in (0, 1), text
        said = capsys.readouterr()
        n_done += status == 0
        assert WORD.lower() not in (said.out + said.err).replace(f"'{WORD}'", "").lower(), text
        folders = [out, tmp_path / "home", *([tmp_path / "c"] if "{c}" in call else [])]
        for path in (p for folder in folders for p in folder.rglob("*") if p.is_file()):
            assert not any(WORD.lower().encode() in piece.lower() for piece in pieces(path)), (text, path)
    assert n_done or command in ("align identify", "release diff", "rebuild", "fetch", "release fetch")


def test_what_is_written_is_looked_at(place: Path) -> None:
    found = [
        path
        for path in (place / "a").rglob("*")
        if path.is_file() and any(WORD.encode() in p for p in pieces(path))
    ]
    assert {os.path.basename(path) for path in found} == {
        "dialogues.jsonl", "titles.jsonl", "scenes.jsonl", "mmdia_demo_01.srt", "gone_title.srt",
        "README.md",
    }  # fmt: skip


def test_tracks_and_fingerprints_stay_in_place(place: Path, tmp_path: Path) -> None:
    for command in ("release categorise", "release split"):
        shutil.copytree(place / "b", tmp_path / "r", dirs_exist_ok=True)
        assert main([*command.split(), str(tmp_path / "r"), "--in-place"]) == 0
        assert (tmp_path / "r" / "subtitles" / "mmdia_demo_01.srt").is_file()
        assert (tmp_path / "r" / "README.md").is_file()
