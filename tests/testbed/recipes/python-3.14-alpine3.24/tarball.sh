#!/bin/sh
# Fetches CPython's source, unpacked into the current folder: tarball.sh VERSION
# The mirror is the one in apt's own sources; apt-helper uses apt's proxy and certificates.
set -eu
case $1 in
  3.14.7) checksum=3b48dac8fb59f62eaa67ac83c1eb12bda1b7a08406dd286e252c11a66be27f81 ;;
  *) echo "tarball.sh: no checksum is known for CPython $1" >&2; exit 1 ;;
esac
archive=$(sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources | head -n 1)
name=python${1%.*}
/usr/lib/apt/apt-helper download-file \
  "$archive/pool/main/p/$name/${name}_$1.orig.tar.xz" /tmp/python.tar.xz "SHA256:$checksum"
tar -xJf /tmp/python.tar.xz --strip-components=1
rm /tmp/python.tar.xz
