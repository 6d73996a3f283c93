"""What it answers."""

from threading import Thread

from flask import Blueprint, Flask
from waitress import serve

blueprint = Blueprint("exporter", __name__)


@blueprint.route("/health")
def health():
    return "ok"


def create_app(broker):
    app = Flask(__name__)
    app.config["broker"] = broker
    app.register_blueprint(blueprint)
    return app


def start(broker, host, port):
    Thread(target=serve, args=(create_app(broker),), kwargs={"host": host, "port": port}).start()
