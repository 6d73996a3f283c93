import os

from flask import Flask

from . import ops


def create_app(config=None):
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
    app.config["PAGE_SIZE"] = int(os.environ.get("PAGE_SIZE", 20))
    app.register_blueprint(ops.blueprint, url_prefix="/ops")
    return app
