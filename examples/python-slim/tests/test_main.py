"""The routes, called without a network."""

from fastapi.testclient import TestClient

from app.main import NAME, app

client = TestClient(app)


def test_index_says_hello() -> None:
    """The first page contains the name of the service."""
    response = client.get("/")
    assert response.status_code == 200
    assert response.json() == {"name": NAME, "message": "Hello from FastAPI"}


def test_healthz_is_ok() -> None:
    """The route of the health check returns 200."""
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
