#!/bin/sh
# A stub of apk: no Alpine repository can be reached from the machine that made this image. It
# knows what the image has, fetches what Debian has byte for byte, and refuses the rest.
addresses=/usr/share/stand-in
present=" alpine-baselayout apk-tools busybox ca-certificates ca-certificates-bundle libcrypto3 \
libssl3 musl musl-utils ssl_client wget zlib "

install_package() {
  case $present in *" $1 "*) echo "(stand-in) $1 is already there"; return ;; esac
  if ! [ -f "$addresses/$1" ]; then
    echo "ERROR: unable to select packages: $1 (this alpine is a stand-in without a repository)" >&2
    return 1
  fi
  echo "(stand-in) Installing $1"
  folder=$(mktemp -d)
  wget -q -O "$folder/package.deb" "$(cat "$addresses/$1")" \
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
