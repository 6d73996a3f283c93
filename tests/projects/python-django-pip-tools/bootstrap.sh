#!/usr/bin/env bash
LINKS_PORT="${LINKS_PORT:-9090}"
mkdir -p data
python manage.py generate_key
python manage.py migrate
chown -R www-data: /app/data
exec uwsgi --http [::]:$LINKS_PORT uwsgi.ini
