"""Debian's packages for C headers, and for programs that locate libraries."""

import re

_HEADERS = {
    "assert.h": "libc6-dev",
    "limits.h": "libc6-dev",
    "stdio.h": "libc6-dev",
    "stdlib.h": "libc6-dev",
    "libpq-fe.h": "libpq-dev",
    "pg_config": "libpq-dev",
    "mysql.h": "default-libmysqlclient-dev",
    "mysql_config": "default-libmysqlclient-dev",
    "ffi.h": "libffi-dev",
    "openssl/ssl.h": "libssl-dev",
    "openssl/opensslv.h": "libssl-dev",
    "zlib.h": "zlib1g-dev",
    "jpeglib.h": "libjpeg-dev",
    "libxml/xmlversion.h": "libxml2-dev",
    "xslt-config": "libxslt1-dev",
    "xml2-config": "libxml2-dev",
    "lber.h": "libldap-dev",
    "sasl/sasl.h": "libsasl2-dev",
    "cairo.h": "libcairo2-dev",
    "magic.h": "libmagic-dev",
    "sqlite3.h": "libsqlite3-dev",
    "vips/vips.h": "libvips-dev",
    "olm/olm.h": "libolm-dev",
    "rdkafka.h": "librdkafka-dev",
    "librdkafka/rdkafka.h": "librdkafka-dev",
    "git2.h": "libgit2-dev",
    "curl/curl.h": "libcurl4-openssl-dev",
    "gnu/stubs-32.h": "gcc-multilib",
}


def package(name: str) -> str:
    """Return Debian's package for a header or program; a guess if it isn't known."""
    known = _HEADERS.get(name) or _HEADERS.get(name.rpartition("/")[2])
    stem = re.sub(r"\.h$|-config$|_config$", "", name.split("/")[0])
    return known or f"lib{stem.removeprefix('lib')}-dev"
