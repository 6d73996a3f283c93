"""``python -m dockgen``."""

import sys

from dockgen.cli import main

if __name__ == "__main__":
    sys.exit(main())
