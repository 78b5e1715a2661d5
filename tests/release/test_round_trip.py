"""A release comes back with every field equal, whatever form it went through."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from mmdia.corpus.write import Form
from mmdia.release.export import export_dataset, export_release
from mmdia.release.validate import validate
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Release
from tests.release.release_strategies import Whole, first_difference, read_whole, releases

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


#: A category that the vocabulary does not have is a warning, not an error.
WITH_STRAYS = Whole(
    Release(name="r", version="1"), [],
    [
        Dialogue.from_row({"dialogue_id": name, "split": split, "turns": [{"speakers": ["x"]}]} | more)
        for name, split, more in [
            ("a", "train", {"relationship": {"category": "Rivals", "label": "old rivals", "since": 1999},
                            "interaction": {"category": "Duel"}}),
            ("b", "train", {"relationship": {"category": "Family"}, "weather": "rain"}),
            ("c", "test", {"interaction": {"category": "", "labels": ["x"]}}),
        ]
    ], [], [],
)  # fmt: skip


def same(found: Whole, wanted: Whole, *, but: tuple[str, ...] = ()) -> None:
    a, b = wanted.facts(), found.facts()
    for key in but:
        a.pop(key)
        b.pop(key)
    assert first_difference(a, b) is None


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@FEW
@given(whole=releases())
def test_write_and_read(form: Form, whole: Whole) -> None:
    with tempfile.TemporaryDirectory() as folder:
        handle = whole.write(Path(folder) / "a", form, 2)
        report = validate(handle)
        assert report.passes(), [f.to_row() for f in report.of("error")]
        same(read_whole(handle), whole)


@pytest.mark.slow
@FEW
@given(whole=releases())
def test_export_to_the_other_form_and_back(whole: Whole) -> None:
    with tempfile.TemporaryDirectory() as folder:
        handle = whole.write(Path(folder) / "a")
        export_release(handle, Path(folder) / "b", "parquet")
        from mmdia.corpus.locate import open_release

        export_release(open_release(Path(folder) / "b"), Path(folder) / "c", "jsonl")
        same(read_whole(open_release(Path(folder) / "c")), whole)


@pytest.mark.slow
@FEW
@given(whole=releases())
def test_import_of_our_own_format(whole: Whole) -> None:
    from mmdia.corpus.locate import open_release
    from mmdia.release.importers.run import import_release

    with tempfile.TemporaryDirectory() as folder:
        for form in ("jsonl", "parquet"):
            whole.write(Path(folder) / form, form)
            import_release("release", [Path(folder) / form], Path(folder) / f"{form}-again")
            found = read_whole(open_release(Path(folder) / f"{form}-again"))
            same(found, whole, but=("head",))
            kept = found.head.model_copy(update={"history": whole.head.history})
            assert kept.to_row() == whole.head.to_row()


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to make an example small would take minutes
)
@given(whole=releases())
@example(whole=WITH_STRAYS)
def test_validate_publish_load_export_import(whole: Whole) -> None:
    pytest.importorskip("jinja2")
    from mmdia.builder import load_dataset
    from mmdia.corpus.locate import open_release
    from mmdia.release.importers.run import import_release
    from mmdia.release.publish import publish

    folder = Path(tempfile.mkdtemp())
    try:
        handle = whole.write(folder / "a")
        assert validate(handle).passes()
        published = open_release(publish(handle, folder / "b", text_license="CC0-1.0").path)
        assert validate(published).passes()
        same(read_whole(published), whole, but=("head",))
        splits = _loaded(load_dataset, published.path, folder)
        titles = _loaded(load_dataset, published.path, folder, "titles") if whole.titles else []
        there = [d for d in whole.dialogues if d.split is not None]
        if there:
            exported = export_dataset(
                splits, folder / "c", head=whole.head, titles=titles, scenes=whole.scenes,
                withdrawn=whole.withdrawn,
            )  # fmt: skip
            import_release("release", [exported.path], folder / "d")
            found = read_whole(open_release(folder / "d"))
            wanted = Whole(whole.head, whole.titles, there, whole.scenes, whole.withdrawn)
            same(found, wanted, but=("head",))
            kept = found.head.model_copy(update={"history": whole.head.history})
            assert kept.to_row() == whole.head.to_row()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _loaded(load: Any, path: Path, folder: Path, name: str | None = None) -> Any:
    from mmdia.errors import ReleaseError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return load(name, annotations=path, cache_dir=str(folder / "cache"))
        except ReleaseError:  # all rows are without a split
            return {}


def test_a_head_of_ones_own(tmp_path: Path) -> None:
    import datasets

    rows = [{"dialogue_id": "a", "title_id": "t", "turns": [{"speakers": ["x"], "text": "hi"}], "clip": 1}]
    handle = export_dataset(datasets.Dataset.from_list(rows), tmp_path / "a")
    found = read_whole(handle)
    assert [d.turns[0].text for d in found.dialogues] == ["hi"]
    assert [t.title_id for t in found.titles] == ["t"]
    head = Release(name="mine", version="3")
    stream = datasets.Dataset.from_list(rows).to_iterable_dataset()
    again = export_dataset({"train": stream}, tmp_path / "b", head=head, form="parquet")
    assert again.head.name == "mine"
    assert read_whole(again).dialogues == found.dialogues


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_category_that_the_vocabulary_lacks_comes_back(
    tmp_path: Path, form: Literal["jsonl", "parquet"], streaming: bool
) -> None:
    from mmdia.builder import load_dataset

    wanted = WITH_STRAYS
    handle = wanted.write(tmp_path / "a", form)
    assert "unknown_category" in {f.code for f in validate(handle).of("warning")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        loaded = load_dataset(
            annotations=handle.path, cache_dir=str(tmp_path / "cache"), streaming=streaming
        )
        first = next(iter(loaded["train"]))
        assert (first["relationship"]["category"], first["relationship"]["label"]) == (None, "old rivals")
        exported = export_dataset(loaded, tmp_path / "b", head=wanted.head, form=form)
    same(read_whole(exported), wanted)
