"""A shop that keeps its visits in a file, and needs a key."""

import os
import sqlite3
from pathlib import Path

from flask import Flask, render_template

DATA = Path("data")
DATA.mkdir(exist_ok=True)

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]


@app.get("/")
def index() -> str:
    with sqlite3.connect(DATA / "visits.db") as database:
        database.execute("CREATE TABLE IF NOT EXISTS visit (at TEXT)")
        database.execute("INSERT INTO visit VALUES (datetime())")
        (visits,) = database.execute("SELECT count(*) FROM visit").fetchone()
    return render_template("index.html", visits=visits)


@app.get("/health")
def health() -> str:
    return "ok"
