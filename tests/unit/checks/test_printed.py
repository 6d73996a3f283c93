"""A finding repeats the lines that say what went wrong."""

from dockgen.checks import printed
from tests.table import table

NODE = """\
node:fs:440
    return binding.readFileUtf8(path, flags);
                   ^

Error: ENOENT: no such file or directory, open 'views/a.html'
    at readFileSync (node:fs:440:20)
    at file:///app/src/app.js:2:1 {
  errno: -2,
  code: 'ENOENT',
  syscall: 'open',
  path: 'views/a.html'
}

Node.js v24.19.0
"""
ESM = """\
Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'ms' imported from /app/src/app.js
    at a (node:internal/modules/esm/resolve:1)
    at b (node:internal/modules/esm/resolve:2)
    at c (node:internal/modules/esm/resolve:3)
    at d (node:internal/modules/esm/resolve:4)
    at e (node:internal/modules/esm/resolve:5)

Node.js v24.19.0
"""
GO = """\
panic: open /data/x: permission denied

goroutine 1 [running]:
main.init.0()
\t/src/need.go:47 +0x3a5
runtime.doInit1(0x1)
\t/usr/local/go/src/runtime/proc.go:7291 +0xd7
main.(*server).start(...)
\t/src/main.go:1 +0x1
exit status 2
"""
PYTHON = """\
Traceback (most recent call last):
  File "/app/app/main.py", line 3, in <module>
    os.environ["DATABASE_URL"]
KeyError: 'DATABASE_URL'
"""


@table(
    ("log", "words"),
    [
        ("", ""),
        ("\n one \n\ntwo\n", "; it last printed: one | two"),
        ("1\n2\n3\n4\n5\n6\n", "; it last printed: 2 | 3 | 4 | 5 | 6"),
        (
            NODE,
            "; it last printed: Error: ENOENT: no such file or directory, open 'views/a.html'"
            " | code: 'ENOENT', | syscall: 'open', | path: 'views/a.html' | }",
        ),
        (
            ESM,
            "; it last printed: Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'ms' imported"
            " from /app/src/app.js",
        ),
        (GO, "; it last printed: panic: open /data/x: permission denied"),
        (
            PYTHON,
            '; it last printed: Traceback (most recent call last): | File "/app/app/main.py",'
            " line 3, in <module> | os.environ[\"DATABASE_URL\"] | KeyError: 'DATABASE_URL'",
        ),
        ("    at somewhere (a.js:1:1)\n", "; it last printed: at somewhere (a.js:1:1)"),
    ],
)
def test_the_error_is_repeated(log: str, words: str) -> None:
    """Whether it stands above its stack, as in Node and Go, or below, as in Python."""
    assert printed.last(log) == words
