"""Your media + our timestamps -> verified clips: match, plan, cut, verify, receipt.

``mmdia.rebuild(media_dir)`` is the command (`mmdia.cli.python`).
"""

from mmdia._verbs import make_callable

make_callable(__name__)
