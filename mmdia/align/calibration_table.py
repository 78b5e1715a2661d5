"""Fitted figures of `mmdia.align.calibration`; written by `benchmarks/calibrate_align.py`.

Fitted on 128742 lines, 251 right films and 148 wrong ones.
"""

from __future__ import annotations

from mmdia.align.source import Family

#: Typical nats of a line at even odds and steepness; nats in all at even odds and steepness.
Film = tuple[float, float, float, float]

#: Bias; ramps (figure, where it is 0, where it is 1, weight); lowest and highest probability.
Line = tuple[float, tuple[tuple[str, float, float, float], ...], float, float]

FILM: dict[Family, Film] = {
    "text": (3.0181, 2.6988, 20.243, 0.3315),
    "timing": (0.3415, 24.2789, 25.7913, 0.4047),
    "audio": (0.3382, 40.0, 22.3118, 0.2223),
    "fingerprint": (3.0181, 2.6988, 20.243, 0.3315),
}

LINE: dict[Family, Line] = {
    "text": (
        2.0087,
        (
            ("own_nats", -2.0, 0.0, 0.9248),
            ("mean_nats", 2.0, 5.0, 0.0546),
            ("mean_nats", 5.0, 9.0, 0.9712),
            ("edit_lines", 0.0, 1.0, 0.6491),
            ("edit_lines", 1.0, 3.0, 0.2384),
        ),
        0.01,
        0.99998,
    ),
    "timing": (
        -0.0905,
        (
            ("own_nats", -1.5, 0.0, 0.147),
            ("own_nats", 1.5, 3.0, 0.5487),
            ("mean_nats", -0.5, 0.3, 0.9825),
            ("mean_nats", 0.3, 0.8, 1.9288),
            ("mean_nats", 0.8, 1.4, 1.7365),
            ("mean_nats", 1.4, 2.2, 1.5409),
            ("edit_lines", 0.0, 1.0, 0.4505),
            ("edit_lines", 1.0, 3.0, 0.8162),
            ("edit_lines", 3.0, 8.0, 0.6451),
            ("edit_lines", 8.0, 20.0, 0.9532),
        ),
        0.01,
        0.99999,
    ),
    "audio": (
        -5.2801,
        (
            ("own_nats", -1.0, 0.0, 0.2706),
            ("own_nats", 0.0, 1.0, 0.8711),
            ("own_nats", 1.0, 2.0, 0.5014),
            ("mean_nats", -0.3, 0.1, 3.3693),
            ("mean_nats", 0.1, 0.4, 1.3506),
            ("mean_nats", 0.4, 0.8, 0.4112),
            ("mean_nats", 0.8, 1.4, 1.9336),
            ("edit_lines", 0.0, 1.0, 1.1941),
            ("edit_lines", 1.0, 3.0, 0.8466),
            ("edit_lines", 3.0, 8.0, 0.6122),
            ("edit_lines", 8.0, 20.0, 0.3782),
        ),
        0.01,
        0.99987,
    ),
    "fingerprint": (3.8918, (("edit_lines", 0.0, 1.0, 3.0149),), 0.01, 0.999),
}
