"""Reason codes: why something was refused, left out, or marked as doubtful.

Codes are stable words; receipts, verdicts and reports carry them, and `explain` turns them into
a sentence. A code that is not here is a bug (a test walks the package for them).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What a code means and what a user can do about it."""

    text: str
    cure: str = ""


REASONS: dict[str, Reason] = {
    # media and matching
    "ambiguous_match": Reason("several titles fit this file equally", "name it in media.csv"),
    "audio_language_mismatch": Reason(
        "the sound is in another language than the annotated film",
        "get the original sound, or name the track: --audio-track",
    ),
    "clock_jumps": Reason(
        "the file's clock starts over within it, so a second of it names two places",
        "write it anew: ffmpeg -i FILE -map 0 -c copy fixed.mkv",
    ),
    "commentary": Reason(
        "the only sound track is a commentary or a description", "name a track: --audio-track"
    ),
    "damaged": Reason("the clip is not what its receipt says", "run again: it is made anew"),
    "decode_error": Reason("the media could not be decoded here", "try a player, or get another copy"),
    "dolby_vision_5": Reason(
        "the film's colours are Dolby Vision's own (profile 5), which common decoders show wrong",
        "get a copy in HDR10 or SDR; --profile audio makes its sound",
    ),
    "encrypted": Reason(
        "the media is encrypted, and cannot be read without its key", "get a copy without copy protection"
    ),
    "disc_image": Reason("the film is the image of a disc, which is not opened", "mount it, or rip it"),
    "fetch_failed": Reason("the media could not be downloaded", "see the message; run again"),
    "film_changed": Reason("the film is not the file that was measured", "run the rebuild again"),
    "film_gone": Reason("the film is not in the folder of films", "name their folder: films=..."),
    "invalid_media": Reason("the file is not readable media", "see the message; get another copy"),
    "lfs_pointer": Reason("the file is a Git LFS pointer, not the media", "run: git lfs pull"),
    "licence_not_open": Reason(
        "the licence that the release names is not on the list of open ones",
        "check it yourself, then: --license-ok",
    ),
    "licence_unknown": Reason(
        "the release does not say under which licence the media may be had",
        "check it yourself, then: --license-ok TITLE",
    ),
    "missing_media": Reason("no file was matched to this title", "add it, or name it in media.csv"),
    "no_audio": Reason("the media has no audio track"),
    "no_clip": Reason(
        "the rebuild wrote neither sound nor picture of the dialogue",
        "use --profile audio or video, or name the films: films=...",
    ),
    "no_scratch": Reason("no room to fetch the film to", "name a larger folder: --scratch"),
    "no_source": Reason("the release does not say where the media may be fetched", "get your own copy"),
    "no_video": Reason("the media has no picture"),
    "not_copyable": Reason(
        "the film's picture cannot be put into mp4 as it is", "use --profile video, which encodes it anew"
    ),
    "not_proven": Reason(
        "the finished clip is not what a plain decode of the film gives, so it was not kept",
        "try --profile video, or another copy; --no-proof keeps it",
    ),
    "not_one_film": Reason("the address leads to several films, or to a live stream"),
    "other_options": Reason(
        "the clip was cut with other options than are asked for now, and its film could not be worked on",
        "bring the film back and run again",
    ),
    "outside_media": Reason("the dialogue lies outside the media"),
    "private_address": Reason(
        "the address leads to a machine that the public cannot reach", "nothing was asked of it"
    ),
    "site_not_open": Reason(
        "the address leads to a site that mmdia does not fetch from", "get your own copy"
    ),
    "spans_parts": Reason("the dialogue would span two parts of the title"),
    "too_large": Reason("the film is larger than was allowed", "raise --max-size, and run again"),
    "truncated_media": Reason("the media ends before it should", "get a complete copy"),
    "unmatched_file": Reason("the file belongs to no title of the release"),
    # alignment
    "absent_in_media": Reason("the dialogue was cut out of this copy"),
    "better_copy": Reason("another copy of this title fits the annotation better"),
    "different_language": Reason("texts are in different languages; only timing was used"),
    "double_check": Reason("one offset fits; the paper has such maps confirmed by a person"),
    "edit_inside": Reason("this copy was edited inside the dialogue"),
    "edit_place_unsure": Reason("an edit may lie elsewhere, on the other side of a line"),
    "edits_found": Reason("this copy is edited: parts are missing or added"),
    "few_anchors": Reason(
        "not enough lines to tell",
        "add subtitles of the copy, or --asr; or say that it is right: rebuild --timemap identity",
    ),
    "high_variance": Reason("discrepancies vary too much for the paper's rule"),
    "image_subtitles": Reason(
        "the subtitles of this copy are pictures, which hold no text", "use a subtitle file, or the sound"
    ),
    "low_confidence": Reason("the time map is not certain enough", "review it, or lower --min-confidence"),
    "no_evidence": Reason("this copy has nothing to compare with", "put a subtitle file beside the film"),
    "no_fingerprint": Reason(
        "the annotation has no fingerprint of the sound", "make one: mmdia release fingerprint"
    ),
    "no_line_present": Reason("this copy holds none of the lines"),
    "no_lines": Reason("the annotation has no lines with times"),
    "no_subtitles": Reason("no text subtitles beside or in the media"),
    "no_such_track": Reason("the film has no such audio track", "see the message for those it has"),
    "no_timemap": Reason("the folder of time maps has none for this title", "align it"),
    "not_dialogue": Reason("the subtitle holds no dialogue, but descriptions, chapters or data"),
    "not_translation": Reason("the paper's rule accepts a constant offset only", "use --policy default"),
    "picture_gap": Reason(
        "the film has no picture for a part of the clip; the one before stands still", "get another copy"
    ),
    "replaced": Reason("something else is said here in this copy"),
    "shape_changes": Reason(
        "the film's picture changes its shape within the clip; a part of it is stretched",
        "cut it apart there",
    ),
    "short_piece": Reason("few lines speak for this stretch"),
    "short_track": Reason("the track is short, so the verdict stands on few lines"),
    "sound_gap": Reason(
        "the film has no sound that decodes for a part of the clip", "the clip is silent there"
    ),
    "sources_disagree": Reason("the sound and the subtitles are of different copies", "trust the sound"),
    "speech_mismatch": Reason(
        "the sound does not say the text of the annotation", "check the track and the time map"
    ),
    "speech_unchecked": Reason(
        "nothing here could listen to this title, or its texts are withheld",
        "name a recogniser that knows the language: --asr, or $MMDIA_ASR",
    ),
    "speed_not_standard": Reason("the speed is none of the standard ratios"),
    "unreadable_subtitle": Reason("the subtitle file cannot be read", "see the message"),
    "wrong_film": Reason("this is not the annotated film"),
    # release rows
    "broken_row": Reason("the row cannot be read", "run: mmdia release validate"),
    "clip_gone": Reason(
        "a file that the receipt names is not there", "run the rebuild again: it makes what is missing"
    ),
    "no_media": Reason("the dialogue is a script without a film"),
    "no_receipt": Reason("the rebuild says nothing of this dialogue", "run: mmdia rebuild"),
    "no_span": Reason("the dialogue has no usable times"),
    "not_selected": Reason("left out by --titles or --shard"),
    "withdrawn": Reason("the dialogue was withdrawn by the release"),
    # importing
    "alternative_word": Reason("the word is a further alternative of another"),
    "bad_number": Reason("a number cannot be read"),
    "bad_time": Reason("a time cannot be read", "see the examples; name the frame rate: --fps"),
    "bytes_left_out": Reason("a cell holds bytes, not text: sound or a picture, which is left out"),
    "clipped": Reason("the row was shortened to the region that was annotated"),
    "column_absent": Reason("the mapping names a column that no row of the file has", "check its spelling"),
    "columns_kept": Reason("a column without a place of its own is kept as an extra key"),
    "disagrees": Reason("rows of one dialogue say different things of it; the first counts"),
    "duplicate_column": Reason("a second column or key of one name is kept under another"),
    "duplicate_utterance": Reason("two rows of one dialogue have one utterance number; both are kept"),
    "duplicate_row": Reason("an earlier row has the same identifier", "name each source once"),
    "element_only": Reason(
        "the mapping names single items of a list, which has more", "name all with a star: words.*.text"
    ),
    "empty_label": Reason("a stretch or point without words: nobody speaks"),
    "encoding_guessed": Reason("the encoding was guessed from the bytes", "name it: --encoding"),
    "ignored_segment": Reason("the source marks the row as not to be scored"),
    "marks_only": Reason("a line without words or speaker: a noise, music or a notice"),
    "mended_time": Reason("the fields of a time were of another width than usual"),
    "missing_field": Reason("a field that the row cannot do without is empty"),
    "name_mended": Reason("a name had line breaks, wide spaces or signs that are not seen; they are gone"),
    "no_speaker": Reason("nothing says who speaks"),
    "no_times": Reason("nothing says when it is spoken; text is kept without times"),
    "no_title": Reason("the row's title is not among those that the source lists"),
    "null_word": Reason(
        "a speaker or a text is a word for nothing", 'if it is one, map it: values = { nan = "" }'
    ),
    "other_annotation": Reason("a further annotation of the same task, or a guess of a model"),
    "other_copy": Reason("the same subtitle is there in another format, which is taken"),
    "other_language": Reason("the subtitle is in another language than was asked for"),
    "other_rate": Reason(
        "frame numbers go beyond the frame rate: the series may have another",
        "name it: --fps-of SERIES=RATE",
    ),
    "other_row": Reason("the row is of a kind that holds no turn"),
    "other_title": Reason("rows of one dialogue name different titles; those of the first are kept"),
    "outside_regions": Reason("the row lies outside the regions that were annotated"),
    "quotes_read": Reason(
        "quotes in a TSV were read as a CSV's, around cells", "if they are text: quoting = false"
    ),
    "speaker_forms": Reason(
        "a speaker's name is written in several forms (case, spaces, Unicode), so it counts several times"
    ),
    "speech_split": Reason(
        "one line holds several speakers; its time was divided by the length of what they say"
    ),
    "subtitle_problem": Reason("a subtitle file was mended while it was read"),
    "text_repaired": Reason("quotes and dashes had become control characters; they are back"),
    "text_withheld": Reason("what was said is left out"),
    "time_between": Reason("the source gives no time; it was placed evenly between its neighbours"),
    "title_added": Reason("the source says nothing of the title; a bare row was added"),
    "undecodable": Reason("bytes that the encoding cannot hold became U+FFFD", "name it: --encoding"),
    "uneven_lists": Reason("lists that should run side by side differ in length; missing items are empty"),
    "unknown_title": Reason("the file of facts on titles names one that the import does not have"),
    "unreadable_cue": Reason("a cue whose times cannot be read"),
    # running
    "crashed": Reason("the worker process died while it worked on this title"),
    "disk_full": Reason("no space left to write", "free some space and run again"),
    "interrupted": Reason("the run was stopped before this title was finished", "run again"),
    "timed_out": Reason("the worker did not finish in time"),
    "unwritable": Reason("the output could not be written", "check permissions of the output folder"),
    "worker_error": Reason("the worker failed; see the message"),
}


def explain(code: str, count: int | None = None) -> str:
    """One sentence for a reason code, with its cure; the code itself when it is unknown.

    With a count of what there is too little of, that stands in it: "not enough lines to tell (5): ...".
    """
    reason = REASONS.get(code)
    if reason is None:
        return code
    if count is not None:
        return f"{reason.text} ({count})" + (f": {reason.cure}" if reason.cure else "")
    return f"{reason.text} ({reason.cure})" if reason.cure else reason.text


def tally(codes: Iterable[str]) -> dict[str, int]:
    """Counts of codes, most frequent first."""
    counts: dict[str, int] = {}
    for code in codes:
        counts[code] = counts.get(code, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
