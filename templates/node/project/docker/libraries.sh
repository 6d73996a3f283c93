#!/bin/sh
# Copies the shared libraries that node and native addons load into /rootfs.
#
# The Dockerfile runs this in its build stage, where the base image is mounted at /base. It skips
# files that the base has, so it works for every base. If a dependency can't be imported because a
# library is missing, it fails. It lists other missing libraries, except those that you ignore:
# libraries.sh LIBRARY...
set -eu

without=" $* "

# Guesses the package of the distribution that contains a library.
where() {
    if [ -e /etc/alpine-release ]; then
        echo "Alpine: apk add so:$1"
    else
        echo "Debian: probably" "$(echo "$1" | tr 'A-Z_' 'a-z-' \
            | sed -e 's/\(\.so\.[0-9]*\).*/\1/' -e 's/\([0-9]\)\.so\./\1-/' -e 's/\.so\.//')"
    fi
}

# Imports the dependencies once, and records the errors.
import_errors() {
    [ -e /tmp/errors ] || timeout 60 node --input-type=module --eval '
        import { readFileSync } from "node:fs";
        const { dependencies = {} } = JSON.parse(readFileSync("package.json"));
        for (const name of Object.keys(dependencies)) {
            await import(name).catch(console.log);
        }
        process.exit();
    ' >/tmp/errors 2>&1 || true
    cat /tmp/errors
}

find "$(command -v node)" node_modules -type f \
    \( -name node -o -name '*.node' -o -name '*.so*' \) >/tmp/binaries

while read -r binary; do
    # ldd prints something else for another processor's binaries, which aren't loaded here.
    linked=$(ldd "$binary" 2>&1 || true)

    # The output of glibc's ldd, and of musl's.
    missing=$(echo "$linked" | sed -n \
        -e 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' \
        -e 's/^Error loading shared library \([^:]*\):.*/\1/p' | sort -u)
    case $missing in
        # Some packages contain builds for the other C library, which are never loaded here.
        *libc.musl-* | *ld-linux-* | *libc.so.6*) continue ;;
    esac
    for library in $missing; do
        case $without in
            *" $library "*) continue ;;
        esac
        if [ "$binary" = "$(command -v node)" ] || import_errors | grep -qF "$library"; then
            echo "$binary needs $library: install it in the build stage. $(where "$library")" >&2
            exit 1
        fi
        echo "$binary lacks $library, which nothing has needed so far. $(where "$library")"
    done

    for library in $(echo "$linked" | sed -n 's/.*[[:space:]]\(\/[^ ]*\) (0x.*/\1/p'); do
        case $library in
            "$PWD"/*) ;; # part of a package
            *) [ -e "/base$library" ] || install -D "$library" "/rootfs$library" ;;
        esac
    done
done </tmp/binaries

# Records the packages of the libraries for scanners: Debian's in the same place as distroless
# images, Alpine's in the database of the base. The first of these two files names the distribution.
# Trivy reads the second one for Debian.
for release in /etc/os-release /etc/debian_version; do
    if [ -e "$release" ] && ! [ -e "/base$release" ]; then
        install -D -m 644 "$release" "/rootfs$release"
    fi
done
find /rootfs -name '*.so*' | sed 's,^/rootfs,,' | sort >/tmp/libraries
if [ -e /var/lib/dpkg/status ]; then
    while read -r library; do
        package=$(dpkg-query --search "$(readlink -f "$library")" 2>/dev/null \
            | sed -n 's/^\([^ :,]*\).*: .*/\1/p' | head -n 1)
        entry=/rootfs/var/lib/dpkg/status.d/$package
        if [ -z "$package" ] || grep -sqxF "Package: $package" /base/var/lib/dpkg/status; then
            continue
        fi
        mkdir -p "${entry%/*}"
        # shellcheck disable=SC2016  # dpkg-query puts the values in
        dpkg-query --show --showformat='Package: ${Package}\nStatus: ${Status}
Architecture: ${Architecture}\nMaintainer: ${Maintainer}\nVersion: ${Version}
Source: ${source:Package} (${source:Version})\n' "$package" >"$entry"
        (cd /rootfs && md5sum "${library#/}") >>"$entry.md5sums"
    done </tmp/libraries
fi
for installed in /lib/apk/db/installed /usr/lib/apk/db/installed; do
    [ -s "$installed" ] || continue
    awk -v RS= -v ORS='\n\n' '
        FILENAME == "/tmp/libraries" { for (i = 1; i <= NF; i++) wanted[$i]; next }
        FILENAME ~ /^\/base/ { known[$1]; next }
        {
            folder = ""
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^F:/) folder = substr($i, 3)
                if ($i ~ /^R:/ && ("/" folder "/" substr($i, 3)) in wanted && !($1 in known)) {
                    print
                    next
                }
            }
        }
    ' /tmp/libraries $([ -s "/base$installed" ] && echo "/base$installed") "$installed" >/tmp/entries
    [ -s /tmp/entries ] || continue
    mkdir -p "/rootfs${installed%/*}"
    cat $([ -s "/base$installed" ] && echo "/base$installed") /tmp/entries >"/rootfs$installed"
done
