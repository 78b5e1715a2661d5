"""The Dolby Vision profile of a film, by the record in its container, which PyAV does not hand on.

"Dolby Vision Streams Within the ISO Base Media File Format" 2.5, 3.2: version (2 bytes), then the
profile in 7 bits. mp4 holds it in a box ``dvcC``, ``dvvC`` or ``dvwC`` of the sample description,
Matroska in the block addition mapping of that type, a transport stream in descriptor 0xB0 of the
program map, after the registration ``DOVI``.
"""

from __future__ import annotations

import re
from pathlib import Path

from mmdia.errors import MediaUnreadable
from mmdia.media.edit_list import movie_box

#: Matroska's tracks and a stream's first program maps lie within this many bytes.
_HEAD = 2 << 20

#: A record's length is at least this; its version is 1 or 2.
_BOX = re.compile(rb"\0\0\0[\x0c-\xff]dv[cvw]C[\x01\x02].(.)", re.DOTALL)
_MAPPING = re.compile(rb"\x41\xe7\x84dv[cvw]C.{0,64}?\x41\xed[\x84-\xc0][\x01\x02].(.)", re.DOTALL)
_DESCRIPTOR = re.compile(rb"\x05\x04DOVI.{0,64}?\xb0[\x04-\x20][\x01\x02].(.)", re.DOTALL)


def profile_of(path: str | Path, container: str, codec: str) -> int | None:
    """Dolby Vision's profile (5: colours that only its own decoders show right); None without a record.

    Args:
        path: The film.
        container: libavformat's name of its format.
        codec: libavcodec's name of its picture's codec.
    """
    if codec not in ("h264", "hevc", "av1"):
        return None
    try:
        if "mp4" in container:
            found = _BOX.search(movie_box(path))
        elif "matroska" in container or container == "mpegts":
            with Path(path).open("rb") as stream:
                head = stream.read(_HEAD)
            found = (_DESCRIPTOR if container == "mpegts" else _MAPPING).search(head)
        else:
            return None
    except (OSError, MediaUnreadable):
        return None
    return None if found is None else found.group(1)[0] >> 1
