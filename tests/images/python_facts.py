"""Facts about a Python image, run inside it as `python python_facts.py NAME`.

Each fact is a function that raises if it doesn't hold. The tests read their names from here. Only
the standard library is used, and packages that are in the image.
"""

import asyncio
import contextlib
import ctypes
import getpass
import grp
import hashlib
import importlib
import inspect
import io
import json
import math
import multiprocessing
import os
import pkgutil
import pwd
import re
import socket
import sqlite3
import ssl
import stat
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
import urllib.request
import warnings
import zoneinfo
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

FACTS: dict[str, Callable[[], None]] = {}

# Next to this file in the image: the authority of the server named below, and the list of modules
# that Python's own image can import.
AUTHORITY = Path("/facts/authority.pem")
MODULES = Path("/facts/modules.txt")
SERVER = "server.test"
SERVER_PORT = 4443

# What the flavors' README says is left out: modules that need a screen, installers, help texts, and
# the interpreter's own tests.
LEFT_OUT = re.compile(
    r"(idlelib|_?tkinter|turtle|turtledemo|_?curses|_curses_panel|ensurepip|pydoc_data\.topics"
    r"|test|__phello__|_test\w*|_ctypes_test|_?xx\w+)(\..*)?"
)


def fact(function: Callable[[], None]) -> Callable[[], None]:
    """Add a function to the facts, under its own name."""
    FACTS[function.__name__] = function
    return function


def _get(context: ssl.SSLContext) -> tuple[int, str | None]:
    """Return the status and the TLS version of a response from the server."""
    address = f"https://{SERVER}:{SERVER_PORT}/"
    with urllib.request.urlopen(address, timeout=10, context=context) as response:
        return response.status, response.fp.raw._sock.version()


@fact
def tls_with_an_own_authority() -> None:
    """SSL_CERT_FILE names the authority of a server that the image doesn't trust otherwise."""
    os.environ["SSL_CERT_FILE"] = str(AUTHORITY)
    assert _get(ssl.create_default_context()) == (200, "TLSv1.3")


@fact
def tls_with_one_more_authority() -> None:
    """An authority can be added to those of the image."""
    context = ssl.create_default_context()
    context.load_verify_locations(AUTHORITY)
    assert _get(context)[0] == 200
    assert context.cert_store_stats()["x509_ca"] > 100


@fact
def tls_refuses_an_unknown_authority() -> None:
    """The image's own authorities don't include that server's."""
    try:
        _get(ssl.create_default_context())
    except OSError as error:
        assert "CERTIFICATE_VERIFY_FAILED" in str(error), error  # noqa: PT017
    else:
        raise AssertionError("nobody asked who the server is")


@fact
def tls_knows_the_public_authorities() -> None:
    """The authorities are where OpenSSL looks for them, and where other programs do."""
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 100
    assert Path("/etc/ssl/certs/ca-certificates.crt").stat().st_size > 100_000


@fact
def localhost() -> None:
    """All addresses of localhost in /etc/hosts are found."""
    lines = [line.split() for line in Path("/etc/hosts").read_text().splitlines()]
    hosts = {line[0] for line in lines if "localhost" in line[1:]}
    found = {str(answer[4][0]) for answer in socket.getaddrinfo("localhost", None)}
    assert "127.0.0.1" in found
    assert found == hosts


@fact
def name_of_a_container() -> None:
    """The engine's own name server is asked."""
    address = socket.gethostbyname(SERVER)
    with socket.create_connection((SERVER, SERVER_PORT), timeout=10) as connection:
        assert connection.getpeername()[0] == address


@fact
def names_of_services() -> None:
    """/etc/services and /etc/protocols are there."""
    assert socket.getservbyname("https") == 443
    assert socket.getprotobyname("tcp") == 6


@fact
def sqlite() -> None:
    """A database in memory and one in a file, with SQLite's own functions."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (":memory:", f"{folder}/test.db"):
            with contextlib.closing(sqlite3.connect(name)) as database, database:
                database.execute("create table numbers (value)")
                database.executemany("insert into numbers values (?)", [(1,), (2,), (39,)])
                total = database.execute("select json_array(sum(value)) from numbers")
                assert total.fetchone() == ("[42]",)


@fact
def ctypes_call_and_callback() -> None:
    """C is called, and calls back."""
    library = ctypes.CDLL(None)
    assert library.getpid() == os.getpid()
    numbers = (ctypes.c_int * 4)(3, 1, 4, 2)
    pointer = ctypes.POINTER(ctypes.c_int)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer)
    library.qsort(numbers, 4, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
    assert list(numbers) == [1, 2, 3, 4]


@fact
def time_zones() -> None:
    """The time zone database is there without a package."""
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    assert datetime(2026, 1, 1, tzinfo=zone).utcoffset() == timedelta(hours=1)
    assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == timedelta(hours=2)
    assert len(zoneinfo.available_timezones()) > 400


@fact
def time_zone_of_the_container() -> None:
    """The C library follows TZ."""
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    assert time.tzname == ("EST", "EDT")
    assert time.localtime(0).tm_hour == 19


@fact
def hashes() -> None:
    """Every algorithm that Python guarantees, and the ones for passwords."""
    for name in hashlib.algorithms_guaranteed:
        digest = hashlib.new(name, b"text")
        assert digest.digest(32) if name.startswith("shake") else digest.digest()  # type: ignore[call-arg]
    assert hashlib.sha256(b"").hexdigest().startswith("e3b0c44298fc1c14")
    assert hashlib.blake2b(b"").hexdigest().startswith("786a02f742015903")
    assert hashlib.blake2s(b"").hexdigest().startswith("69217a3079908094")
    # RFC 7914, chapter 12, and RFC 7914, chapter 11.
    scrypt = hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=64)
    assert scrypt.hex().startswith("fdbabe1c9d347200")
    pbkdf2 = hashlib.pbkdf2_hmac("sha256", b"passwd", b"salt", 1, 64)
    assert pbkdf2.hex().startswith("55ac046e56e3089f")


@fact
def asyncio_streams() -> None:
    """A server and a client in one loop, and a thread beside it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def ask() -> bytes:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("localhost", port)
            writer.write(b"hello\n")
            line = await reader.readline()
            writer.close()
        return await asyncio.to_thread(bytes.upper, line)

    assert asyncio.run(ask()) == b"HELLO\n"


@fact
def asyncio_subprocess() -> None:
    """A loop waits for another program."""

    async def ask() -> bytes:
        command = (sys.executable, "-c", "print(6 * 7)")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output

    assert asyncio.run(ask()) == b"42\n"


@fact
def threads_end() -> None:
    """Threads come and go."""
    done: list[int] = []
    threads = [threading.Thread(target=done.append, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 50


@fact
def threads_are_ended() -> None:
    """A C thread ends itself: glibc loads libgcc_s for that, or crashes."""
    library = ctypes.CDLL(None)
    thread = ctypes.c_ulong()
    assert library.pthread_create(ctypes.byref(thread), None, library.pthread_exit, None) == 0
    assert library.pthread_join(thread, None) == 0


def _factorials(method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(math.factorial, range(5)) == [1, 1, 2, 6, 24]


@fact
def multiprocessing_fork() -> None:
    """Processes that are copies."""
    _factorials("fork")


@fact
def multiprocessing_spawn() -> None:
    """Processes that start again."""
    _factorials("spawn")


@fact
def multiprocessing_forkserver() -> None:
    """Processes that are copies of a helper, which is Python's default."""
    _factorials("forkserver")


@fact
def package_with_an_extension_module() -> None:
    """pydantic-core is compiled, and validates."""
    pydantic_core = importlib.import_module("pydantic_core")
    validator = pydantic_core.SchemaValidator(pydantic_core.core_schema.int_schema())
    assert validator.validate_python("42") == 42
    try:
        validator.validate_python("many")
    except pydantic_core.ValidationError as error:
        assert error.error_count() == 1  # noqa: PT017
    else:
        raise AssertionError("many is no number")


@fact
def tracebacks_show_source_lines() -> None:
    """Tracebacks show source lines of the standard library and of packages, even from bytecode."""
    uvicorn = importlib.import_module("uvicorn.importer")
    calls: tuple[Callable[[], object], ...] = (
        lambda: json.loads("{"),
        lambda: uvicorn.import_from_string("nothing"),
    )
    for call in calls:
        try:
            call()
        except Exception as error:
            lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)]
            assert len(lines) > 2, lines
            assert all(lines), lines
    assert "def loads(" in inspect.getsource(json)


@fact
def bytecode_is_there() -> None:
    """Everything that the service imports at start is compiled, except itself."""
    sys.path.insert(0, "/app")
    main = importlib.import_module("app.main")
    importlib.import_module("uvicorn").Config(main.app).load()
    specs = [module.__spec__ for module in sys.modules.values() if module.__spec__]
    files = [(spec.name, spec.cached) for spec in specs if spec.has_location and spec.cached]
    lost = {name for name, cached in files if not Path(cached).exists()}
    # FastAPI imports pydantic.v1 only if it has a route, and compiling it would cost 0.6 MB to save
    # a seventh of a second. The others are imported by this script, but not by the service.
    others = {
        value.__name__.partition(".")[0] for value in globals().values() if inspect.ismodule(value)
    }
    passed_over = tuple(f"{name}." for name in ("app", "pydantic.v1", *others))
    lost = {name for name in lost if not f"{name}.".startswith(passed_over)}
    assert not lost, lost


@fact
def accounts() -> None:
    """The user has a name, a group and a home."""
    assert pwd.getpwuid(os.getuid()).pw_name == getpass.getuser() == "nonroot"
    assert grp.getgrgid(os.getgid()).gr_name == "nonroot"
    assert Path.home() == Path("/tmp")
    assert pwd.getpwuid(0).pw_name == "root"


@fact
def temporary_files() -> None:
    """Everyone can write to /tmp, and only the owner can remove a file."""
    assert stat.filemode(Path("/tmp").stat().st_mode) == "drwxrwxrwt"
    with tempfile.TemporaryFile() as file:
        assert file.write(b"text") == 4


@fact
def text_is_unicode() -> None:
    """Without any setting of a locale."""
    assert sys.stdout.encoding == sys.getfilesystemencoding() == "utf-8"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "größe").touch()
        assert os.listdir(folder) == ["größe"]  # noqa: PTH208


def _imports(names: list[str]) -> list[str]:
    """Return the modules that can be imported."""
    good = []
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for name in names:
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(name)
                good.append(name)
    return good


@fact
def standard_library() -> None:
    """Everything that Python's own image can import is there, except documented exceptions."""
    expected = MODULES.read_text().split()
    assert len(expected) > 500
    lost = set(expected) - set(_imports(expected))
    assert not lost, lost


@fact
def left_out_of_the_standard_library() -> None:
    """What is documented as left out is missing."""
    for name in ("tkinter", "turtle", "idlelib", "curses", "ensurepip", "pydoc_data.topics"):
        assert _imports([name]) == []


def modules() -> None:
    """Print the modules of the standard library that this Python can import."""
    names = {name for name in sys.stdlib_module_names if not LEFT_OUT.fullmatch(name)}
    for name in sorted(names):
        path = Path(sysconfig.get_path("stdlib"), name)
        for module in pkgutil.walk_packages([str(path)], f"{name}."):
            # those are programs
            if not module.name.endswith("__main__") and not LEFT_OUT.fullmatch(module.name):
                names.add(module.name)
    print("\n".join(_imports(sorted(names))))  # noqa: T201


def libraries() -> None:
    """Print the shared libraries that neither Python nor its packages load."""
    _imports([*MODULES.read_text().split(), "pydantic_core"])
    loaded = Path("/proc/self/maps").read_text()
    there = {file.resolve() for file in Path("/usr/lib").rglob("*.so*")}
    print("\n".join(sorted(file.name for file in there if str(file) not in loaded)))  # noqa: T201


if __name__ == "__main__":
    {**FACTS, "modules": modules, "libraries": libraries}[sys.argv[1]]()
