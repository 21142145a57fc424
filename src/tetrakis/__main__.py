"""``python -m tetrakis`` is the command ``tetrakis``."""

from __future__ import annotations

from tetrakis.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
