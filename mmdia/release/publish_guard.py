"""No media leaves with a release: what is published is searched for it, and no option turns that off.

Media can hide in files (a film beside the tables, a picture under ``subtitles/``), in columns (binary
data, the ``{bytes, path}`` of a media column) and in text (a ``data:`` address, base64). Numbers in bulk
(samples, pixels, face or voice embeddings) are found, too.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.errors import ReleaseError

if TYPE_CHECKING:
    import pyarrow as pa

#: Keys under which other data sets keep media; our own records have none of them.
MEDIA_KEYS = frozenset(
    "audio audios video videos image images picture pictures photo photos frame frames waveform waveforms "
    "wav mp3 mp4 flac jpg jpeg png gif bytes pixels pixel_values spectrogram mel thumbnail thumbnails "
    "portrait portraits face_embedding face_embeddings voice_embedding speaker_embedding embedding "
    "embeddings input_values input_features".split()
)
#: More numbers in one list than annotations need: samples, pixels or an embedding.
MOST_NUMBERS = 64
#: Text without a space that is longer than any word, address or hash.
MOST_UNBROKEN = 512
_MEDIA_ENDINGS = frozenset(
    ".mkv .mp4 .m4v .m4a .m4b .mov .avi .ts .m2ts .mts .mpg .mpeg .vob .wmv .wma .flv .webm .ogv .ogg .oga "
    ".opus .mp3 .wav .flac .aac .ac3 .eac3 .dts .aif .aiff .amr .mka .3gp .rm .rmvb .iso .jpg .jpeg .png "
    ".gif .bmp .tif .tiff .webp .avif .heic .sup .idx".split()
)
#: Beginnings that no text has, and beginnings that a text might have by chance.
_MAGIC = (
    b"\x1a\x45\xdf\xa3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9", b"\x89PNG",
    b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3",
    b"FLV\x01", b"\x30\x26\xb2\x75",
    b"\x0b\x77", b"PK\x03\x04", b"\x1f\x8b",
)  # fmt: skip
_WORDY_MAGIC = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"GIF8", b"BM", b"FORM", b"wvpk", b"#!AMR", b"MThd")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_DATA_URI = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+|;base64)[;,]", re.IGNORECASE)
#: Base64 has a quarter of capitals and a sixth of digits; prose, run together, has hardly any.
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{256,}")
_TEXT_BASE64 = re.compile(r"[A-Za-z0-9+/_=-]+\Z")
#: The same two rules for whole columns (RE2): an address with content, a run without a space, and
#: base64 in lines.
_COLUMN_RULE = r"(?i:data:(?:[\w.+-]+/[\w.+-]+|;base64)[;,])|[!-~]{512}|(?:[A-Za-z0-9+/_=-]{56,}\s+){6}"
_LONG = 24


def is_media(head: bytes) -> bool:
    """Whether the first bytes of a file are those of sound, pictures, or an archive that may hold them."""
    if head.startswith(_MAGIC) or head[4:8] in (b"ftyp", b"moov", b"mdat"):
        return True
    if head.startswith(_WORDY_MAGIC):
        return _CONTROL.search(head) is not None
    return head[:1] == b"\x47" and head[188:189] == b"\x47"  # MPEG transport stream


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
    section = re.search(r"^\[(Fonts|Graphics)\]", text, re.MULTILINE | re.IGNORECASE)
    if section or in_text(text):
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


def refuse_row(row: Mapping[str, Any], where: str) -> None:
    """Refuse one plain row (a scene, a withdrawal, the head) with media in it.

    Raises:
        ReleaseError: It has some.
    """
    if found := _inside(row, ""):
        raise _embedded(*found, where)


def in_text(text: str) -> str | None:
    """Why a text is taken for embedded bytes; None where it is text."""
    if len(text) < _LONG:
        return None
    if _DATA_URI.search(text):
        return "a data: address"
    squeezed = "".join(text.split())
    if len(squeezed) >= _LONG and _TEXT_BASE64.match(squeezed) and _decodes_to_media(squeezed):
        return "media as base64"
    if _unbroken(text) or _dense(squeezed):
        return "a run of characters that is no text"
    return None


def _dense(squeezed: str) -> bool:
    """Whether a text without its spaces has a run as base64 has: letters of both cases and digits alike."""
    for run in _RUN.findall(squeezed):
        upper, digits = sum(map(str.isupper, run)), sum(map(str.isdigit, run))
        if upper >= len(run) * 0.2 and digits >= len(run) * 0.05 and upper + digits <= len(run) * 0.8:
            return True
    return False


def _unbroken(text: str) -> bool:
    return bool(re.search(rf"[!-~]{{{MOST_UNBROKEN}}}|(?:[A-Za-z0-9+/_=-]{{56,}}\s+){{6}}", text))


def _decodes_to_media(text: str) -> bool:
    start = text[:344].replace("-", "+").replace("_", "/").rstrip("=")
    return is_media(_from_base64(start)) or is_media(_from_hex(start))


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text[: len(text) // 2 * 2])
    except ValueError:
        return b""


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
    if longest is None or longest < _LONG:
        return
    if longest >= MOST_UNBROKEN or pc.any(pc.match_substring(values, "data:", ignore_case=True)).as_py():
        hits = pc.match_substring_regex(values, _COLUMN_RULE)
        if pc.any(hits).as_py():
            sample = values.filter(hits)[0].as_py()
            raise _embedded("", in_text(sample) or "embedded bytes", where)
    # A picture may hide behind spaces.
    for text in values.filter(pc.greater_equal(lengths, 256)).drop_null().to_pylist():
        if _dense("".join(text.split())):
            raise _embedded("", "a run of characters that is no text", where)
    # Base64 has no space; a short picture fits into a few hundred characters.
    words = values.filter(
        pc.and_(pc.greater_equal(lengths, 64), pc.invert(pc.match_substring(values, " ")))
    )
    for text in words.drop_null().to_pylist():
        if why := in_text(text):
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
