"""The routes of the service: two to start with."""

from fastapi import FastAPI

NAME = "my-app"

app = FastAPI(title=NAME)


@app.get("/")
async def index() -> dict[str, str]:
    """Say hello."""
    return {"name": NAME, "message": "Hello from FastAPI"}


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Report that the service responds. Keep it cheap: it runs every 30 seconds."""
    return {"status": "ok"}
