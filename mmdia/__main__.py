"""``python -m mmdia``."""

from mmdia.cli.main import run

if __name__ == "__main__":
    run()
