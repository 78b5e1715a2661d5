"""No media leaves with a release: what is published is searched for it, and no option turns that off.

Media can hide in files (a film beside the tables, a picture under ``subtitles/``), in columns (binary
data, the ``{bytes, path}`` of a media column) and in text (a ``data:`` address, base64). Numbers in bulk
(samples, pixels, face or voice embeddings) are found, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.errors import ReleaseError
from mmdia.release.publish_signs import (
    COLUMN_RULE,
    LEAST,
    MOST_NUMBERS,
    MOST_UNBROKEN,
    dense,
    in_pieces,
    in_text,
    is_media,
)

if TYPE_CHECKING:
    import pyarrow as pa

#: Keys under which other data sets keep media; our own records have none of them.
MEDIA_KEYS = frozenset(
    "audio audios video videos image images picture pictures photo photos frame frames waveform waveforms "
    "wav mp3 mp4 flac jpg jpeg png gif bytes pixels pixel_values spectrogram mel thumbnail thumbnails "
    "portrait portraits face_embedding face_embeddings voice_embedding speaker_embedding embedding "
    "embeddings input_values input_features".split()
)
_MEDIA_ENDINGS = frozenset(
    ".mkv .mp4 .m4v .m4a .m4b .mov .avi .ts .m2ts .mts .mpg .mpeg .vob .wmv .wma .flv .webm .ogv .ogg .oga "
    ".opus .mp3 .wav .flac .aac .ac3 .eac3 .dts .aif .aiff .amr .mka .3gp .rm .rmvb .iso .jpg .jpeg .png "
    ".gif .bmp .tif .tiff .webp .avif .heic .sup .idx".split()
)
#: Where language stands, so that pieces of code in row after row are none.
_PROSE = frozenset("text raw_text style description summary raw label labels emotional_tone".split())


def refuse_files(folder: Path) -> None:
    """Refuse a release folder that holds a media file, or a link out of it, at any depth.

    Raises:
        ReleaseError: There is one.
    """
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue  # never published; `.git` and caches are full of files
        name = path.relative_to(folder).as_posix()
        if not path.resolve().is_relative_to(root):
            raise ReleaseError("a link leads out of the release folder", path=path, hint="Remove the link.")
        if path.is_file() and (path.suffix.lower() in _MEDIA_ENDINGS or is_media(_head(path))):
            raise _refusal("a media file", name, folder)


def refuse_document(path: Path, folder: Path) -> None:
    """Refuse a text file of the release (a subtitle, a licence) that is binary or has media inside.

    Raises:
        ReleaseError: It does.
    """
    raw = path.read_bytes()
    name = path.relative_to(folder).as_posix()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", errors="replace")
    elif b"\x00" in raw:
        raise _refusal("a binary file where text belongs", name, folder)
    else:
        text = raw.decode("utf-8", errors="replace")
    lines = (line for line in text.splitlines() if "-->" not in line)
    section = re.search(r"^\[(Fonts|Graphics)\]", text, re.MULTILINE | re.IGNORECASE)
    if section or in_text(text) or in_pieces(lines):
        raise _refusal("embedded bytes", name, folder)


def refuse_columns(path: Path, folder: Path) -> None:
    """Refuse a Parquet table with a binary column or a media column, before a row of it is read.

    Raises:
        ReleaseError: It has one, or is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = path.relative_to(folder).as_posix()
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise ReleaseError(f"not a readable Parquet file: {error}", path=path) from error
    for place, type_ in _leaves([(field.name, field.type) for field in schema]):
        if place.rpartition(".")[2].removesuffix("[]").lower() in MEDIA_KEYS:
            raise _refusal(f"a media column ({place})", name, folder)
        if _is_binary(type_):
            raise _refusal(f"a column of bytes ({place})", name, folder)


def _leaves(fields: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa

    types = pa.types
    for name, found in fields:
        type_ = found.storage_type if isinstance(found, pa.BaseExtensionType) else found
        yield name, type_
        if types.is_struct(type_):
            inner = [
                (f"{name}.{type_.field(i).name}", type_.field(i).type) for i in range(type_.num_fields)
            ]
            yield from _leaves(inner)
        elif types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_):
            yield from _leaves([(f"{name}[]", type_.value_type)])
        elif types.is_map(type_):
            yield from _leaves([(f"{name}.key", type_.key_type), (f"{name}.value", type_.item_type)])
        elif types.is_dictionary(type_):
            yield from _leaves([(name, type_.value_type)])


def _is_binary(type_: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    # Views are younger than the oldest Arrow that we work with.
    kinds = [types.is_binary, types.is_large_binary, types.is_fixed_size_binary]
    kinds += [is_view for is_view in [getattr(types, "is_binary_view", None)] if is_view is not None]
    return any(is_kind(type_) for is_kind in kinds)


def refuse_batch(batch: pa.RecordBatch, where: str) -> None:
    """Refuse rows with media in their text, or in the unknown keys that they keep.

    Args:
        batch: Rows in our schema.
        where: The table, for the error.

    Raises:
        ReleaseError: A row has some.
    """
    for place, values in _strings([(n, batch.column(n)) for n in batch.schema.names]):
        if place == "extra" or place.endswith(".extra"):
            for text in values.drop_null().to_pylist():
                _refuse_extra(text, f"{where}: {place}")
        else:
            _refuse_strings(values, f"{where}: {place}")
            if place.rpartition(".")[2].removesuffix("[]") in _PROSE:
                _refuse_pieces(values, f"{where}: {place}")


def refuse_row(row: Mapping[str, Any], where: str) -> None:
    """Refuse one plain row (a scene, a withdrawal, the head) with media in it.

    Raises:
        ReleaseError: It has some.
    """
    if found := _inside(row, ""):
        raise _embedded(*found, where)


def _strings(columns: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """All columns of text at any depth, each flat."""
    import pyarrow as pa

    for name, array in columns:
        if pa.types.is_struct(array.type):
            children = array.flatten()
            names = [f"{name}.{array.type.field(i).name}" for i in range(array.type.num_fields)]
            yield from _strings(list(zip(names, children, strict=True)))
        elif pa.types.is_list(array.type):
            yield from _strings([(f"{name}[]", array.flatten())])
        elif pa.types.is_string(array.type):
            yield name, array


def _refuse_strings(values: pa.Array, where: str) -> None:
    import pyarrow.compute as pc

    lengths = pc.binary_length(values)
    longest = pc.max(lengths).as_py()
    if longest is None or longest < LEAST:
        return
    if longest >= MOST_UNBROKEN or pc.any(pc.match_substring(values, "data:", ignore_case=True)).as_py():
        hits = pc.match_substring_regex(values, COLUMN_RULE)
        if pc.any(hits).as_py():
            sample = values.filter(hits)[0].as_py()
            raise _embedded("", in_text(sample) or "embedded bytes", where)
    # A picture may hide behind spaces, or as numbers.
    for text in values.filter(pc.greater_equal(lengths, 256)).drop_null().to_pylist():
        if dense("".join(text.split())):
            raise _embedded("", "a run of characters that is no text", where)
    long = values.filter(pc.greater_equal(lengths, 2 * MOST_NUMBERS))
    digits = pc.count_substring_regex(long, r"[0-9]+")
    for text in long.filter(pc.greater_equal(digits, MOST_NUMBERS)).drop_null().to_pylist():
        if why := in_text(text):
            raise _embedded("", why, where)
    # Base64 has no space; a short picture fits into a few hundred characters.
    words = values.filter(
        pc.and_(pc.greater_equal(lengths, 64), pc.invert(pc.match_substring(values, " ")))
    )
    for text in words.drop_null().to_pylist():
        if why := in_text(text):
            raise _embedded("", why, where)


def _refuse_pieces(values: pa.Array, where: str) -> None:
    import pyarrow.compute as pc

    suspects = values.filter(pc.match_substring_regex(values, r"^\s*[A-Za-z0-9+/_=-]{16,}\s*$"))
    if why := in_pieces(suspects.drop_null().to_pylist()):
        raise _embedded("", why, where)


def _refuse_extra(text: str, where: str) -> None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = text
    if found := _inside(content, ""):
        raise _embedded(*found, where)


def _inside(value: Any, place: str) -> tuple[str, str] | None:
    """Place and reason of the first media within a JSON value."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return place, "bytes"
    if isinstance(value, str):
        why = in_text(value)
        return (place, why) if why else None
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = f"{place}.{key}" if place else str(key)
            # A number under such a name is an index or a length, no content and no path.
            if str(key).lower() in MEDIA_KEYS and item and not isinstance(item, (int, float)):
                return here, "a media column"
            if found := _inside(item, here):
                return found
    if isinstance(value, (list, tuple)):
        numbers = sum(1 for item in value if isinstance(item, (int, float)) and not isinstance(item, bool))
        if numbers > MOST_NUMBERS:
            return place, f"{numbers} numbers in one list (samples, pixels or an embedding)"
        if why := in_pieces(item for item in value if isinstance(item, str)):
            return place, why
        for item in value:
            if found := _inside(item, f"{place}[]"):
                return found
    return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(256)
    except OSError as error:
        raise ReleaseError("a file of the release cannot be read", path=path, got=str(error)) from error


def _embedded(place: str, why: str, where: str) -> ReleaseError:
    return _told(f"{why} in {where}{f' ({place})' if place else ''}", None)


def _refusal(what: str, name: str, folder: Path) -> ReleaseError:
    return _told(f"{what} in the release: {name}", folder)


def _told(what: str, folder: Path | None) -> ReleaseError:
    return ReleaseError(
        f"refused: {what}; a release holds annotations only",
        path=folder,
        hint="Take it out and publish again: no option of this command lets media through.",
    )
