"""The routes, called without a network."""

from app.main import NAME, app

client = app.test_client()


def test_index_says_hello() -> None:
    """The first page contains the name of the service."""
    response = client.get("/")
    assert response.status_code == 200
    assert response.get_json() == {"name": NAME, "message": "Hello from Flask"}


def test_healthz_is_ok() -> None:
    """The route of the health check returns 200."""
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.get_json() == {"status": "ok"}
