"""A service whose settings stand in one table."""

import os
from pathlib import Path

from aiohttp import web


class Config:
    """Each variable, and what it is without."""

    _DEFAULTS = {
        "STORE_DIR": ".",
        "STATE_DIR": ".",
        "THEME": "auto",
        "HOST": "0.0.0.0",
        "PORT": "8081",
    }

    def __init__(self):
        for name, value in self._DEFAULTS.items():
            setattr(self, name, os.environ.get(name, value))


config = Config()


class Journal:
    """A file for each user."""

    def __init__(self, user, folder="journals"):
        Path(folder).mkdir(exist_ok=True)
        self.file = f"{folder}/{user}.json"


async def first(request):
    return web.Response(text="ok")


app = web.Application()
app.router.add_get("/version", first)

if __name__ == "__main__":
    web.run_app(app, host=config.HOST, port=int(config.PORT))
