from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mmdia.errors import MissingTool
from mmdia.media.graph import find_ffmpeg
from mmdia.schema.title import Title
from mmdia.sync.annotation import track_of_title
from mmdia.sync.evidence import Wanted, _language_first, _of, collect
from mmdia.sync.language import plain_tag, same_language
from mmdia.sync.timemap import solve
from tests.media.film import write_film
from tests.sync.films import dubbed, film, write

FILM = film(1, 60)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("eng", "en"), ("ENG", "en"), ("en", "en"), ("en-US", "en-US"), ("en_US", "en-US"),
        ("ger", "de"), ("deu", "de"), ("fre", "fr"), ("fra", "fr"), ("chi", "zh"), ("nob", "no"),
        ("German", "de"), ("und", None), ("", None), (None, None), ("tlh", "tlh"),
        ("zh-Hans-CN", "zh-Hans-CN"),
    ],
)  # fmt: skip
def test_one_way_of_writing_languages(raw: str | None, plain: str | None) -> None:
    assert plain_tag(raw) == plain


def test_same_language() -> None:
    assert same_language("eng", "en-GB")
    assert same_language("ger", "deu")
    assert not same_language("eng", "de")
    assert not same_language(None, None)
    assert not same_language("und", "und")


def test_the_tags_of_containers_are_those_of_releases() -> None:
    inside = [_of("embedded", tag, FILM, tag) for tag in ("ger", "und", "eng")]
    assert [e.language for e in inside] == ["de", None, "en"]
    for wanted in ("en", "eng", "en-US"):
        assert [e.name for e in _language_first(inside, wanted)] == ["eng", "und", "ger"]


@pytest.mark.slow
def test_an_english_track_inside_a_film_is_not_foreign(tmp_path: Path) -> None:
    write(tmp_path / "subtitles" / "t.srt", FILM)
    for annotated in ("en", "eng", "en-US"):
        track = track_of_title(tmp_path, Title(title_id="t", language=annotated), [])
        made = solve(track, (_of("embedded", "film.mkv#2", FILM, "eng"),), media="film.mkv")
        assert made.accepted
        assert made.evidence["mode"] == "text"
        other = solve(track, (_of("embedded", "film.mkv#3", dubbed(FILM), "ger"),), media="film.mkv")
        assert other.evidence["mode"] == "timing"


def test_a_track_of_a_real_container(tmp_path: Path) -> None:
    try:
        program = str(find_ffmpeg())
    except MissingTool as missing:
        pytest.skip(str(missing))
    plain, media = tmp_path / "plain.mp4", tmp_path / "film.mkv"
    write_film(plain, sound=None)
    inputs = []
    for name, cues in (("one", dubbed(FILM)), ("two", FILM)):
        inputs += ["-i", str(write(tmp_path / "lines" / f"{name}.srt", cues))]
    tags = "-map 0 -map 1 -map 2 -c copy -c:s srt -metadata:s:s:0 language=ger -metadata:s:s:1 language=eng"
    command = [program, "-v", "error", "-nostdin", "-i", str(plain), *inputs, *tags.split(), str(media)]
    subprocess.run(command, check=True)
    found = collect(media, Wanted(language="en")).evidences
    assert [(e.kind, e.language) for e in found] == [("embedded", "en"), ("embedded", "de")]
