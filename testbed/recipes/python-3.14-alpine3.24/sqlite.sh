#!/bin/sh
# Compiles SQLite's shared library in the current folder: sqlite.sh OUTPUT
set -eu
# The generators run on this system's libc; only the library is compiled against musl.
BCC=gcc CC=gcc ./configure --prefix=/usr --disable-tcl --disable-readline
make sqlite3.c sqlite3.h
mkdir -p "$1/usr/include" "$1/usr/lib"
musl-gcc -O1 -fPIC -shared -Wl,-soname,libsqlite3.so.0 -DHAVE_USLEEP -DSQLITE_THREADSAFE=1 \
  -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_FTS3 \
  -DSQLITE_ENABLE_FTS4 -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE \
  -o "$1/usr/lib/libsqlite3.so.0" sqlite3.c -lm
ln -s libsqlite3.so.0 "$1/usr/lib/libsqlite3.so"
cp sqlite3.h src/sqlite3ext.h "$1/usr/include/"
