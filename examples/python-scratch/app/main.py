"""What the service answers: two routes to start from."""

from fastapi import FastAPI

NAME = "my-app"

app = FastAPI(title=NAME)


@app.get("/")
async def index() -> dict[str, str]:
    """Say hello."""
    return {"name": NAME, "message": "Hello from FastAPI"}


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the service can answer. Keep it cheap: it is asked every 30 seconds."""
    return {"status": "ok"}
