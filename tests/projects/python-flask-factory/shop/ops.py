from flask import Blueprint

blueprint = Blueprint("ops", __name__)


@blueprint.route("/healthz")
def healthz():
    return "ok"
