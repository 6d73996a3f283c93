#!/bin/sh
# Compiles nginx in the current folder, with the official image's modules: build.sh FOLDER
# HTTP/3 is left out, as it wants an OpenSSL with QUIC.
set -eu
out=$1

# Debian's musl has no crypt.h. crypt itself is in libc.
mkdir include
echo 'char *crypt(const char *, const char *);' >include/crypt.h

cp -r /musl/usr/include/. /usr/include/x86_64-linux-musl/
./configure --prefix=/etc/nginx --sbin-path=/usr/sbin/nginx --modules-path=/usr/lib/nginx/modules \
  --conf-path=/etc/nginx/nginx.conf --error-log-path=/var/log/nginx/error.log \
  --http-log-path=/var/log/nginx/access.log --pid-path=/run/nginx.pid --lock-path=/run/nginx.lock \
  --http-client-body-temp-path=/var/cache/nginx/client_temp \
  --http-proxy-temp-path=/var/cache/nginx/proxy_temp \
  --http-fastcgi-temp-path=/var/cache/nginx/fastcgi_temp \
  --http-uwsgi-temp-path=/var/cache/nginx/uwsgi_temp \
  --http-scgi-temp-path=/var/cache/nginx/scgi_temp --user=nginx --group=nginx \
  --with-compat --with-file-aio --with-threads --with-http_addition_module \
  --with-http_auth_request_module --with-http_dav_module --with-http_flv_module \
  --with-http_gunzip_module --with-http_gzip_static_module --with-http_mp4_module \
  --with-http_random_index_module --with-http_realip_module --with-http_secure_link_module \
  --with-http_slice_module --with-http_ssl_module --with-http_stub_status_module \
  --with-http_sub_module --with-http_v2_module --with-mail --with-mail_ssl_module --with-stream \
  --with-stream_realip_module --with-stream_ssl_module --with-stream_ssl_preread_module \
  --with-cc="$CC" --with-cc-opt="-Os -I$PWD/include" --with-ld-opt='-L/musl/usr/lib -Wl,--as-needed'
make -s -j"$(nproc)"
make -s install DESTDIR="$out"
strip "$out/usr/sbin/nginx"

# What the packages of the official image lay out.
rm "$out"/etc/nginx/*.default
mkdir -p "$out/etc/nginx/conf.d" "$out/usr/share/nginx" "$out/var/cache/nginx" "$out/usr/lib"
mv "$out/etc/nginx/html" "$out/usr/share/nginx/html"
cp -a /musl/usr/lib/libpcre2-8.so.0* "$out/usr/lib/"
strip --strip-unneeded "$out"/usr/lib/libpcre2-8.so.0.*
