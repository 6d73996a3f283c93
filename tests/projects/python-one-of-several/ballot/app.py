"""Takes votes."""

import os

from flask import Flask

app = Flask(__name__)
try:
    app.config["TRACE"] = os.environ["BALLOT_TRACE"] == "1"
except KeyError:
    app.config["TRACE"] = False
app.config["REGION"] = os.environ["BALLOT_REGION"]


@app.route("/")
def first():
    return "vote"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=80)
