#!/bin/sh
# Collect the shared libraries that node and the packages' native addons load into /rootfs.
#
# The Dockerfile runs this in its build stage, where the base image is mounted at /base. What the
# base has is left out, so one script serves every base.
set -eu

find "$(command -v node)" node_modules -type f \
    \( -name node -o -name '*.node' -o -name '*.so*' \) >/tmp/binaries

while read -r binary; do
    # Other words come for a build for another processor: it links to nothing here.
    linked=$(ldd "$binary" 2>&1 || true)

    # The words of glibc's ldd, and of musl's.
    missing=$(echo "$linked" | sed -n \
        -e 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' \
        -e 's/^Error loading shared library \([^:]*\):.*/\1/p')
    case $missing in
        '') ;;
        # Some packages bring builds for the other C library along, which are never loaded here.
        *libc.musl-* | *ld-linux-* | *libc.so.6*) continue ;;
        *)
            echo "$binary needs" $missing "- install it in the build stage." >&2
            exit 1
            ;;
    esac

    for library in $(echo "$linked" | sed -n 's/.*[[:space:]]\(\/[^ ]*\) (0x.*/\1/p'); do
        case $library in
            "$PWD"/*) ;; # part of a package
            *) [ -e "/base$library" ] || install -D "$library" "/rootfs$library" ;;
        esac
    done
done </tmp/binaries
