import os

import uvicorn
from fastapi import FastAPI

from spools.api.router import app as v1_app

app = FastAPI()
data = os.getenv("SPOOLS_DIR_DATA")
app.mount(os.getenv("SPOOLS_BASE_PATH", "") + "/api/v1", v1_app)

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000)
