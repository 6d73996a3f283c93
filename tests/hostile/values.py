"""Hostile values: text with a meaning for a shell, a parser, a terminal or a file system."""

# Every answer is tried with each of these, as its text or inside it.
TEXTS = {
    "empty": "",
    "space": " ",
    "spaces-around": " a ",
    "tab": "a\tb",
    "newline": "a\nb",
    "newline-last": "a\n",
    "carriage-return": "a\rb",
    "nul": "a\0b",
    "escape": "a\x1b[31mb",
    "vertical-tab": "a\x0bb",
    "form-feed": "a\x0cb",
    "file-separator": "a\x1cb",
    "delete": "a\x7fb",
    "next-line": "a\x85b",
    "line-separator": "a\u2028b",
    "paragraph-separator": "a\u2029b",
    "quote": 'a"b',
    "quotes": '"""',
    "apostrophe": "a'b",
    "backtick": "`touch canary`",
    "command": "$(touch canary)",
    "variable": "$HOME",
    "variable-in-braces": "${HOME:-x}",
    "instruction": 'a"\nRUN touch canary',
    "instruction-on-one-line": 'a" && RUN touch canary',
    "directive": "# syntax=evil.invalid/frontend",
    "heredoc": "<<EOF",
    "continued": "a \\",
    "backslash": "a\\",
    "backslashes": "a\\\\",
    "escaped-quote": 'a\\"b',
    "and": "&& touch canary",
    "semicolon": "; touch canary",
    "pipe": "| touch canary",
    "jinja-expression": "{{ 7 * 7 }}",
    "jinja-statement": "{% raw %}",
    "jinja-comment": "{# a #}",
    "github-expression": "${{ github.token }}",
    "gitlab-variable": "$CI_JOB_TOKEN",
    "comment": "#",
    "comment-behind": "a # b",
    "colon": "a: b",
    "anchor": "&a",
    "alias": "*a",
    "tag": "!!python/object:os.system",
    "item": "- a",
    "document": "---",
    "end-of-document": "...",
    "literal": "|",
    "folded": ">",
    "percent": "%a",
    "at": "@a",
    "list": "[a]",
    "mapping": "{a: b}",
    "bracket": "[",
    "brace": "}",
    "question-mark": "?",
    "comma": ",",
    "equals": "a=b",
    "option": "-rf",
    "long-option": "--help",
    "parent": "..",
    "traversal": "../a",
    "traversal-inside": "a/../b",
    "absolute": "/etc/passwd",
    "home": "~",
    "path": "a/b",
    "double-slash": "a//b",
    "null": "null",
    "yes": "yes",
    "no": "no",
    "on": "on",
    "true": "true",
    "y": "y",
    "number": "1",
    "version": "3.20",
    "leading-zero": "01.2",
    "exponent": "1e3",
    "hexadecimal": "0x1",
    "octal": "0o17",
    "underscore": "1_0",
    "infinity": ".inf",
    "nan": "nan",
    "date": "2020-01-01",
    "sexagesimal": "1:20",
    "upper-case": "ABC",
    "device": "CON",
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "right-to-left": "a\u202eb",
    "isolate": "a\u2066b",
    "zero-width": "a\u200bb",
    "byte-order-mark": "\ufeffa",
    "no-break-space": "a\u00a0b",
    "full-width": "\uff4e\uff41\uff4d\uff45",
    "cyrillic": "\u0430\u0431",
    "arabic-digits": "\u0663.\u0661",
    "emoji": "\U0001f433",
    "noncharacter": "a\uffffb",
    "surrogate": "a\ud800b",
    "long": "a" * 10_000,
    "long-number": "9" * 5_000,
}

# Accepted, because it is harmless in this place.
TAKEN = {
    "name": {"null", "yes", "no", "on", "true", "y", "nan"},
    "language_version": {"version"},
    "registry": {
        *("empty", "path", "null", "yes", "no", "on", "true", "y", "number", "version", "nan"),
        *("leading-zero", "exponent", "hexadecimal", "octal", "date", "sexagesimal"),
    },
}

# Control characters, Unicode line endings, lone surrogates.
_NO_TEXT = {
    *("newline", "newline-last", "carriage-return", "nul", "escape", "tab", "vertical-tab"),
    *("form-feed", "file-separator", "delete", "next-line", "line-separator"),
    *("paragraph-separator", "instruction", "surrogate"),
}
_TOO_LONG = {"long", "long-number"}
TAKEN["label"] = set(TEXTS) - _NO_TEXT - _TOO_LONG - {"empty"}
TAKEN["reason"] = TAKEN["label"] - {"space"}
TAKEN["path"] = set(TEXTS) - _NO_TEXT - {"empty", "space"}
TAKEN["path"] -= {"continued", "backslash", "backslashes"}
TAKEN["package"] = {
    *("null", "yes", "no", "on", "true", "y", "nan", "number", "version", "leading-zero"),
    *("exponent", "hexadecimal", "octal", "date"),
}
TAKEN["host"] = TAKEN["package"]
# After https://host/, this is a path, and a plain word for a shell.
TAKEN["index path"] = {
    *("empty", "option", "long-option", "parent", "traversal", "traversal-inside", "home", "path"),
    *("document", "end-of-document", "null", "yes", "no", "on", "true", "y", "number", "version"),
    *("leading-zero", "exponent", "hexadecimal", "octal", "underscore", "infinity", "nan", "date"),
    *("upper-case", "device", "long", "long-number"),
}
TAKEN["label name"] = {"null", "yes", "no", "on", "true", "y", "nan", "long"}
TAKEN["required label"] = TAKEN["label name"]
TAKEN["allowed registry"] = TAKEN["registry"] - {"empty"} | {"long", "long-number"}

# Names with a meaning for a language, its tools, Docker or a file system.
NAMES = {
    "go": (
        *("func", "range", "main", "internal", "vendor", "testdata", "fmt", "cmd", "std", "go"),
        *("v1", "v2", "con", "aux", "com1", "com0", "lpt9", "docker", "a--b", "a", "x" * 63),
    ),
    "python": (
        *("class", "none", "lambda", "os", "site", "test", "tests", "app", "pip", "fastapi"),
        *("toolchain", "base", "scratch", "aux", "dockgen"),
    ),
    "node": (
        *("class", "await", "http", "fs", "express", "npm", "node", "node-modules", "test"),
        *("favicon-ico", "constructor", "docker", "con"),
    ),
}

# Values that YAML makes from text given to a question whose answer is YAML.
YAML = {
    "nothing": "",
    "null": "null",
    "boolean": "no",
    "number": "1",
    "long-number": "9" * 5_000,
    "long-hexadecimal": "0x" + "f" * 5_000,
    "no-hexadecimal": "0x_",
    "text": "a",
    "date": "2020-01-01",
    "no-date": "2020-99-99",
    "in-bytes": "!!binary YQ==",
    "set": "!!set {a, b}",
    "pairs": "!!omap [a: b]",
    "object": "!!python/object/apply:os.system [touch canary]",
    "unknown-tag": "!a b",
    "nested-list": "[[a]]",
    "nested-mapping": "{a: {b: c}}",
    "list-as-key": "{[a]: b}",
    "number-as-key": "{1: a}",
    "boolean-as-key": "{no: a}",
    "null-as-key": "{~: a}",
    "long-number-as-key": "{0x" + "f" * 5_000 + ": a}",
    "null-inside": "[~]",
    "boolean-inside": "{a: no}",
    "number-inside": "{a: 1.10}",
    "itself": "&a [*a]",
    "itself-in-a-mapping": "&a {a: *a}",
    "aliases-of-aliases": "[&a [x,x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a,*a], "
    "&c [*b,*b,*b,*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c,*c,*c,*c,*c], "
    "&e [*d,*d,*d,*d,*d,*d,*d,*d,*d], &f [*e,*e,*e,*e,*e,*e,*e,*e,*e], "
    "&g [*f,*f,*f,*f,*f,*f,*f,*f,*f], &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]]",
    "deep": "[" * 1_500,
    "unfinished": "{",
    "unknown-alias": "*a",
    "two-documents": "--- a\n--- b",
    "tab": "\ta",
    "nul": "\0",
    "surrogate": '["\\ud800"]',
    "merge": "{<<: [a]}",
}
