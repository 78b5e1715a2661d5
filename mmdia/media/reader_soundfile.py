"""The backend ``soundfile``: clips of sound (FLAC, WAV), any stretch of them by one seek."""

from __future__ import annotations

import numpy as np
import soundfile

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.media.index import MediaIndex
from mmdia.media.reader_port import Floats32, Kind, PictureFile

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
#: Formats whose samples are counted in the file, so that a seek is exact.
_EXACT = frozenset({"FLAC", "WAV", "WAVEX", "AIFF", "RF64", "W64", "AU", "CAF"})


class SoundfileBackend:
    """libsndfile, a core dependency."""

    name = "soundfile"
    reads: frozenset[Kind] = frozenset({"sound"})

    def problem(self) -> str | None:
        """None: this module would not load without it."""
        return None

    def version(self) -> str | None:
        """Version of soundfile."""
        return str(soundfile.__version__)

    def open_picture(self, path: str, index: MediaIndex) -> PictureFile:
        """Refused.

        Raises:
            MediaUnreadable: Always.
        """
        raise MediaUnreadable("soundfile reads no pictures", path=path, hint='Use backend="av".')

    def open_sound(self, path: str, index: MediaIndex | None) -> SoundfileSound:
        """Open a file of sound; the sound of a film with a picture is refused."""
        if index is not None and index.video is not None:
            raise MediaUnreadable(
                "soundfile opens no films", path=path, hint='Use backend="av" (or "auto").'
            )
        sound = SoundfileSound(path)
        starts = 0.0 if index is None or index.audio is None else float(index.audio.start)
        if starts:
            sound.close()
            raise MediaUnreadable("the sound does not start at 0", path=path, hint='Use backend="av".')
        return sound


class SoundfileSound:
    """An open file of sound.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It is no sound, or of a format in which places are not exact.
    """

    def __init__(self, path: str) -> None:
        try:
            self._file = soundfile.SoundFile(path)
        except (soundfile.LibsndfileError, OSError) as error:
            try:
                open(path, "rb").close()
            except OSError:
                raise MediaNotFound("there is no such clip", path=path) from error
            raise MediaUnreadable("soundfile cannot open this file", path=path, got=str(error)) from error
        if self._file.format not in _EXACT:
            kind = self._file.format
            self._file.close()
            raise MediaUnreadable("soundfile does not seek exactly here", path=path, got=kind)
        self._path = path
        self.rate = int(self._file.samplerate)
        self.layout = _LAYOUTS.get(self._file.channels, "")

    def read(self, first: int, last: int) -> Floats32:
        """Samples [first, last), zeros outside the file."""
        out = np.zeros((self._file.channels, max(0, last - first)), np.float32)
        low, high = max(first, 0), min(last, self._file.frames)
        if high <= low:
            return out
        try:
            self._file.seek(low)
            got = self._file.read(high - low, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, OSError) as error:
            raise MediaUnreadable("the sound does not decode", path=self._path, got=str(error)) from error
        if len(got) != high - low:
            raise MediaUnreadable("the file ends early", path=self._path, expected=high - low, got=len(got))
        out[:, low - first : high - first] = got.T
        return out

    def close(self) -> None:
        """Release the file."""
        self._file.close()
