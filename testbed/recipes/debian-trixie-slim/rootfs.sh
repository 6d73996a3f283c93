#!/bin/sh
# Makes rootfs.tar: what debuerreotype's slim variant holds, from this machine's own mirror.
# Usage: rootfs.sh MACHINE_FOLDER ARCHIVE SECURITY OUTPUT
set -eu
machine=$1 archive=$2 security=$3 output=$4
export MACHINE="$machine"
here=$(cd "$(dirname "$0")" && pwd)
export APT_PROGRAM=mmdebstrap APT_PASSED_OVER="$here/not-served"
exec sh "$here/apt-get.sh" --mode=root --variant=minbase --include=debian-archive-keyring \
  --skip=check/qemu \
  --setup-hook='if [ -s "$APT_PASSED_OVER" ]; then cp "$APT_PASSED_OVER" "$1/etc/apt/preferences.d/"; fi' \
  --aptopt="$machine/apt.conf" --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/groff/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/linda/*' \
  --dpkgopt='path-exclude=/usr/share/lintian/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/var/cache/man/*' \
  --customize-hook="sh $here/finish.sh \"\$1\"" \
  trixie "$output" \
  "deb $archive trixie main" \
  "deb $archive trixie-updates main" \
  "deb $security trixie-security main"
