"""Chromium in a container: what it shows of a page, and how the page can be used.

Nothing is installed on the machine: the image is built on demand, and removed again. Its layers
stay in the engine's build cache.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dockgen import engine

Browser = Callable[..., Any]
# How long a page may take to be looked at, in seconds.
PATIENCE = 300


@contextmanager
def started() -> Iterator[Browser]:
    """Yields what asks browser.mjs about a page of HTML. The page reaches no network."""
    with engine.temporary_image(Path(__file__).parent) as image:

        def ask(page: str, *words: str) -> Any:
            done = subprocess.run(
                ["docker", "run", "--rm", "--interactive", "--network=none", image, *words],
                input=page.encode(), stdout=subprocess.PIPE, timeout=PATIENCE, check=True,
            )  # fmt: skip
            return json.loads(done.stdout)

        yield ask
