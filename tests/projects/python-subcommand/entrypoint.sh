#!/bin/bash
if ! check test -r /data; then
    run "$@"
fi
COMMAND=("serve")
exec shelf "${COMMAND[@]}"
