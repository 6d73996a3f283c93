#!/bin/sh
# Compiles busybox in the current folder.
set -eu
make -s defconfig
# What does not compile against musl and these kernel headers, and what Alpine leaves out.
for option in TC FEATURE_TC_INGRESS SELINUX RPM RPM2CPIO DPKG DPKG_DEB SV SVC SVOK SVLOGD RUNSV \
  RUNSVDIR CHPST ENVDIR ENVUIDGID SETUIDGID SOFTLIMIT TASKSET_FANCY; do
  sed -i "s/^CONFIG_$option=y/# CONFIG_$option is not set/" .config
done
# The apk stub unpacks Debian's packages.
sed -i 's/^# CONFIG_AR is not set/CONFIG_AR=y/' .config
make -s silentoldconfig </dev/null || true
make -s -j"$(nproc)" CC=musl-gcc HOSTCC=gcc CFLAGS_EXTRA=-Os busybox
strip busybox
