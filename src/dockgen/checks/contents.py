"""Rules DG111…: what an image should not contain, and where it should not be writable."""

import itertools
import operator
import posixpath
import re
from collections.abc import Iterator

from dockgen import credentials
from dockgen.checks import layers
from dockgen.checks.model import Place, Severity, Violation, rule
from dockgen.containerfiles.dockerfile import Instruction
from dockgen.contract import Contract
from dockgen.image import Image, Kind, Layer, Step, databases

_MB = 10**6
# How many secrets are reported.
_REPORTED = 20
# Leftovers are reported from this many bytes on.
_CACHE_BYTES = 100_000
_HIDDEN_BYTES = 1_000_000

_ENVIRONMENT, _LABEL = "environment variable", "label"
# What engines put before an instruction in the history, and the arguments of a RUN.
_NO_STEP = re.compile(r"^(?:/bin/sh -c )?#\(nop\)\s+|\s*# buildkit$")
_ARGUMENTS = re.compile(r"^(?:RUN )?\|\d+ (.*?) ?(?=/bin/\w*sh -\w*c|cmd /S|$)", re.DOTALL)

# Files that distinguish a version control folder from one that only has the name.
_REPOSITORY = re.compile(
    r"(.*/\.(?:git(?=/HEAD$)|hg(?=/requires$)|svn(?=/(?:wc\.db|entries)$)|bzr(?=/branch-format$)))/"
)
_PACKAGES = re.compile(
    r"/(?:node_modules|site-packages|dist-packages|vendor|pkg/mod|gems|\.cargo|\.oh-my-zsh)/"
)

# What package managers keep for the next run: what it is, and what removes it.
_CACHES = (
    (r"/var/lib/apt/lists/(?!lock$|partial$|auxfiles)", "apt's package lists",
     "rm -rf /var/lib/apt/lists/*"),
    (r"/var/cache/apt/(?:archives/.+\.deb|\w+\.bin)$", "apt's cache", "apt-get clean"),
    (r"/(?:var/cache/apk|etc/apk/cache)/.", "apk's cache", "apk add --no-cache"),
    (r"/var/cache/(?:yum|dnf|libdnf5|zypp)/.", "the package manager's cache", "dnf clean all"),
    (r"(?:/root|/home/[^/]+|/tmp|/app)?/\.cache/(?:pip|uv|pypoetry|pipenv|pdm)/.",
     "the Python package manager's cache", "pip install --no-cache-dir, or a cache mount"),
    (r"/(?:root|home/[^/]+|tmp|app)/(?:\.npm/_(?:cacache|npx)|\.cache/(?:yarn|pnpm|node-gyp|node/corepack"
     r"|turbo)|\.yarn/(?:berry/)?cache|\.(?:local/share|cache)/pnpm)/.|/usr/local/share/\.cache/.",
     "the Node package manager's cache", "npm cache clean --force, or a cache mount"),
    (r"/(?:go|root/go|home/[^/]+/go)/pkg/mod/cache/.|/(?:root|home/[^/]+)/\.cache/go-build/.",
     "Go's cache", "a separate build stage"),
    (r"/(?:root|home/[^/]+|usr/local)/\.?cargo/registry/.", "Cargo's cache",
     "a separate build stage"),
)  # fmt: skip
_KNOWN_CACHES = tuple((re.compile(pattern), what, fix) for pattern, what, fix in _CACHES)
# Files that each new account gets in its home.
_SKELETON = {".bashrc", ".bash_logout", ".bash_profile", ".profile", ".ashrc", ".cshrc", ".zshrc"}


@rule(
    "DG111",
    fix="set it at run time; for a build step, use RUN --mount=type=secret,id=token …",
    sources=["CIS Docker 4.10", "NIST SP 800-190 4.1.4", "OWASP Docker rule 12"],
    alike={
        "hadolint": ["DL3064"],
        "BuildKit": ["SecretsUsedInArgOrEnv"],
        "Trivy": ["DS-0031"],
        "Dockle": ["CIS-DI-0010"],
    },
    at=["ENV", "LABEL", "ARG", "RUN"],
)
def says_no_secret(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no secrets in its configuration.

    Anyone who can pull the image can read its environment variables, its labels and its history,
    which contains the values of build arguments. Placeholders such as "changeme" and paths of files
    don't count.
    """
    seen: set[str] = set()
    for where, name, value in _said(image):
        what = credentials.in_variable(name, value) if name else credentials.in_text(value)
        if what and name not in seen and len(seen) < _REPORTED:
            seen.add(name)
            yield Violation(f"the {where} {name} contains {what}".replace("  ", " "))


@rule(
    "DG112",
    fix="add the file to .dockerignore; for a build step, use RUN --mount=type=secret,id=token …",
    sources=["CIS Docker 4.10", "NIST SP 800-190 4.1.4", "OWASP Docker rule 12"],
    alike={"Trivy": ["DS-0031"], "Dockle": ["CIS-DI-0010"]},
)
def carries_no_secret(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no secrets in its files.

    Anyone who can pull the image can read a private key, a token or a password in any of its
    layers, even if a later layer removes the file. This rule searches text files for private keys,
    for tokens of known services, and for passwords in files such as .env, .npmrc and .netrc. Files
    of installed packages, test keys and samples don't count.
    """
    found = [
        (layer, path, what)
        for layer in layers.own(image)
        for path, what in sorted(layer.secrets.items())
    ]
    for layer, path, what in found[:_REPORTED]:
        there = image.tree.get(path)
        hidden = (
            ""
            if any(file is there for file in layer.files)
            else "; a later layer hides the file, but it can still be read"
        )
        yield Violation(
            f"{path} in {layers.name(image, layer)} contains {what}{hidden}",
            place=Place(path, layer=layer.digest),
        )


@rule(
    "DG113",
    fix="add to .dockerignore: **/.git",
    sources=["Docker, build context and .dockerignore", "OWASP Docker rule 12"],
    alike={"Dockle": ["DKL-LI-0003"]},
)
def carries_no_history(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no version control data.

    The history of a repository contains everything that was ever removed from it, including secrets
    and addresses. It is often larger than the program.
    """
    for layer in layers.own(image):
        marks = (_REPOSITORY.match(file.path) for file in layer.files if file.kind is Kind.FILE)
        roots = [mark[1] for mark in marks if mark and not _PACKAGES.search(mark[1])]
        for root in roots[: layers.NAMED]:
            size = sum(file.size for file in layer.files if file.path.startswith(root + "/"))
            yield Violation(
                f"{root} in {layers.name(image, layer)} is version control data,"
                f" {size / _MB:.2f} MB",
                f"add to .dockerignore: **/{posixpath.basename(root)}",
                Place(root, layer=layer.digest),
            )


@rule(
    "DG114",
    fix="clean up in the step that fills the cache: && rm -rf /var/lib/apt/lists/*",
    sources=["Dockerfile best practices, apt-get"],
    alike={
        "hadolint": ["DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3060"],
        "Trivy": ["DS-0015", "DS-0019", "DS-0020", "DS-0025", "DS-0027"],
        "Dockle": ["DKL-DI-0004", "DKL-DI-0005", "DKL-LI-0003"],
    },
    severity=Severity.WARNING,
)
def leaves_no_cache(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no package lists or caches.

    Package managers keep their downloads to speed up the next run, which never happens in an image.
    This rule counts what a container sees, from 0.1 MB. If a later step removes a cache, the image
    doesn't get smaller: DG115 finds that.
    """
    sizes: dict[int, int] = {}
    first: dict[int, tuple[Layer, str]] = {}
    for layer, file in layers.visible(image):
        for number, (pattern, _, _) in enumerate(_KNOWN_CACHES):
            if pattern.match(file.path):
                sizes[number] = sizes.get(number, 0) + file.size
                first.setdefault(number, (layer, file.path))
                break
    for number, size in sorted(sizes.items()):
        _, what, fix = _KNOWN_CACHES[number]
        layer, path = first[number]
        if size >= _CACHE_BYTES:
            yield Violation(
                f"{layers.name(image, layer)} has {size / _MB:.2f} MB of {what}",
                f"in the step that fills it, use: {fix}",
                Place(path, layer=layer.digest),
            )


@rule(
    "DG115",
    fix="do it in the step that adds the files: && rm, COPY --chown or COPY --chmod",
    sources=["Dockerfile best practices, minimize layers"],
    alike={"dive": ["wastedBytes"]},
    severity=Severity.WARNING,
)
def hides_few_bytes(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no files that a later layer hides.

    A layer never gets smaller. If a later step removes or overwrites a file, or changes only its
    mode or owner, the old file is still stored and pulled. This rule counts the bytes in your own
    layers that no container sees, from 1 MB.
    """
    hidden = [
        (file.size, file, layer) for layer in layers.own(image) for file in image.hidden(layer)
    ]
    total = sum(size for size, _, _ in hidden)
    if total < _HIDDEN_BYTES:
        return
    size, file, layer = max(hidden, key=lambda one: one[0])
    files = "one file" if len(hidden) == 1 else f"{len(hidden)} files"
    yield Violation(
        f"later layers hide {total / _MB:.2f} MB in {files}; the largest is"
        f" {file.path} with {size / _MB:.2f} MB, in {layers.name(image, layer)}",
        place=Place(file.path, layer=layer.digest),
    )


@rule(
    "DG116",
    fix="remove the permission in the step that adds them: COPY --chmod=555, or chmod o-w",
    sources=["CIS Distribution Independent Linux 6.1.10", "NIST SP 800-190 4.1.2"],
    severity=Severity.WARNING,
)
def is_not_world_writable(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no world-writable files.

    An attacker can change such a file, and whatever starts it next runs the change. Folders with
    the sticky bit, such as /tmp, are fine.
    """
    found = {
        file.path
        for _, file in layers.visible(image)
        if file.mode & 0o002
        and (file.kind is Kind.FILE or (file.kind is Kind.DIRECTORY and not file.mode & 0o1000))
        and not file.path.startswith(("/dev/", "/proc/", "/sys/"))
    }
    if found:
        yield Violation(
            f"everyone can write to {layers.few(found)}",
            place=layers.place(image, found),
        )


@rule(
    "DG117",
    fix="let root own them: COPY --chmod=555 without --chown, and chown only data folders",
    sources=["NIST SP 800-190 4.1.2", "OWASP Docker rule 8"],
    severity=Severity.WARNING,
)
def owns_no_file(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Has no files that belong to the user it runs as.

    The owner of a file can change it whatever its mode is, and so change what runs after the next
    start. Let root own the program, its packages and its settings: they only need to be read. Data
    folders may belong to the user, and so may the default files of its home folder.
    """
    user = layers.user_id(image)
    if not user:
        return  # DG101 reports root, or the user is unknown
    found = {
        file.path
        for _, file in layers.visible(image)
        if file.kind is Kind.FILE
        and file.uid == user
        and posixpath.basename(file.path) not in _SKELETON
        and not file.path.startswith(("/tmp/", "/var/tmp/", "/run/"))  # noqa: S108
    }
    if found:
        yield Violation(
            f"the user that it runs as, {image.config.user}, owns {layers.few(found)}",
            place=layers.place(image, found),
        )


@rule(
    "DG118",
    fix="install the package, or copy its entry like distroless images: /var/lib/dpkg/status.d/",
    sources=["NIST SP 800-190 4.1.1", "distroless images, /var/lib/dpkg/status.d"],
    severity=Severity.WARNING,
)
def lists_its_libraries(image: Image, _contract: Contract) -> Iterator[Violation]:
    """Lists its system libraries in a package database.

    Scanners know a system library by its package, which the database of dpkg or apk lists. If a
    library was copied without this entry, scanners can't report its vulnerabilities. This rule
    checks shared libraries in system folders, such as /usr/lib, in your own layers. It skips what
    was built from source and has no package: programs, and /usr/local. It also skips packages of
    languages, which scanners find by other files. An image whose database lists no files, such as
    RPM's, passes.
    """
    last = {path: names for one in image.layers for path, names in one.libraries.items()}
    listed = {name for path, names in last.items() if path in image.tree for name in names}
    if not listed and any(map(databases.is_other, image.tree)):
        return
    for layer, files in itertools.groupby(layers.visible(image), key=operator.itemgetter(0)):
        found = [
            file.path
            for _, file in files
            if file.kind in (Kind.FILE, Kind.HARD_LINK)
            and (name := databases.library(file.path))
            and name not in listed
        ]
        if found:
            yield Violation(
                f"no package database lists these libraries in {layers.name(image, layer)}:"
                f" {layers.few(found, _REPORTED)}",
                place=Place(min(found), layer=layer.digest),
            )


RULES = (
    says_no_secret,
    carries_no_secret,
    carries_no_history,
    leaves_no_cache,
    hides_few_bytes,
    is_not_world_writable,
    owns_no_file,
    lists_its_libraries,
)


def _said(image: Image) -> Iterator[tuple[str, str, str]]:
    """Yield an image's configuration: where, under which name ("" for none), and the text."""
    for name, value in image.config.environment.items():
        yield _ENVIRONMENT, name, value
    for name, value in image.config.labels.items():
        yield _LABEL, name, value
    for made in _own_steps(image):
        step = _NO_STEP.sub("", made.words).strip()
        keyword, _, rest = step.partition(" ")
        if keyword in ("ARG", "ENV", "LABEL"):
            kind = {"ARG": "build argument", "ENV": _ENVIRONMENT, "LABEL": _LABEL}[keyword]
            values = Instruction(keyword, rest, 0).values
            yield from ((f"{kind} in the history", name, value or "") for name, value in values)
            continue
        if arguments := _ARGUMENTS.match(step):
            values = Instruction("ARG", arguments[1], 0).values
            where = "build argument in the history"
            yield from ((where, name, value or "") for name, value in values)
            step = step[arguments.end() :]
        yield "history", "", step


def _own_steps(image: Image) -> tuple[Step, ...]:
    """Return the steps after those of the base; all of them if the base is unknown."""
    base = {layer.digest for layer in image.layers[: image.base_layers or 0]}
    last = max((i for i, step in enumerate(image.history) if step.layer in base), default=-1)
    return image.history[last + 1 :]
