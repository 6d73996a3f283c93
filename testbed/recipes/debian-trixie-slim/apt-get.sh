#!/bin/sh
# Only in a stand-in: apt-get on a mirror whose index may name packages that it doesn't have. Such a
# version is passed over from then on, and the one before it is taken, where the index has one.
# $APT_PROGRAM is run in the place of apt-get; $APT_PASSED_OVER are the preferences that are added to.
program=${APT_PROGRAM:-/usr/bin/apt-get}
preferences=${APT_PASSED_OVER:-/etc/apt/preferences.d/not-served}
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

while :; do
  "$program" "$@" 2>"$errors"
  status=$?
  cat "$errors" >&2
  [ "$status" -ne 0 ] || exit 0
  # A name in the pool is NAME_VERSION_ARCHITECTURE.deb, without the version's epoch.
  found=$(sed -n 's|^.*Failed to fetch .*/\([^/_]*\)_\([^/_]*\)_[^/_]*\.deb  *404 .*$|\1 *\2|p' "$errors" \
    | sed 's/%2b/+/gI; s/%7e/~/gI; s/%3a/:/gI' | sort -u)
  passed=
  while read -r name version; do
    if [ -n "$name" ] && ! grep -sqxF "Pin: version $version" "$preferences"; then
      echo "(stand-in) no mirror has $name ${version#?}: passed over" >&2
      printf 'Package: %s\nPin: version %s\nPin-Priority: -1\n\n' "$name" "$version" >>"$preferences"
      passed=yes
    fi
  done <<FOUND
$found
FOUND
  [ -n "$passed" ] || exit "$status"
done
