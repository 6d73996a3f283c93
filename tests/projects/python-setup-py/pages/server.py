from pyramid.config import Configurator
from waitress import serve


def main():
    with Configurator() as config:
        app = config.make_wsgi_app()
    serve(app, host="127.0.0.1", port=6543)
