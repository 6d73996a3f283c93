#!/bin/sh
SPOOLS_PORT=${SPOOLS_PORT:-8000}
exec gosu app uvicorn spools.main:app --host 0.0.0.0 --port $SPOOLS_PORT "$@"
