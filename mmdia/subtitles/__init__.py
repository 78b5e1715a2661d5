"""Subtitle files as cues: reading, encodings, cleaning, speakers, non-verbal marks, writing.

The law of this room: a cue is kept, or its loss is reported with its line number.
Import the file you need, for example ``from mmdia.subtitles.read import read_subtitles``.
"""
