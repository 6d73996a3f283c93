#!/bin/sh
# The last step inside the new root: apt's settings, and nothing that a build left behind.
set -eu
root=$1
etc=$root/etc

# As in the official image: no service starts, dpkg waits for no disk, no archive is kept, indexes
# are small.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
echo force-unsafe-io >"$etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
cd "$etc/apt/apt.conf.d"
cat >docker-clean <<'CONF'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF
echo 'Acquire::GzipIndexes "true";' >docker-gzip-indexes
echo 'Acquire::Languages "none";' >docker-no-languages
echo 'Apt::AutoRemove::SuggestsImportant "false";' >docker-autoremove-suggests

# Only in a stand-in: the machine's mirror, its view of expired indexes, its certificates
# (update-ca-certificates picks those up as soon as ca-certificates is installed).
rm -f "$etc/apt/sources.list"
cp "$MACHINE/debian.sources" "$etc/apt/sources.list.d/debian.sources"
cp "$MACHINE/apt.conf" "$etc/apt/apt.conf.d/99stand-in"
install -m 755 "$(dirname "$0")/apt-get.sh" "$root/usr/local/sbin/apt-get"
mkdir -p "$root/usr/local/share/ca-certificates"
cp "$MACHINE"/certificates/* "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
if grep -q 'https://' "$MACHINE/debian.sources"; then
  cp "$MACHINE/ca-bundle.pem" "$etc/apt/ca-bundle.pem"
  echo 'Acquire::https::CaInfo "/etc/apt/ca-bundle.pem";' >>"$etc/apt/apt.conf.d/99stand-in"
fi

rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/apt \
  "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root"/var/cache/ldconfig/aux-cache
rm -f "$root"/var/log/dpkg.log "$root"/var/log/alternatives.log "$root"/var/log/bootstrap.log
mkdir -p "$root/var/lib/apt/lists/partial"
for file in resolv.conf hostname machine-id; do : >"$etc/$file"; done
