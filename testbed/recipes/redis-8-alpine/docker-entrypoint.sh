#!/bin/sh
# Starts Redis as the official image does: as its own user, without a configuration but what is given.
set -eu
case ${1-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
  fi
  # Debian's package would not let other containers in; the official image relies on no published port.
  set -- "$@" --protected-mode no
fi
exec "$@"
