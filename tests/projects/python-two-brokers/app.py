import os

from flask import Flask

app = Flask(__name__)
BROKER = os.environ["CELERY_BROKER_URL"]
