import os

import psycopg2
from flask import Flask

from mail.tasks import send

app = Flask(__name__)


@app.get("/up")
def up():
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
        connection.cursor().execute("SELECT 1")
    # The queue has to take it; whether a worker does is the worker's own health.
    return send.delay("ada@example.com").id
