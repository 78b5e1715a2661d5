"""Media never leaves with a release, wherever it hides."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.errors import ReleaseError
from mmdia.release.publish import publish
from mmdia.release.publish_signs import in_text, is_media

Make = Callable[..., ReleaseHandle]


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\1\2\3")) + chunk(b"IEND", b"")


def wav() -> bytes:
    body = bytes(200)
    return b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16
    ) + b"data" + struct.pack("<I", len(body)) + body  # fmt: skip


PNG64 = base64.b64encode(png()).decode()
WAV64 = base64.b64encode(wav()).decode()
TITLE = {"title_id": "t"}


def row(**more: Any) -> dict[str, Any]:
    turn = {"start_ms": 0, "end_ms": 900, "speakers": ["a"], "text": "Well, well."}
    return {"dialogue_id": "d", "title_id": "t", "turns": [turn | more.pop("turn", {})], **more}


HIDDEN: dict[str, dict[str, Any]] = {
    "a media column": row(audio={"path": "a.wav", "bytes": None}),
    "a path column": row(video="clips/a.mp4"),
    "a column of a turn": row(turn={"frames": ["a.jpg"]}),
    "base64 in an unknown key": row(note=PNG64),
    "base64 deep within": row(more={"a": [{"b": WAV64}]}),
    "base64 in lines": row(more="\n".join(WAV64[i : i + 76] for i in range(0, len(WAV64), 76))),
    "url-safe base64": row(more=base64.urlsafe_b64encode(wav()).decode()),
    "hexadecimal": row(more=wav().hex()),
    "a data address": row(more=f"see data:image/png;base64,{PNG64}"),
    "samples": row(more=[0.25] * 300),
    "an embedding of a turn": row(turn={"x_vector": [0.5] * 512}),
    "a short embedding by name": row(turn={"embedding": [0.5] * 8}),
    "a data address in the text": row(turn={"text": f"data:audio/wav;base64,{WAV64}"}),
    "base64 in the text": row(turn={"text": PNG64}),
    "base64 in a description": row(description=base64.b64encode(bytes(range(256)) * 4).decode()),
    "base64 in lines of a summary": row(
        summary="\n".join(WAV64[i : i + 64] for i in range(0, len(WAV64), 64)) * 3
    ),
    "base85": row(description=base64.b85encode(bytes(range(256)) * 4).decode()),
    "a style": row(speaker_styles=[{"speaker_id": "a", "description": f"DATA:image/png;base64,{PNG64}"}]),
}


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
def test_media_in_rows_is_refused(make_release: Make, tmp_path: Path, hidden: dict[str, Any]) -> None:
    source = make_release(titles=[TITLE], dialogues=[row(), {**hidden, "dialogue_id": "e"}])
    with pytest.raises(ReleaseError, match=r"refused: .*a release holds annotations only"):
        publish(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_media_in_other_tables_and_the_head_is_refused(make_release: Make, tmp_path: Path) -> None:
    head = {"schema": "mmdia.release/1", "name": "n", "version": "1"}
    for tables in (
        {"titles": [{**TITLE, "poster": PNG64}]},
        {"titles": [{**TITLE, "source_url": f"data:video/mp4;base64,{WAV64}"}]},
        {"scenes": [{"title_id": "t", "scene_id": "s", "start_ms": 0, "end_ms": 1, "image": "a.png"}]},
        {"withdrawn": [{"dialogue_id": "d", "reason": PNG64}]},
        {"head": {**head, "description": f"data:image/png;base64,{PNG64}"}},
    ):
        source = make_release(
            **{"titles": [TITLE], "dialogues": [row()], "scenes": [], "withdrawn": [], **tables}
        )
        with pytest.raises(ReleaseError, match="refused"):
            publish(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("film.mkv", b"\x1a\x45\xdf\xa3 and so on"),
        ("notes.txt", png()),
        ("README.md", wav()),
        ("media/deep/clip.wav", wav()),
        ("subtitles/t.png", png()),
        ("subtitles/t.srt", png()),
        ("subtitles/t.sub", b"\x00\x00\x01\xba" + bytes(40)),
        ("subtitles/t.txt", b"text" + bytes(8)),
        ("subtitles/t.vtt", f"WEBVTT\n\nSTYLE\n::cue {{ a: url(data:image/png;base64,{PNG64}) }}".encode()),
        ("subtitles/t.ass", b"[Script Info]\n[Events]\n[Graphics]\nfilename: a.bmp\nABCD\n"),
        ("fingerprints/t.mmfp", wav()),
        ("fingerprints/u.mmfp", b"MMFP" + bytes(60) + wav()),
        ("fingerprints/t.flac", b"fLaC" + bytes(40)),
        ("LICENSE", b"\x00\x01\x02"),
    ],
)  # fmt: skip
def test_media_files_are_refused(make_release: Make, tmp_path: Path, name: str, content: bytes) -> None:
    source = make_release(titles=[TITLE], dialogues=[row()])
    path = source.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(ReleaseError):
        publish(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_out_of_the_folder_is_refused(make_release: Make, tmp_path: Path) -> None:
    source = make_release(titles=[TITLE], dialogues=[row()])
    (tmp_path / "secret.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHi.\n")
    (source.path / "subtitles").mkdir()
    (source.path / "subtitles" / "t.srt").symlink_to(tmp_path / "secret.srt")
    with pytest.raises(ReleaseError, match="link leads out"):
        publish(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("clip", pa.array([b"\x01\x02"])),
        ("note", pa.array([[b"\x01\x02"]])),
        ("audio", pa.array([{"path": "a.wav"}])),
        ("meta", pa.array([{"image": "a.jpg"}])),
        ("code", pa.array([b"abcd"]).dictionary_encode()),
    ],
)
def test_media_columns_of_parquet_are_refused_unread(tmp_path: Path, name: str, values: pa.Array) -> None:
    folder = tmp_path / "release"
    (folder / "dialogues").mkdir(parents=True)
    (folder / "release.json").write_text('{"schema": "mmdia.release/1", "name": "n", "version": "1"}')
    table = pa.table({"dialogue_id": ["d"], "turns": [[{"speakers": ["a"]}]], name: values})
    pq.write_table(table, folder / "dialogues" / "train.parquet")
    with pytest.raises(ReleaseError, match=r"refused: a (media )?column"):
        publish(open_release(folder), tmp_path / "out")


def test_plain_annotations_pass(make_release: Make, tmp_path: Path) -> None:
    plain = row(
        note="x" * 300, frame=812, checksum="ab" * 32, boxes=[[0.1, 0.2, 0.3, 0.4]] * 60,
        page="https://a.b/" + "c" * 200,
    )  # fmt: skip
    plain["turns"][0] |= {"text": "BM? Format: ID3... data: none; " + "Nooo" + "o" * 200 + "!"}
    source = make_release(titles=[TITLE], dialogues=[plain])
    for name, content in (
        ("subtitles/t.srt", "BMW\nID3\n"),
        ("subtitles/u.srt", "\ufeffHi".encode("utf-16")),
    ):
        (source.path / "subtitles").mkdir(exist_ok=True)
        (source.path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert publish(source, tmp_path / "out").files


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_prose_is_no_media(text: str) -> None:
    spaced = " ".join(text[i : i + 20] for i in range(0, len(text), 20))
    if "data:" not in spaced.lower():
        assert in_text(f"{spaced} and so.") is None


@given(st.binary(max_size=300))
def test_what_json_holds_is_never_taken_for_a_media_file(content: bytes) -> None:
    assert not is_media(json.dumps({"a": content.hex()}).encode())
