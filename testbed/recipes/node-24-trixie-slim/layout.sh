#!/bin/sh
# Lays the unpacked npm packages out as the official image has them: layout.sh OUTPUT
set -eu
cp -r /opt/yarn-v* "$1/opt/"
cp -r /usr/local/lib/node_modules/corepack "$1/usr/local/lib/node_modules/"
cd "$1/usr/local"
rm -f package.json
# Headers for other processors are a third of all of them, and not in the official image.
find include/node/openssl/archs -mindepth 1 -maxdepth 1 ! -name linux-x86_64 -exec rm -rf {} +
cd bin
ln -sf node nodejs
ln -sf ../lib/node_modules/npm/bin/npm-cli.js npm
ln -sf ../lib/node_modules/npm/bin/npx-cli.js npx
ln -sf ../lib/node_modules/corepack/dist/corepack.js corepack
ln -sf /opt/yarn-v*/bin/yarn /opt/yarn-v*/bin/yarnpkg .
chmod 755 node ../lib/node_modules/npm/bin/*-cli.js
chown -R 0:0 "$1"
