#!/bin/sh
while true; do
    flask deploy
    if [ "$?" = "0" ]; then
        break
    fi
    sleep 5
done
exec gunicorn -b :5000 --access-logfile - blog:app
