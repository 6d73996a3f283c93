import uvicorn

from hooks.config import settings
from hooks.web import app

uvicorn.run(app, host=settings.host, port=settings.port)
