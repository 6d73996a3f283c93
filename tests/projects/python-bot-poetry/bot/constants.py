import os


class Client:
    token = os.environ["BOT_TOKEN"]
    redis = os.environ.get("REDIS_HOST", "localhost")
