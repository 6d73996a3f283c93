#!/bin/sh
# A stub of apk: no Alpine repository can be reached from the machine that made this image. It
# knows what the image has, fetches what Debian has byte for byte, and refuses the rest.
addresses=/usr/share/stand-in
present=" alpine-baselayout apk-tools busybox ca-certificates ca-certificates-bundle libcrypto3 \
libssl3 musl musl-utils ssl_client wget zlib "

# Each line of a list has an address and a SHA-256 sum: the first file that is served and has it.
fetch() {
  while read -r address sum; do
    wget -q -O "$1" "$address" && echo "$sum  $1" | sha256sum -c -s && return
  done
  return 1
}

# A mirror that has dropped by now what it listed when this image was made lists a newer one.
list_again() {
  archive=$(sed -n '1s|/pool/.*||p' "$addresses/$1")
  for suite in trixie-updates trixie; do
    wget -q -O - "$archive/dists/$suite/main/binary-amd64/Packages.xz" | unxz -c \
      | awk -v name="$1" -v archive="$archive" '
          $1 == "Package:" { found = $2 == name }
          found && $1 == "Filename:" { file = $2 }
          found && $1 == "SHA256:" { print archive "/" file, $2 }'
  done
}

install_package() {
  case $present in *" $1 "*) echo "(stand-in) $1 is already there"; return ;; esac
  if ! [ -f "$addresses/$1" ]; then
    echo "ERROR: unable to select packages: $1 (this alpine is a stand-in without a repository)" >&2
    return 1
  fi
  echo "(stand-in) Installing $1"
  folder=$(mktemp -d)
  { fetch "$folder/package.deb" <"$addresses/$1" \
    || list_again "$1" | fetch "$folder/package.deb"; } \
    && (cd "$folder" && ar x package.deb && tar -xf data.tar.* -C / ./usr/share/zoneinfo)
  status=$?
  rm -r "$folder"
  return $status
}

command=
packages=
skip=
for argument; do
  if [ -n "$skip" ]; then skip=; continue; fi
  case $argument in
    -t | --virtual | -X | --repository | -p | --root) skip=1 ;;
    --version | -V) echo "apk-tools 3.0-stand-in, compiled for x86_64."; exit ;;
    -*) ;;
    *) if [ -z "$command" ]; then command=$argument; else packages="$packages $argument"; fi ;;
  esac
done

case $command in
  add) for package in $packages; do install_package "${package%%[=<>~@]*}" || exit 1; done ;;
  update | upgrade | fix | cache | audit | del) echo "OK: (stand-in) nothing done" ;;
  *) echo "apk (stand-in): $command is not known" >&2; exit 1 ;;
esac
