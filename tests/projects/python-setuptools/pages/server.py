import os
from importlib.resources import files

from pyramid.config import Configurator
from pyramid.response import Response
from waitress import serve


def index(request):
    return Response(files("pages").joinpath("index.html").read_text())


def main():
    with Configurator() as config:
        config.add_route("index", "/")
        config.add_view(index, route_name="index")
        app = config.make_wsgi_app()
    serve(app, host=os.environ.get("PAGES_HOST", "127.0.0.1"), port=6543)
