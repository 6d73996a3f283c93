"""What it is made of."""

from flask import Flask


def create_app(name):
    app = Flask(__name__)
    app.config["NAME"] = name
    from .pages import pages as pages_blueprint

    app.register_blueprint(pages_blueprint)
    return app
