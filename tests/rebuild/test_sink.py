"""Remote media and remote output: nothing half there, nothing done twice, whatever the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest

from mmdia.corpus.locate import demo_release
from mmdia.jobs.shards import Shard
from mmdia.rebuild.config import ClipParams, RebuildConfig
from mmdia.rebuild.run import Summary, run_rebuild
from mmdia.rebuild.sink import fetch_state, staging_of
from mmdia.store.remote import RemoteError, RemoteFolder

from .conftest import MakeRelease, rebuild, receipts, row

N = 7
FILMS = "memory://films"
CLIPS = "memory://clips"


def upload(media_dir: Path, url: str) -> None:
    folder = RemoteFolder(url)
    for path in media_dir.iterdir():
        folder.put(path, path.name)


@pytest.fixture
def store(media_dir: Path) -> Iterator[RemoteFolder]:
    """An output in memory, with the films of `media_dir` beside it."""
    upload(media_dir, FILMS)
    yield RemoteFolder(CLIPS)
    fsspec.filesystem("memory").store.clear()


def deliver(scratch: Path, *, media: str = FILMS, out: str = CLIPS, **more: Any) -> Summary:
    clip = ClipParams(**more.pop("params", {}))
    folder, url = staging_of(out, more.get("shard"), scratch)
    config = RebuildConfig(
        media, folder, clip=clip, jobs=more.pop("jobs", 0), out_url=url, scratch=scratch, **more
    )
    return run_rebuild(config)


def delivered(store: RemoteFolder) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in store.read("receipt.jsonl").splitlines()]
    return {r["dialogue_id"]: r for r in rows}


def clips_of(store: RemoteFolder) -> dict[str, int]:
    return {p: n for p, n in store.sizes().items() if p.startswith(("clips/", "shards/"))}


def left(scratch: Path) -> list[str]:
    """What lies in the scratch space, but for receipts."""
    return [p.name for p in scratch.iterdir() if not p.name.startswith("receipts-")]


@pytest.mark.slow
def test_a_remote_run_makes_what_a_local_one_makes(
    store: RemoteFolder, media_dir: Path, tmp_path: Path
) -> None:
    here, scratch = tmp_path / "here", tmp_path / "scratch"
    rebuild(media_dir, here, params={"profile": "all"})
    summary = deliver(scratch, params={"profile": "all"})
    assert (summary.statuses["built"], summary.out) == (N, CLIPS)
    assert store.read("receipt.jsonl") == (here / "receipt.jsonl").read_bytes()
    made = {p.relative_to(here).as_posix(): p.read_bytes() for p in (here / "clips").rglob("*.*")}
    assert {p: store.read(p) for p in clips_of(store)} == made
    assert {"titles.jsonl", "report.html", "timemaps/mmdia_demo_01.json"} <= set(store.sizes())
    assert left(scratch) == []


@pytest.mark.slow
def test_a_second_run_does_nothing(
    store: RemoteFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path / "one")
    moved: list[str] = []
    for name in ("put", "get", "delete", "write"):
        real = getattr(RemoteFolder, name)

        def watched(self: RemoteFolder, *args: Any, real: Any = real) -> None:
            moved.extend(str(a) for a in args if "clips/" in str(a) or "rows-" in str(a))
            real(self, *args)

        monkeypatch.setattr(RemoteFolder, name, watched)
    again = deliver(tmp_path / "another machine")
    assert (again.kept, again.statuses["built"], moved) == (N, N, [])


@pytest.mark.slow
def test_only_what_is_missing_is_made_again(store: RemoteFolder, tmp_path: Path) -> None:
    deliver(tmp_path / "s")
    before, clips = delivered(store), clips_of(store)
    gone = next(p for p in clips if p.endswith(".flac"))
    store.delete(gone)
    again = deliver(tmp_path / "s")
    assert (again.kept, again.statuses["built"]) == (N - 1, N)
    assert clips_of(store) == clips
    assert delivered(store) == before


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["clips/", "state/rows-"])
def test_a_delivery_that_breaks_off_commits_nothing(
    store: RemoteFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    """Files without their rows are there at worst; they are made again, and counted once."""

    def breaks(real: Any) -> Any:
        def act(self: RemoteFolder, *args: Any) -> None:
            if any(str(a).startswith(stop) for a in args):
                raise RemoteError("the network is gone")
            real(self, *args)

        return act

    with monkeypatch.context() as patch:
        for name in ("put", "write"):
            patch.setattr(RemoteFolder, name, breaks(getattr(RemoteFolder, name)))
        first = deliver(tmp_path / "s")
    assert not first.complete
    assert first.statuses.get("built", 0) == 0
    again = deliver(tmp_path / "s")
    assert (again.kept, again.statuses["built"]) == (0, N)
    assert len(clips_of(store)) == N


@pytest.mark.slow
def test_a_rows_object_that_is_torn_does_not_count(store: RemoteFolder, tmp_path: Path) -> None:
    deliver(tmp_path / "s")
    name = next(p for p in store.sizes() if "rows-" in p)
    store.write(name, store.read(name)[:-40])
    store.delete("receipt.jsonl")
    again = deliver(tmp_path / "another")
    assert (again.kept, again.statuses["built"]) == (0, N)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_shards_are_delivered_and_renewed(store: RemoteFolder, tmp_path: Path, layout: str) -> None:
    deliver(tmp_path / "s", layout=layout)
    shards = clips_of(store)
    assert len(shards) == 1
    rows = delivered(store)
    assert deliver(tmp_path / "s", layout=layout).kept == N
    assert clips_of(store) == shards
    # Another layout needs the clips themselves, not files that only stand in for them.
    assert deliver(tmp_path / "s", layout="loose").kept == N
    loose = delivered(store)
    assert clips_of(store) == {
        r["audio"]["path"]: r["audio"]["bytes"] for r in loose.values() if r["audio"]
    }
    for i, r in loose.items():
        if r["audio"]:
            assert r["audio"]["sha256"] == rows[i]["audio"]["sha256"]
            assert store.read(r["audio"]["path"])[:4] == b"fLaC"
    assert deliver(tmp_path / "s", layout=layout).kept == N
    assert clips_of(store) == shards


@pytest.mark.slow
def test_a_wider_window_of_one_dialogue_repacks_with_the_real_clips(
    store: RemoteFolder, tmp_path: Path, make_release: MakeRelease
) -> None:
    lines = [row(f"d{n}", 6_000 + 1_000 * n, 6_900 + 1_000 * n) for n in range(3)]
    one = make_release([{"title_id": "t"}], lines, "one")
    changed = [*lines[:2], row("d2", 8_100, 8_900)]
    two = make_release([{"title_id": "t"}], changed, "two")
    film = next(p for p in RemoteFolder(FILMS).sizes() if p.endswith(".mp4"))
    RemoteFolder(FILMS).write("media.csv", f"title_id,path\nt,{film}\n".encode())
    asked: dict[str, Any] = {"timemap": "identity", "layout": "webdataset"}
    deliver(tmp_path / "s", annotations=str(one), **asked)
    again = deliver(tmp_path / "s", annotations=str(two), **asked)
    assert (again.kept, again.statuses) == (2, {"built": 3})
    (shard,) = clips_of(store)
    tar = store.read(shard)
    for r in delivered(store).values():
        fact = r["audio"]
        assert fact["shard"] == shard
        assert tar[fact["offset"] : fact["offset"] + 4] == b"fLaC"


@pytest.mark.slow
def test_what_was_withdrawn_leaves_the_store(store: RemoteFolder, tmp_path: Path) -> None:
    import shutil

    release = tmp_path / "release"
    shutil.copytree(demo_release(), release)
    deliver(tmp_path / "s", annotations=str(release))
    victim = next(i for i, r in delivered(store).items() if r["status"] == "built")
    path = delivered(store)[victim]["audio"]["path"]
    with open(release / "withdrawn.jsonl", "a", encoding="utf-8") as stream:
        stream.write(json.dumps({"dialogue_id": victim}) + "\n")
    deliver(tmp_path / "s", annotations=str(release))
    assert delivered(store)[victim]["status"] == "withdrawn"
    assert path not in store.sizes()
    assert len(clips_of(store)) == N - 1


@pytest.mark.slow
def test_shards_of_a_run_share_a_store(
    store: RemoteFolder, tmp_path: Path, make_release: MakeRelease
) -> None:
    film = next(p for p in RemoteFolder(FILMS).sizes() if p.endswith(".mp4"))
    titles = [f"t{n}" for n in range(4)]
    text = "title_id,path\n" + "".join(f"{t},{film}\n" for t in titles)
    RemoteFolder(FILMS).write("media.csv", text.encode())
    release = make_release(
        [{"title_id": t} for t in titles], [row(f"d{t}", 6_000, 7_000, t) for t in titles]
    )
    for index in (1, 0):
        deliver(
            tmp_path / f"machine {index}", annotations=str(release), timemap="identity",
            shard=Shard(index, 2),
        )  # fmt: skip
    assert {i: r["status"] for i, r in delivered(store).items()} == {f"d{t}": "built" for t in titles}


@pytest.mark.slow
def test_the_state_can_be_asked_for_from_anywhere(store: RemoteFolder, tmp_path: Path) -> None:
    deliver(tmp_path / "s")
    folder, url = staging_of(CLIPS, None, tmp_path / "other")
    fetch_state(RebuildConfig(FILMS, folder, out_url=url))
    assert set(receipts(folder)) == set(delivered(store))


def test_a_film_that_does_not_fit_says_so(
    store: RemoteFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmdia.rebuild import source

    monkeypatch.setattr(source, "SPARE", 1 << 60)
    summary = deliver(tmp_path / "s")
    assert not summary.complete
    assert summary.reasons["no_scratch"] == N


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server of this machine, as workers of other processes see it."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fs = fsspec.filesystem("s3", skip_instance_cache=True)
    fs.mkdir("films")
    fs.mkdir("clips")
    yield f"http://{host}:{port}"
    fsspec.filesystem("s3").clear_instance_cache()
    server.stop()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_real_workers_on_an_object_store(s3: str, media_dir: Path, tmp_path: Path) -> None:
    upload(media_dir, "s3://films/mine")
    places = {"media": "s3://films/mine", "out": "s3://clips/mine"}
    summary = deliver(tmp_path / "s", jobs=1, **places)
    assert summary.statuses["built"] == N
    rebuild(media_dir, tmp_path / "here")
    out = RemoteFolder("s3://clips/mine")
    assert out.read("receipt.jsonl") == (tmp_path / "here" / "receipt.jsonl").read_bytes()
    again = deliver(tmp_path / "s", jobs=1, **places)
    assert again.kept == N
    assert left(tmp_path / "s") == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_ray_run_makes_the_bytes_of_a_local_one(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    pytest.importorskip("ray")
    film = next(media_dir.glob("*.mp4")).name
    titles = [f"t{n}" for n in range(4)]
    (media_dir / "media.csv").write_text("title_id,path\n" + "".join(f"{t},{film}\n" for t in titles))
    release = make_release(
        [{"title_id": t} for t in titles],
        [row(f"{t}-{n}", 6_000 + 500 * n, 7_000 + 500 * n, t) for t in titles for n in range(3)],
    )
    asked: dict[str, Any] = {"timemap": "identity", "params": {"profile": "all"}}
    rebuild(media_dir, tmp_path / "local", release, **asked)
    summary = rebuild(media_dir, tmp_path / "ray", release, jobs=None, engine="ray", **asked)
    assert summary.statuses == {"built": 12}
    files = {p.relative_to(tmp_path / "local") for p in (tmp_path / "local").rglob("*") if p.is_file()}
    same = {f for f in files if f.parts[0] in ("clips", "receipt.jsonl")}
    assert len(same) > 24
    for f in same:
        assert (tmp_path / "local" / f).read_bytes() == (tmp_path / "ray" / f).read_bytes(), f


def test_configs_travel() -> None:
    config = RebuildConfig("s3://films", Path("x"), out_url="s3://clips")
    assert replace(config, jobs=None).jobs is None
