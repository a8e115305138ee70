"""Where the command begins: `lotwise`, or `python -m lotwise`.

Loading the command line takes a second or two; Ctrl-C while it does must leave as calmly as later. So this module loads
nothing before it is ready for that.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Load and run the command line; interrupted, say so in a line and leave with 130."""
    try:
        from lotwise.cli import main as run  # noqa: PLC0415 - inside, so that Ctrl-C during it is caught

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing was written\n")
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
