"""The alignment room: cues in, time map and verdict out. No files, no media.

Import the files: `mmdia.align.solve` (the solver), `mmdia.align.result` (what it returns),
`mmdia.align.track` (cues as arrays).
"""
