#!/bin/sh
# Fetches nginx's source, unpacked into the current folder: tarball.sh VERSION
# The mirror is the one in apt's own sources; apt-helper uses apt's proxy and certificates.
set -eu
case $1 in
  1.30.6) checksum=3cf46f5ed7504d460125866b7bea99fb357f31d887e2e63b35503310e9b8b6c8 ;;
  *) echo "tarball.sh: no checksum is known for nginx $1" >&2; exit 1 ;;
esac
archive=$(sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources | head -n 1)
/usr/lib/apt/apt-helper download-file \
  "$archive/pool/main/n/nginx/nginx_$1.orig.tar.gz" /tmp/nginx.tar.gz "SHA256:$checksum"
tar -xzf /tmp/nginx.tar.gz --strip-components=1
rm /tmp/nginx.tar.gz
