import os

from celery import Celery

url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
app = Celery("mail", broker=url, backend=url)


@app.task
def send(address):
    return f"sent to {address}"
