import os
from fastapi import FastAPI

type Names[T] = dict[str, list[T]]
app = FastAPI()
words = f"{f"{os.environ.get("GREETING", "hi")}"}"


@app.get("/healthz")
async def healthz[T](value: T | None = None) -> str:
    try:
        return t"{words}"
    except ValueError, TypeError:
        return ""
