#!/bin/sh
# Lays out Alpine's root folder around the files that are in it already: root.sh FOLDER VERSION
set -eu
root=$1 version=$2
cd "$root"

mkdir -p bin dev etc/apk/keys etc/apk/protected_paths.d etc/crontabs etc/profile.d home lib/apk/db \
  media/cdrom media/floppy media/usb mnt opt proc run sbin srv sys usr/bin usr/lib usr/local/bin \
  usr/local/lib usr/local/share usr/sbin usr/share var/cache/apk var/cache/misc var/empty var/lib \
  var/local var/log var/mail var/spool
install -d -m 1777 tmp var/tmp
install -d -m 700 root
ln -s /run var/run
ln -s /run/lock var/lock
chmod 755 sbin/apk

install -m 755 "$(readlink -f /lib/ld-musl-x86_64.so.1)" lib/ld-musl-x86_64.so.1
ln -s ld-musl-x86_64.so.1 lib/libc.musl-x86_64.so.1
printf '#!/bin/sh\nexec /lib/ld-musl-x86_64.so.1 --list "$@"\n' >usr/bin/ldd
chmod 755 usr/bin/ldd
cp -a /musl/usr/lib/libz.so.1* usr/lib/
cp /musl/usr/lib/libcrypto.so.3 /musl/usr/lib/libssl.so.3 usr/lib/
strip --strip-unneeded usr/lib/libz.so.1 usr/lib/libcrypto.so.3 usr/lib/libssl.so.3

for applet in $(bin/busybox --list-full); do
  if [ "$applet" != linuxrc ] && ! [ -e "$applet" ]; then
    mkdir -p "${applet%/*}"
    ln -s /bin/busybox "$applet"
  fi
done

chmod 644 etc/ssl/certs/ca-certificates.crt
ln -s certs/ca-certificates.crt etc/ssl/cert.pem

cat >etc/passwd <<FILE
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/sbin/nologin
FILE
cat >etc/group <<FILE
root:x:0:root
shadow:x:42:
nogroup:x:65533:
nobody:x:65534:
FILE
cat >etc/shadow <<FILE
root:*::0:::::
nobody:!::0:::::
FILE
chmod 640 etc/shadow
chgrp 42 etc/shadow
cat >etc/profile <<FILE
export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PAGER=less
umask 022
FILE
cat >etc/os-release <<FILE
NAME="Alpine Linux"
ID=alpine
VERSION_ID=$version
PRETTY_NAME="Alpine Linux v${version%.*} (a stand-in: musl and busybox from Debian's sources)"
FILE
printf '/bin/sh\n/bin/ash\n' >etc/shells
printf 'tcp 6 TCP\nudp 17 UDP\nicmp 1 ICMP\n' >etc/protocols
printf 'http 80/tcp\nhttps 443/tcp\n' >etc/services
echo '127.0.0.1 localhost' >etc/hosts
echo localhost >etc/hostname
echo "$version" >etc/alpine-release
echo x86_64 >etc/apk/arch
printf 'alpine-baselayout\nalpine-keys\napk-tools\nbusybox\nmusl-utils\n' >etc/apk/world
: >etc/apk/repositories
: >lib/apk/db/installed
