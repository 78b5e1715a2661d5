"""One address, downloaded into one folder by yt-dlp.

Nothing of the user's settings takes part: no configuration files, cookies, netrc or cache. What a
broken download left in the folder is continued by the next call with the same address and folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mmdia.errors import MediaError, MissingExtra, UsageError
from mmdia.release.fetch_guard import only_public

#: Called with the bytes that are there, and how many there will be when that is known.
OnBytes = Callable[[int, "int | None"], None]

#: Endings of subtitles that alignment can read, best first.
SUBTITLE_SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")

#: Whose pages are read: plain pages and files, and sites that hold open works. No others, however many
#: yt-dlp knows; commercial streaming sites least of all.
SITES = ("generic", "html5", r"archive\.org", r"wikimedia\.org", "PeerTube", r"media\.ccc\.de")
#: How the bytes may come; anything else would be left to another program.
_PROTOCOLS = frozenset({"http", "https", "http_dash_segments", "m3u8_native", "m3u8"})
_SCHEMES = frozenset({"http", "https"})
#: Where an address can carry orders to yt-dlp itself; a release has none to give.
_SMUGGLED = "__youtubedl_smuggle"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST_MESSAGE = 300


class Refused(MediaError):
    """The address is not followed, on purpose.

    Attributes:
        code: Reason code.
    """

    def __init__(self, message: str, code: str = "fetch_failed") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, and how fast.

    Attributes:
        rate: Most bytes a second; None for no limit.
        sleep_s: Seconds between two requests for pages, and between two films.
        max_bytes: Largest film; None for no limit.
    """

    rate: float | None = None
    sleep_s: float = 0.0
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        """Numbers that limit nothing sensibly are refused.

        Raises:
            UsageError: One is.
        """
        for name, least in (("rate", 1), ("max_bytes", 1), ("sleep_s", 0)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise UsageError(f"{name} is too small", got=str(value), expected=f"at least {least}")


@dataclass(frozen=True, slots=True)
class Download:
    """What was downloaded.

    Attributes:
        film: The media file.
        subtitles: Language tag, as the site names it, and file, for each subtitle offered.
    """

    film: Path
    subtitles: tuple[tuple[str, Path], ...] = ()


def check_address(url: str) -> None:
    """Refuse what is no plain web address.

    Raises:
        UsageError: It has another scheme than http or https, no host, a login, or orders for yt-dlp.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in _SCHEMES and bool(parts.hostname) and parts.username is None
    except ValueError:
        usable = False
    if not usable or _SMUGGLED in url:
        shown = url if "@" not in url else "an address with a login"  # passwords stay out of logs
        raise UsageError(
            "only http and https addresses without a login are fetched", got=shown[:_LONGEST_MESSAGE]
        )


def require_ytdlp() -> Any:
    """The module ``yt_dlp``.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import yt_dlp
    except ImportError as error:
        raise MissingExtra.of("yt-dlp", "fetch") from error
    return yt_dlp


def download(
    url: str,
    folder: Path,
    *,
    ffmpeg: Path,
    on_bytes: OnBytes | None = None,
    limits: Limits | None = None,
) -> Download:
    """Download the film at an address, with the subtitles that people wrote for it.

    A subtitle that cannot be had is passed over; fragments of the film are not.

    Args:
        url: An http or https address: a media file, or a page that shows one film.
        folder: An existing folder for this address alone.
        ffmpeg: The program that joins picture and sound where a site serves them apart.
        on_bytes: Told of the progress.
        limits: How much, and how fast.

    Raises:
        UsageError: It is no http or https address.
        Refused: It leads to several films, a live stream, a film that is too large, a machine that the
            public cannot reach, or a site that is not one of `SITES`.
        MediaError: It cannot be downloaded.
        MissingExtra: yt-dlp is not installed.
    """
    check_address(url)
    youtube = require_ytdlp()
    limits = limits or Limits()
    watch = _Watch(on_bytes, limits.max_bytes, youtube.utils.DownloadCancelled)

    def choose(info: Mapping[str, Any], *, incomplete: bool = False) -> None:
        watch.refuse(_refusal(info, limits.max_bytes))

    options = _options(folder, ffmpeg, limits)
    options |= {"logger": watch, "progress_hooks": [watch.progress], "match_filter": choose}
    info = None
    with only_public(url) as private:
        try:
            with youtube.YoutubeDL(options) as client:
                info = client.extract_info(url, download=True)
        except youtube.utils.YoutubeDLError as error:
            watch.errors.append(str(error))
    if watch.refusal is not None:
        raise watch.refusal
    found = _result(info, folder)
    faults = watch.errors[watch.film_began :] if found else watch.errors
    if not faults and found is not None:
        return found
    raise _failure(faults, private)


def _failure(faults: list[str], private: list[str]) -> MediaError:
    """What to tell of a download that failed."""
    if private:
        return Refused(f"it leads to {private[0]}, which the public cannot reach", "private_address")
    message = tidy(faults[-1]) if faults else "nothing was downloaded"
    if "No suitable extractor" in message:
        return Refused("it leads to a site that mmdia does not fetch from", "site_not_open")
    return MediaError(message)


def _options(folder: Path, ffmpeg: Path, limits: Limits) -> dict[str, Any]:
    return {
        "paths": {"home": str(folder)},
        # Another format chosen at the next try must not continue the file of this one.
        "outtmpl": {"default": "film.%(format_id)s.%(ext)s"},
        "ffmpeg_location": str(ffmpeg),
        "ratelimit": limits.rate,
        "sleep_interval_requests": limits.sleep_s or None,
        "allowed_extractors": list(SITES),
        "enable_file_urls": False,
        "allow_unplayable_formats": False,
        # Where pieces of a stream are left to ffmpeg, it must not open files of this machine.
        "external_downloader_args": {"ffmpeg_i": ["-protocol_whitelist", "http,https,tcp,tls,crypto"]},
        "noplaylist": True,
        "writesubtitles": True,
        "subtitleslangs": ["all", "-live_chat"],
        "subtitlesformat": "/".join(s[1:] for s in SUBTITLE_SUFFIXES),
        # True lets a failed subtitle pass as a warning; errors of the film reach the logger.
        "ignoreerrors": True,
        "skip_unavailable_fragments": False,
        "continuedl": True,
        "updatetime": False,
        "retries": 5,
        "fragment_retries": 5,
        "extractor_retries": 2,
        "socket_timeout": 30,
        "cachedir": False,
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "color": "no_color",
    }


class _Watch:
    """Keeps what yt-dlp says instead of printing it.

    Attributes:
        errors: Its error messages in order.
        film_began: How many of them came before the film itself was asked for.
        refusal: Why the film is not wanted.
    """

    def __init__(
        self, on_bytes: OnBytes | None, max_bytes: int | None, stop: Callable[[str], BaseException]
    ) -> None:
        self.errors: list[str] = []
        self.film_began = 0
        self.refusal: Refused | None = None
        self._begun = False
        self._on_bytes = on_bytes
        self._max_bytes = max_bytes
        self._stop = stop

    def refuse(self, refusal: Refused | None) -> None:
        """Stop the download, when there is a reason to."""
        if refusal is not None:
            self.refusal = refusal
            raise self._stop(refusal.message)

    def debug(self, message: str) -> None:
        """Not kept."""

    def warning(self, message: str) -> None:
        """Not kept."""

    def error(self, message: str) -> None:
        """Keep a reason why the download may have failed."""
        self.errors.append(message)

    def progress(self, event: Mapping[str, Any]) -> None:
        """Tell of the film's bytes; subtitles come before it and have no format."""
        if "format_id" not in (event.get("info_dict") or {}):
            return
        if not self._begun:
            self._begun, self.film_began = True, len(self.errors)
        # Sites need not say how much will come, so what came is watched, too.
        self.refuse(_too_large(event.get("downloaded_bytes"), self._max_bytes))
        self.refuse(_too_large(event.get("total_bytes"), self._max_bytes))
        if self._on_bytes is not None and event.get("downloaded_bytes") is not None:
            total = event.get("total_bytes")
            self._on_bytes(int(event["downloaded_bytes"]), None if total is None else int(total))


def _refusal(info: Mapping[str, Any], max_bytes: int | None) -> Refused | None:
    """Why an address is not followed any further: it must lead to one film with an end."""
    count = info.get("n_entries") or info.get("playlist_count") or 1
    if count > 1:
        return Refused(f"the address holds {count} films, not one", "not_one_film")
    if info.get("is_live"):
        return Refused("the address is a live stream", "not_one_film")
    protocols = set((info.get("protocol") or "http").split("+"))
    if not protocols <= _PROTOCOLS:
        return Refused(f"it comes by {', '.join(sorted(protocols - _PROTOCOLS))}", "site_not_open")
    return _too_large(info.get("filesize"), max_bytes)


def _too_large(size: Any, max_bytes: int | None) -> Refused | None:
    if size is None or max_bytes is None or size <= max_bytes:
        return None
    return Refused(f"it is larger than {max_bytes:,} bytes: {int(size):,} or more", "too_large")


def _result(info: Any, folder: Path) -> Download | None:
    """The finished film and its subtitles, None when the film is not there."""
    if not isinstance(info, dict):
        return None
    if "entries" in info:
        entries = list(info["entries"] or ())
        return _result(entries[0], folder) if len(entries) == 1 else None
    done = list(info.get("requested_downloads") or ())
    film = _inside(folder, done[0].get("filepath")) if len(done) == 1 else None
    if film is None:
        return None
    offered = (info.get("requested_subtitles") or {}).items()
    subtitles = [(str(tag), _inside(folder, fact.get("filepath"))) for tag, fact in sorted(offered)]
    return Download(
        film,
        tuple((t, p) for t, p in subtitles if p is not None and p.suffix.lower() in SUBTITLE_SUFFIXES),
    )


def _inside(folder: Path, name: str | None) -> Path | None:
    path = Path(name) if name else None
    inside = path is not None and path.is_file() and path.resolve().parent == folder.resolve()
    return path if inside else None


def tidy(message: str) -> str:
    """A message of yt-dlp as one short line, without colours and its advice on reporting bugs."""
    text = " ".join(_COLOUR.sub("", message).split()).removeprefix("ERROR: ")
    text = re.split(r"[;.] ?please report this issue", text, maxsplit=1, flags=re.IGNORECASE)[0]
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 4] + " ..."
