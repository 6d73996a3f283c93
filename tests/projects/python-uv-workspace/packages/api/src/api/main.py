from shared import text
from starlette.applications import Starlette
from starlette.routing import Route


def make_app() -> Starlette:
    app = Starlette(routes=[Route("/ping", text.ping)])
    return app
