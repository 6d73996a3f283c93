"""Read an untrusted tar once from start to end, within bounds.

Python's own tarfile takes three times as long for a layer of many small files, keeps each entry,
and reads headers of any length into memory. Here nothing is extracted, no header is longer than a
page or so, and content that isn't asked for is skipped.

https://www.gnu.org/software/tar/manual/html_node/Standard.html, and POSIX' pax
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

CHUNK = 1 << 20
_BLOCK = 512
_EMPTY = bytes(_BLOCK)
# The limit for a header that extends another one, in bytes: a long name, or attributes.
_LONGEST_NAME = 8192
_LARGEST_RECORDS = 1_000_000

FILE, HARD_LINK, SYMBOLIC_LINK = b"0", b"1", b"2"
CHARACTER, BLOCK, DIRECTORY, FIFO = b"3", b"4", b"5", b"6"
_OLD_FILE, _CONTIGUOUS, _SPARSE = b"\0", b"7", b"S"
_LONG_NAME, _LONG_TARGET, _RECORDS, _SUN_RECORDS, _GLOBAL_RECORDS = b"L", b"K", b"x", b"X", b"g"
# No content follows these, whatever size they state.
_BARE = {HARD_LINK, SYMBOLIC_LINK, CHARACTER, BLOCK, DIRECTORY, FIFO}


class DamagedError(ValueError):
    """The file isn't a tar, or ends early."""


class Entry(NamedTuple):
    """An entry as its headers describe it.

    ``kind`` is one of the constants above, ``size`` the length of its content in bytes, ``mode``
    the permission bits, and ``target`` where a link points. ``start`` is where its content begins
    in the tar, and ``stored`` how many bytes it takes there: fewer for a sparse file.
    """

    name: str
    kind: bytes
    size: int
    mode: int
    uid: int
    gid: int
    target: str
    start: int
    stored: int


class Source(Protocol):
    """The stream that a tar is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to this many bytes, none at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Seek to a position; called only if the reader skips content."""


class Tarball:
    """A tar, to be iterated over once.

    Between two entries, `content` returns the content of the last one. With ``skips``, content that
    isn't asked for is skipped by seeking.
    """

    def __init__(self, stream: Source, *, skips: bool = False) -> None:
        self._stream = stream
        self._skips = skips
        self._buffer = b""
        self._position = 0  # in the buffer
        self._before = 0  # bytes of the tar before the buffer
        self._end = 0  # of the last entry's content, with its padding
        self._content = 0  # bytes of it not read yet

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in their order.

        Raises:
            DamagedError: it isn't a tar, or ends early.
        """
        while (block := self._header()) is not None:
            records: dict[str, bytes] = {}
            name = target = b""
            while (kind := block[156:157]) in b"LKxXg":
                size = _number(block[124:136])
                if kind in (_LONG_NAME, _LONG_TARGET):
                    text = self._whole(size, _LONGEST_NAME).split(b"\0", 1)[0]
                    name, target = (text, target) if kind == _LONG_NAME else (name, text)
                else:
                    found = self._whole(size, _LARGEST_RECORDS)
                    if kind != _GLOBAL_RECORDS:
                        records = _records(found)
                following = self._header()
                if following is None:
                    raise DamagedError("it ends after a header that continues")
                block = following
            yield self._entry(block, kind, name, target, records)
            self._pass(self._end - self._before - self._position)

    def content(self, most: int = -1) -> bytes:
        """Return the last entry's content, or up to ``most`` of the bytes not read yet.

        Raises:
            DamagedError: it ends early.
        """
        size = self._content if most < 0 else min(most, self._content)
        self._content -= size
        return self._take(size)

    def _entry(
        self, block: bytes, kind: bytes, name: bytes, target: bytes, records: dict[str, bytes]
    ) -> Entry:
        stored = _number(block[124:136])
        real = None
        if kind == _SPARSE:
            real = _number(block[483:495])
            more = block[482]
            while more:
                more = self._take(_BLOCK)[504]
        name = name or _name(block)
        target = target or block[157:257].split(b"\0", 1)[0]
        uid, gid = _number(block[108:116]), _number(block[116:124])
        if records:
            name = records.get("GNU.sparse.name") or records.get("path") or name
            target = records.get("linkpath") or target
            stored = _decimal(records.get("size"), stored)
            uid, gid = _decimal(records.get("uid"), uid), _decimal(records.get("gid"), gid)
            whole = records.get("GNU.sparse.realsize") or records.get("GNU.sparse.size")
            real = real if whole is None else _decimal(whole, 0)
        if kind in (_OLD_FILE, _CONTIGUOUS, _SPARSE):
            kind = DIRECTORY if kind == _OLD_FILE and name.endswith(b"/") else FILE
        if kind in _BARE:
            stored = 0
        start = self._before + self._position
        self._content = stored
        self._end = start + stored + -stored % _BLOCK
        return Entry(
            name.decode("utf-8", "surrogateescape"), kind, stored if real is None else real,
            _number(block[100:108]) & 0o7777, uid, gid,
            target.decode("utf-8", "surrogateescape"), start, stored,
        )  # fmt: skip

    def _header(self) -> bytes | None:
        """Return the next header block, or None at the end."""
        position = self._position
        block = self._buffer[position : position + _BLOCK]
        if len(block) == _BLOCK:
            self._position = position + _BLOCK
        else:
            block = self._take(_BLOCK, may_end=True)
        if not block or block == _EMPTY:
            return None
        # The checksum counts its own eight bytes as spaces.
        if sum(block) - sum(block[148:156]) + 256 != _number(block[148:156]):
            raise DamagedError("a header's checksum is wrong")
        return block

    def _whole(self, size: int, most: int) -> bytes:
        if size > most:
            raise DamagedError(f"a header of {size:,} bytes")
        found = self._take(size)
        self._pass(-size % _BLOCK)
        return found

    def _take(self, size: int, *, may_end: bool = False) -> bytes:
        found = self._buffer[self._position : self._position + size]
        self._position += len(found)
        if len(found) == size:
            return found
        parts, missing = [found], size - len(found)
        while missing:
            self._fill()
            if not self._buffer:
                if may_end and missing == size:
                    return b""
                raise DamagedError("it ends early")
            part = self._buffer[:missing]
            self._position = len(part)
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _pass(self, size: int) -> None:
        """Skip some bytes."""
        while size > (there := len(self._buffer) - self._position):
            if self._skips:
                self._before = self._stream.seek(self._before + self._position + size)
                self._buffer, self._position = b"", 0
                return
            size -= there
            self._fill()
            if not self._buffer:
                raise DamagedError("it ends early")
        self._position += size

    def _fill(self) -> None:
        self._before += len(self._buffer)
        self._buffer, self._position = self._stream.read(CHUNK), 0


def _name(block: bytes) -> bytes:
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0" and block[345]:  # GNU's own format has other fields there
        return block[345:500].split(b"\0", 1)[0] + b"/" + name
    return name


def _number(field: bytes) -> int:
    """Parse a number in octal digits, or in binary if it is too large for those."""
    if field[0] in (0o200, 0o377):
        number = int.from_bytes(field[1:], "big") if field[0] == 0o200 else -1
    else:
        try:
            number = int(field.split(b"\0", 1)[0].strip() or b"0", 8)
        except ValueError as error:
            raise DamagedError("a header has no number where one belongs") from error
    if not 0 <= number < 1 << 63:
        raise DamagedError(f"a header with the number {number}")
    return number


def _decimal(field: bytes | None, otherwise: int) -> int:
    if field is None:
        return otherwise
    if not field.isdigit() or len(field) > 18:
        raise DamagedError(f"a header with the number {field[:20]!r}")
    return int(field)


def _records(found: bytes) -> dict[str, bytes]:
    """Parse the records of a pax header, such as ``30 path=a/very/long/name``, with lengths.

    Unknown records may have any name.
    """
    records: dict[str, bytes] = {}
    position = 0
    while position < len(found) and found[position]:
        length, _, _ = found[position : position + 20].partition(b" ")
        end = position + _decimal(length, 0)
        record = found[position + len(length) + 1 : end]
        key, equals, value = record.partition(b"=")
        if end > len(found) or not equals or not value.endswith(b"\n"):
            raise DamagedError("a header has an invalid record")
        records[key.decode("utf-8", "replace")] = value[:-1]
        position = end
    return records
