#!/bin/sh
# Makes musl's compiler find what is in /musl, and answer as CPython's configure expects.
set -eu
cp -a /musl/usr/include/* /usr/include/x86_64-linux-musl/
cp -a /musl/usr/lib/* /usr/lib/x86_64-linux-musl/
echo /usr/lib/x86_64-linux-musl >/etc/ld-musl-x86_64.path
# musl-gcc names the triplet of gcc, and configure refuses one that is not its own.
cat >/usr/local/bin/musl-cc <<'SCRIPT'
#!/bin/sh
case " $* " in
  *" --print-multiarch "*) echo x86_64-linux-musl ;;
  *) exec musl-gcc "$@" ;;
esac
SCRIPT
chmod 755 /usr/local/bin/musl-cc
