import os

from sqlalchemy import create_engine, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

engine = create_engine(os.environ["DATABASE_URL"])


def healthz(_request: Request) -> JSONResponse:
    with engine.connect() as connection:
        notes = connection.execute(text("SELECT count(*) FROM notes")).scalar_one()
    return JSONResponse({"notes": notes})


app = Starlette(routes=[Route("/healthz", healthz)])
