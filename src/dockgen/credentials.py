"""Find secrets by the name of a variable, by its value, or in a file.

Findings are described, and never repeated. Placeholders don't count: an empty value, a variable, a
path to a file with the secret, "changeme", a password that equals its user. Content of packages
doesn't count either: a key that anybody can download protects nothing.
"""

import re
from collections.abc import Iterator

# How much of a file is searched, in bytes: files written by hand are shorter.
LARGEST = 200_000

# Endings of names with a secret: DB_PASSWORD, apiKey. Not TOKEN_EXPIRY, not PASSWORD_FILE.
_NAMES_SECRET = re.compile(
    r"(?:^|[_.-])(?:password|passwd|passphrase|pword|psw|secrets?|tokens?|credentials?|auth"
    r"|api_?key|(?:access|secret|private|signing|encryption|master|deploy|ssh|license|account"
    r"|storage|session|jwt|crypto|admin)_?key|secret_key_base)$|[_.-](?:pwd|pass)$"
)
# May be a secret if the value looks like one: STRIPE_KEY, but also SORT_KEY.
_NAMES_KEY = re.compile(r"[_.-]key$")
_NAMES_NONE = re.compile(r"public|publishable|gpg|fingerprint|(?:^|_)max_|anon_key$|site_key$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_STANDS_IN = re.compile(
    r"""(?xi)
    \W* | [\W_x0]+ | \d{1,6} | true|false|yes|no|on|off|enabled?|disabled?
    | none|null|nil|undefined|unset|empty|todo|tbd|n/?a|basic|bearer|required|optional
    | .*(?:change|replace|insert|set|fill)[-_\s]?(?:me|this|it|in).* | .*placeholder.* | .*example.*
    | (?:your|my|some|the|a)[-_\s].* | .*dummy.* | .*fake.* | .*not[-_\s]?(?:a|so)[-_\s]?.*
    | (?:test|dev|build|ci|local|temp|sample|default|insecure|unsafe|demo)(?:[-_\s].*|ing|elopment)?
    | (?:pass(?:word|wd)?|secret|token|key|postgres|mysql|mariadb|redis|mongo|minio|rabbitmq)\d{0,4}
    | root|admin|administrator|guest|user|username|app|node|python
    | [~./\\].* | [a-z]:\\.* | \w+/\w[\w/]*\.\w{1,5}
    | .*<.*>.* | .*\$.* | .*\{\{.* | %\w+% | .*\.\.\..*
    """
)
_URL = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}://([^/\s:@'\"]{0,99}):([^/\s@'\"]{1,200})@", re.IGNORECASE
)

# Tokens of services, each known by its prefix and length.
_TOKENS = (
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{80,}"),
    ("a GitLab token", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,}"),
    ("an npm token", r"npm_[A-Za-z0-9]{36}"),
    ("a PyPI token", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    ("a Docker Hub token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}"),
    ("a Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{20,}"),
    ("a Stripe key", r"[sr]k_live_[A-Za-z0-9]{20,}"),
    ("a SendGrid key", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("a Hugging Face token", r"hf_[A-Za-z]{34}"),
    ("an Anthropic key", r"sk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}"),
    ("an OpenAI key", r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"),
    ("a DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}"),
    ("an age key", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    ("an Azure storage key", r"AccountKey=[A-Za-z0-9+/]{86}=="),
)
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    + "|".join(f"(?P<t{number}>{pattern})" for number, (_, pattern) in enumerate(_TOKENS))
    + ")"
)
# The key itself has to follow: code that reads keys contains the first line, too.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{2,20} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:\\n|\\r|\s){1,9}"
    r"(?:[A-Za-z-]{2,40}: [^\n]{0,200}\n){0,9}\s{0,9}[A-Za-z0-9+/=]{16}"
)
# For a name or a value: enough to recognize it, in characters.
_LONGEST = 500
_LETTERS = 8  # how many different ones a token has at least

# Folders of packages, and of tests and examples, whose keys are made up.
_PACKAGED = re.compile(
    r"/(?:node_modules|bower_components|site-packages|dist-packages|vendor|pkg/mod|gems|\.pnpm"
    r"|\.yarn|\.cargo|\.cache|\.npm|\.git)/|^/(?:usr/(?:s?bin|lib(?:32|64|exec|x32)?|include|share)"
    r"|usr/local/(?:s?bin|lib|include|share|go)|s?bin|lib(?:32|64|x32)?|var/(?:lib|cache)"
    r"|etc/ssl/certs|proc|sys)/"
)
_ASIDE = re.compile(
    r"/(?:tests?|__tests__|testdata|tests?[-_][\w-]+|specs?|fixtures?|__fixtures__|mocks?|__mocks__"
    r"|\.?examples?|samples?|docs?|e2e|demos?)/|/test_[^/]+$|[._-](?:test|spec)s?\.\w+$|snakeoil",
    re.IGNORECASE,
)
# What editors and people add to the name of a copy.
_COPY = re.compile(r"(?:\.(?:bak|backup|copy|old|orig|save|swp)|~)+$")
_ENV_FILE = re.compile(r"(?:^|/)(?:\.env(?:\.[\w.-]+)?|[\w-]+\.env)$")
_ENV_SAMPLE = re.compile(
    r"\.(?:example|sample|template|tmpl|tpl|dist|defaults?|schema|test|testing|ci|md)\b|"
    r"\b(?:example|sample|template)s?\.env$"
)

# Files known by name: the name, the description, and a pattern for the content. The first group is
# the secret.
_FILES = (
    (r"/\.?npmrc$", "a password for an npm registry",
     r"(?m)^[ \t]*(?:[^\s#;=]*:)?_(?:authToken|auth|password)\s*=\s*[\"']?([^\s\"']+)"),
    (r"/\.yarnrc\.yml$", "a password for an npm registry",
     r"(?m)^[ \t]*npmAuth(?:Token|Ident)\s*:\s*[\"']?([^\s\"']+)"),
    (r"/[._]netrc$", "a password for a host", r"(?s)\bmachine\s.{0,999}?\bpassword\s+(\S+)"),
    (r"/\.pypirc$", "a password for a package index", r"(?m)^[ \t]*password[ \t]*[=:][ \t]*(\S+)"),
    (r"/(?:\.docker/config\.json|\.dockercfg|\.dockerconfigjson)$", "a password for a registry",
     r"\"(?:auth|identitytoken)\"\s*:\s*\"([^\"]+)\""),
    (r"/\.aws/credentials$", "a key for AWS",
     r"(?mi)^[ \t]*aws_secret_access_key[ \t]*=[ \t]*(\S+)"),
    (r"/(?:\.kube/config|kubeconfig)$", "a key for a Kubernetes cluster",
     r"(?m)^[ \t]*(?:-[ \t]*)?(?:client-key-data|token|password)[ \t]*:[ \t]*[\"']?([^\s\"']+)"),
    (r"/\.config/gcloud/.*\.json$", "a key for Google Cloud",
     r"\"(?:refresh_token|client_secret)\"\s*:\s*\"([^\"]+)\""),
    (r"/\.pgpass$", "a password for a database", r"(?m)^[^#\s:]+:[^:\n]*:[^:\n]*:[^:\n]*:(\S+)"),
    (r"/\.my\.cnf$", "a password for a database",
     r"(?m)^[ \t]*password[ \t]*=[ \t]*[\"']?([^\s\"']+)"),
)  # fmt: skip
_KNOWN_FILES = tuple((re.compile(name), what, re.compile(words)) for name, what, words in _FILES)
_WITH_URLS = re.compile(
    r"/(?:\.git-credentials|pip\.conf|\.?pip/pip\.conf|uv\.toml|\.condarc|\.git/config|\.gitconfig"
    r"|sources\.list|[\w.-]+\.(?:ya?ml|json|toml|ini|conf|cfg|properties|sh))$"
)
_ASSIGNMENT = re.compile(
    r"""(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*"""
    r"""(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#]*))"""
)


def in_variable(name: str, value: str) -> str:
    """Describe the secret in a variable; "" if there is none."""
    found = in_text(value)
    if found:
        return found
    plain = _plain(name)
    if _NAMES_NONE.search(plain) or _stands_in(value):
        return ""
    if _NAMES_SECRET.search(plain):
        return "a secret"
    return "a key" if _NAMES_KEY.search(plain) and _is_random(value) else ""


def is_named_as_one(name: str) -> bool:
    """Return whether a variable's name says that it contains a secret."""
    plain = _plain(name)
    return bool(_NAMES_SECRET.search(plain)) and not _NAMES_NONE.search(plain)


def in_text(text: str) -> str:
    """Describe the secret in a text; "" if there is none."""
    return _key_or_token(text) or in_urls(text)


def in_urls(text: str) -> str:
    """Describe the password in an address; "" if there is none."""
    for user, password in _URL.findall(text):
        if password != user and not _stands_in(password):
            return "an address with a password"
    return ""


def is_worth_reading(path: str, size: int) -> bool:
    """Return whether a file of an image may contain its makers' secrets; ``path`` is absolute."""
    return 0 < size <= LARGEST and not _PACKAGED.search(path)


def in_file(path: str, content: bytes) -> str:
    """Describe the secret in a file of an image; "" if there is none.

    ``path`` is absolute, and `is_worth_reading`.
    """
    if b"\0" in content[:1024]:
        return ""
    path = _COPY.sub("", path)
    text = content.decode("utf-8", "replace")
    for name, what, words in _KNOWN_FILES:
        if name.search(path):
            values = words.findall(text)
            return what if any(not _stands_in(value) for value in values) else ""
    if _ENV_FILE.search(path) and not _ENV_SAMPLE.search(path):
        return next(_in_assignments(text), "")
    if _ASIDE.search(path) or _ENV_SAMPLE.search(path):
        return ""
    return _key_or_token(text) or (in_urls(text) if _WITH_URLS.search(path) else "")


def _key_or_token(text: str) -> str:
    if _PRIVATE_KEY.search(text):
        return "a private key"
    for found in _TOKEN.finditer(text):
        token = found[0]
        if len(set(token)) > _LETTERS and "example" not in token.lower():
            return _TOKENS[int((found.lastgroup or "t0")[1:])][0]
    return ""


def _in_assignments(text: str) -> Iterator[str]:
    for name, *values in _ASSIGNMENT.findall(text):
        if found := in_variable(name, "".join(values)):
            yield f"{found} ({name})"


def _stands_in(value: str) -> bool:
    """Return whether a value is a placeholder."""
    return bool(_STANDS_IN.fullmatch(value.strip()[:_LONGEST]))


def _plain(name: str) -> str:
    return _HUMP.sub("_", name[:_LONGEST]).lower()


def _is_random(value: str) -> bool:
    """Return whether a value is long and random, unlike any name that people choose."""
    kinds = (re.search("[0-9]", value), re.search("[a-z]", value), re.search("[A-Z]", value))
    return (
        len(value) >= 20
        and len(set(value)) > _LETTERS
        and sum(map(bool, kinds)) >= 2
        and " " not in value
    )
