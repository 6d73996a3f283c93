"""Each page."""

from . import pages


@pages.route("/", methods=["GET", "POST"])
def index():
    return "hello"
