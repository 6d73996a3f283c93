#!/bin/sh
# Starts PostgreSQL as the official image does: the first time, with a cluster, a user and a database
# by the variables that compose files set. Each may be read from a file: POSTGRES_PASSWORD_FILE.
set -eu
if [ "${1#-}" != "$1" ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
  exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi

from_file() {
  eval "file=\${$1_FILE-} value=\${$1-}"
  if [ -n "$file" ]; then value=$(cat "$file"); fi
  echo "${value:-$2}"
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=$(from_file POSTGRES_USER postgres)
  password=$(from_file POSTGRES_PASSWORD '')
  database=$(from_file POSTGRES_DB "$user")
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "$password" ] && [ "$method" != trust ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    echo '       You must specify POSTGRES_PASSWORD to a non-empty value.' >&2
    exit 1
  fi
  chmod 00700 "$PGDATA"
  file=$(mktemp)
  printf '%s\n' "$password" >"$file"
  # shellcheck disable=SC2086
  initdb --username="$user" ${password:+--pwfile="$file"} ${POSTGRES_INITDB_ARGS-}
  rm "$file"
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
  # As in the official image, this first server is reached by its socket alone.
  export PGPASSWORD="$password" PGUSER="$user"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
  if [ "$database" != postgres ]; then
    psql --no-psqlrc -v ON_ERROR_STOP=1 --dbname postgres -v name="$database" <<'SQL'
CREATE DATABASE :"name";
SQL
  fi
  export PGDATABASE="$database"
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) psql --no-psqlrc -v ON_ERROR_STOP=1 --file "$script" ;;
      *.sql.gz) gunzip -c "$script" | psql --no-psqlrc -v ON_ERROR_STOP=1 ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD PGUSER PGDATABASE
fi
exec "$@"
