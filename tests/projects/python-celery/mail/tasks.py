import os

from celery import Celery

app = Celery("mail", broker=os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
