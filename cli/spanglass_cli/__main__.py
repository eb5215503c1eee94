"""Where the console script begins: it says so in one line where only the SDK is installed."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Exit code 1, with what to install, where a library of the server is missing."""
    try:
        from spanglass_cli.main import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("spanglass"):
            raise
        print(
            f"spanglass: only the SDK is installed here ({error.name} is missing): pip install 'spanglass[server]'",
            file=sys.stderr,
        )
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()
