#!/bin/sh
# Unpacks the upstream source of a Debian package into the current folder: fetch-source PACKAGE
set -eu
mkdir /tmp/source
(cd /tmp/source && apt-get source -qq --download-only "$1/trixie")
tar -xf "$(ls /tmp/source/*.orig.tar.* | grep -v '\.asc$')" --strip-components=1
rm -r /tmp/source
