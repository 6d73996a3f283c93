import os

if "DATABASE_URL" in os.environ:
    ENGINE = os.environ["DATABASE_URL"]
