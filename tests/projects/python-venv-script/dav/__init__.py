import os

from aiohttp import web


def main():
    port = os.environ.get("PORT")
    if "DAV_TITLE" in os.environ:
        print(os.environ["DAV_TITLE"])
    if "DAV_KEY" in os.environ:
        print(os.environ["DAV_KEY"])
    else:
        raise SystemExit("no key")
    web.run_app(web.Application(), port=int(port) if port else None)
