#!/bin/sh
# Compiles CPython in the current folder as the official image does: build.sh OUTPUT
set -eu
output=$1
export CC=musl-cc PKG_CONFIG_LIBDIR=/usr/lib/x86_64-linux-musl/pkgconfig
# musl's threads have a small stack. What debuggers read would be stripped below anyway.
flags="-DTHREAD_STACK_SIZE=0x100000 -g0"
./configure -q --build=x86_64-linux-musl --prefix=/usr/local --enable-shared \
  --enable-loadable-sqlite-extensions --enable-option-checking=fatal --with-ensurepip \
  --with-openssl=/musl/usr
make -s -j"$(nproc)" EXTRA_CFLAGS="$flags" LDFLAGS=-Wl,--strip-all
rm python
make -s EXTRA_CFLAGS="$flags" LDFLAGS="-Wl,--strip-all,-rpath='\$\$ORIGIN/../lib'" python
make -s install DESTDIR="$output" TESTSUBDIRS= COMPILEALL_OPTS=-r0
find "$output" \( -name test -o -name tests -o -name idle_test -o -name __pycache__ \
  -o -name 'libpython*.a' \) -prune -exec rm -rf {} +
cd "$output/usr/local/bin"
for name in python pip pydoc idle; do ln -s "${name}3" "$name"; done

mkdir "$output/usr/lib"
cd /musl/usr/lib
cp -a libffi.so.8* libbz2.so.1* liblzma.so.5* libzstd.so.1* libsqlite3.so.0 "$output/usr/lib/"
strip --strip-unneeded "$output"/usr/lib/*.so*
