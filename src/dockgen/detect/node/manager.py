"""The package manager: its name, its version, its lock file, and install scripts that must run."""

import re
from typing import NamedTuple

from dockgen.detect import commands, written
from dockgen.detect.model import Evidence, Signal
from dockgen.detect.node.manifest import Manifest, manifest
from dockgen.detect.repository import Repository, join

_LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
# The major version of pnpm that writes each version of the lock file.
_PNPM = {"5.3": "6", "5.4": "7", "6.0": "8", "6.1": "8", "9.0": "10"}


class Native(NamedTuple):
    """A package whose install script must run.

    ``build`` is what compiling it needs, ``run`` what it loads, by Debian's names.
    """

    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


_GYP = ("python3", "make", "g++")
NATIVE: dict[str, Native] = {
    name: Native(_GYP)
    for name in (
        "bcrypt", "better-sqlite3", "sqlite3", "argon2", "re2", "node-pty", "leveldown",
        "isolated-vm", "libxmljs", "libxmljs2", "snappy", "kerberos", "usb", "node-hid", "robotjs",
        "deasync", "heapdump", "farmhash", "sodium-native", "node-expat", "classic-level",
        "cld", "cld3-asm", "integer", "microtime", "node-rdkafka", "hiredis", "iconv", "sse4_crc32",
        "@discordjs/opus", "node-opus", "zeromq", "diskusage", "unix-dgram", "raw-socket",
        "better-sqlite3-multiple-ciphers", "@journeyapps/sqlcipher", "@vscode/sqlite3", "ibm_db",
        "node-sass", "@serialport/bindings-cpp", "@tensorflow/tfjs-node", "node-libcurl", "grpc",
        "mongodb-client-encryption", "@louislam/sqlite3", "@louislam/ping", "segfault-handler",
        "@homebridge/node-pty-prebuilt-multiarch", "epoll", "i2c-bus", "spi-device", "odbc",
    )
}  # fmt: skip
NATIVE |= {
    "canvas": Native(
        (*_GYP, "libcairo2-dev", "libpango1.0-dev", "libjpeg-dev", "libgif-dev", "librsvg2-dev"),
        ("libcairo2", "libpango-1.0-0", "libpangocairo-1.0-0", "libjpeg62-turbo", "libgif7",
         "librsvg2-2"),
    ),
    "libpq": Native((*_GYP, "libpq-dev"), ("libpq5",)),
    "sharp": Native(),
    "prisma": Native((), ("openssl",)),
    "@prisma/client": Native((), ("openssl",)),
    "@prisma/engines": Native((), ("openssl",)),
    "puppeteer": Native((), ("chromium",)),
    "ffmpeg-static": Native(),
}  # fmt: skip
# Their scripts only check, print, or set up a developer's machine; or a prebuilt binary comes as a
# separate package.
NEEDLESS = frozenset(
    {
        "esbuild", "core-js", "core-js-pure", "husky", "@swc/core", "fsevents", "protobufjs",
        "nodemon", "cypress", "playwright", "playwright-chromium", "@nestjs/core",
        "msgpackr-extract",
        "@parcel/watcher", "styled-components", "bufferutil", "utf-8-validate", "cpu-features",
        "ssh2", "@sentry/cli", "electron", "nice-napi", "es5-ext", "ejs", "lefthook",
        "simple-git-hooks",
        "workerd", "@apollo/protobufjs", "vue-demi", "unrs-resolver", "oracledb", "dtrace-provider",
        "@firebase/util", "postinstall-postinstall", "highlight.js", "maplibre-gl", "@scarf/scarf",
        "@tailwindcss/oxide", "rolldown", "lightning-css", "lmdb", "lmdb-store",
        "@datadog/native-metrics",
        "puppeteer-core", "msw", "@biomejs/biome", "@bundled-es-modules/glob", "sharp", "less",
        "contentlayer", "gatsby", "gatsby-cli", "opencollective-postinstall", "preact", "web3",
        "inferno", "zone.js", "vite-plugin-checker", "turbo", "@bufbuild/buf", "supabase", "nx",
        "webpack-cli", "parcel", "ts-node", "yorkie", "@carbon/telemetry", "detox", "appium",
    }
)  # fmt: skip


def look(repository: Repository, own: Manifest, root: str, evidence: Evidence) -> str:
    """Add the signals; return the package manager whose install scripts are looked up."""
    top = manifest(repository, root)
    declared = _declared(own) or _declared(top)
    locks = [
        (name, manager) for name, manager in _LOCKS.items() if repository.has(join(root, name))
    ]
    if declared:
        found, words, line = declared
        manager, _, version = found.partition("+")[0].partition("@")
        mine = [one for one in locks if one[1] == manager]
        foreign = locks[0] if locks and not mine else None
        said = _installs(repository, own.folder) if foreign else None
        if foreign and said and said[0] == foreign[1]:
            shown = f"{said[1]} builds the image with it"
            evidence.add("package_manager", said[0], shown, said[2], said[3])
            evidence.add("package_manager", manager, words, line[0], line[1], weak=True)
            manager, version = said[0], ""
        else:
            evidence.add("package_manager", manager, words, line[0], line[1])
            if foreign:
                name = foreign[0]
                evidence.add("package_manager", foreign[1], name, join(root, name))
        if version:
            evidence.add("manager_version", version, words, line[0], line[1])
        for name, one in locks:
            weak = bool(mine) and (name, one) not in mine
            evidence.add("lock", name, name, join(root, name), weak=weak)
    elif locks:
        said = _installs(repository, own.folder) if len({one[1] for one in locks}) > 1 else None
        for name, one in locks:
            weak = said is not None and one != said[0]
            evidence.add("package_manager", one, name, join(root, name), weak=weak)
            evidence.add("lock", name, name, join(root, name), weak=weak)
        manager = locks[0][1]
        if said is not None:
            manager = said[0]
            evidence.signals["package_manager"].insert(
                0, Signal(said[0], f"{said[1]} builds the image with it", said[2], said[3])
            )
            evidence.signals["lock"].sort(key=lambda one: _LOCKS[one.value] != manager)
    else:
        engines = next((one for one in ("pnpm", "yarn") if one in own.words("engines")), "npm")
        line_ = own.line(f'"{engines}"') if engines != "npm" else 0
        evidence.add("package_manager", engines, "no lock file", own.file, line_, weak=True)
        manager = engines
    _version(repository, root, manager, evidence)
    _scripts(repository, own, top, root, manager, evidence)
    return manager


def _declared(found: Manifest) -> tuple[str, str, tuple[str, int]] | None:
    """Return what packageManager or devEngines says: name@version."""
    told = found.data.get("packageManager")
    if isinstance(told, str) and re.match(r"(npm|pnpm|yarn|bun)@", told):
        return (
            told,
            f"packageManager {told.partition('+')[0]}",
            (found.file, found.line("packageManager")),
        )
    engines = found.data.get("devEngines")
    told = engines.get("packageManager") if isinstance(engines, dict) else None
    told = told[0] if isinstance(told, list) and told else told
    if isinstance(told, dict) and told.get("name") in ("npm", "pnpm", "yarn", "bun"):
        version = str(told.get("version") or "")
        exact = version if re.fullmatch(r"\d+\.\d+\.\d+", version) else ""
        words = f"devEngines.packageManager {told['name']}"
        return f"{told['name']}@{exact}", words, (found.file, found.line("devEngines"))
    return None


def _installs(repository: Repository, folder: str) -> tuple[str, str, str, int] | None:
    """Return the manager in the project's own image build, if there are several lock files."""
    for command in commands.of(repository, folder):
        if command.origin == "dockerfile" and not written.is_development(command.file):
            words = command.argv
            name = words[0]
            if name in ("npm", "pnpm", "yarn") and (
                {"install", "ci", "i"} & set(words[1:3]) or words == ("yarn",)
            ):
                return name, " ".join(words)[:60], command.file, command.line
    return None


def _version(repository: Repository, root: str, manager: str, evidence: Evidence) -> None:
    """Add the manager's version if nothing names it: the one that wrote its lock file."""
    if manager == "yarn":
        settings = repository.yaml(join(root, ".yarnrc.yml"))
        path = settings.get("yarnPath") if isinstance(settings, dict) else None
        if isinstance(path, str) and repository.has(join(root, path)):
            found = re.search(r"(\d+\.\d+\.\d+)", path)
            line = repository.line(join(root, ".yarnrc.yml"), "yarnPath")
            if found and not evidence.of("manager_version"):
                evidence.add(
                    "manager_version", found[1], f"yarnPath {path}", join(root, ".yarnrc.yml"), line
                )
            evidence.add(
                "file", path.removeprefix("./"), f"yarnPath {path}", join(root, ".yarnrc.yml"), line
            )
    if evidence.of("manager_version"):
        return
    if manager == "pnpm":
        path = join(root, "pnpm-lock.yaml")
        for number, text in enumerate(repository.lines(path)[:5], 1):
            found = re.match(r"lockfileVersion:\s*['\"]?([\d.]+)", text)
            if found and found[1] in _PNPM:
                weak = found[1] == "9.0"  # written by 9, 10 and 11
                evidence.add(
                    "manager_version", _PNPM[found[1]], text.strip(), path, number, weak=weak
                )
    elif manager == "yarn":
        path = join(root, "yarn.lock")
        for number, text in enumerate(repository.lines(path)[:10], 1):
            if "yarn lockfile v1" in text:
                evidence.add("manager_version", "1.22.22", text.strip("# "), path, number)
            elif text.startswith("__metadata"):
                evidence.add("manager_version", "4", "__metadata", path, number, weak=True)


def _scripts(
    repository: Repository,
    own: Manifest,
    top: Manifest,
    root: str,
    manager: str,
    evidence: Evidence,
) -> None:
    """Add the packages whose install scripts must run, and what these need."""
    locked = _locked(repository, root, manager)
    allowed = _allowed(repository, top, root)
    direct = {**own.dependencies, **own.development}
    for name in sorted({*locked, *allowed, *(direct if not locked else ())}):
        native = NATIVE.get(name)
        place = locked.get(name) or allowed.get(name) or (own.file, own.line(f'"{name}"'), None)
        file, line, has_script = place
        if name in locked and locked[name][2] is False and name not in allowed:
            native = None
        wanted = native is not None or (has_script and name not in NEEDLESS)
        if name in allowed and name not in NEEDLESS:
            wanted = True
        if not wanted:
            continue
        if name in ("puppeteer", "ffmpeg-static") or (name == "sharp" and name not in allowed):
            _loads(name, native, file, line, evidence)
            continue
        if name == "sharp" and _is_prebuilt(repository, root, manager):
            continue
        words = f"{name} has an install script" if has_script else name
        evidence.add("script", name, words, file, line, weak=native is None and name not in allowed)
        for package in native.build if native is not None else ():
            if all(one.value != package for one in evidence.of("native_build")):
                evidence.add("native_build", package, f"{name} may be compiled", file, line)
        _loads(name, native, file, line, evidence)


def _loads(name: str, native: Native | None, file: str, line: int, evidence: Evidence) -> None:
    for package in native.run if native is not None else ():
        if all(one.value != package for one in evidence.of("native_run")):
            evidence.add("native_run", package, f"{name} needs it", file, line)


def _is_prebuilt(repository: Repository, root: str, manager: str) -> bool:
    """Return whether sharp gets its library as a package, as it does since 0.33."""
    return any(name.startswith("@img/sharp-") for name in _locked(repository, root, manager))


def _allowed(repository: Repository, top: Manifest, root: str) -> dict[str, tuple[str, int, None]]:
    """Return the packages whose scripts pnpm's and Yarn's settings allow."""
    found: dict[str, tuple[str, int, None]] = {}
    path = join(root, "pnpm-workspace.yaml")
    settings = repository.yaml(path) if repository.has(path) else None
    for key in ("onlyBuiltDependencies", "allowBuilds"):
        told = settings.get(key) if isinstance(settings, dict) else None
        names = [n for n, on in told.items() if on is True] if isinstance(told, dict) else told
        for name in names if isinstance(names, list) else ():
            found[str(name).rpartition("@")[0] or str(name)] = (
                path,
                repository.line(path, str(name)),
                None,
            )
    pnpm = top.data.get("pnpm")
    told = pnpm.get("onlyBuiltDependencies") if isinstance(pnpm, dict) else None
    if repository.has(join(root, "pnpm-lock.yaml")):
        for name in told if isinstance(told, list) else ():
            found[str(name)] = (top.file, top.line("onlyBuiltDependencies"), None)
    meta = top.data.get("dependenciesMeta")
    for name, one in meta.items() if isinstance(meta, dict) else ():
        if isinstance(one, dict) and one.get("built") is True:
            found[str(name).partition("@npm")[0]] = (top.file, top.line("dependenciesMeta"), None)
    return found


def _locked(
    repository: Repository, root: str, manager: str
) -> dict[str, tuple[str, int, bool | None]]:
    """Return a lock file's packages, and whether each has an install script; None if unknown.

    Packages only for development are left out if the lock file tells them apart.
    """
    found: dict[str, tuple[str, int, bool | None]] = {}
    if manager == "npm":
        for name in ("package-lock.json", "npm-shrinkwrap.json"):
            path = join(root, name)
            content = repository.json(path) if repository.has(path) else None
            every = content.get("packages") if isinstance(content, dict) else None
            if isinstance(every, dict):
                for key, one in every.items():
                    package = str(key).rpartition("node_modules/")[2]
                    if not package or not isinstance(one, dict):
                        continue
                    script = one.get("hasInstallScript") is True
                    if (one.get("dev") and package not in NATIVE) or one.get("link"):
                        continue
                    if script or package in NATIVE or package.startswith("@img/sharp-"):
                        line = repository.line(path, f'"{key}"') if script else 0
                        found.setdefault(package, (path, line, script))
            elif isinstance(content, dict) and isinstance(content.get("dependencies"), dict):
                for package, one in content["dependencies"].items():
                    if isinstance(one, dict) and not one.get("dev"):
                        found[str(package)] = (path, 0, None)
        return found
    path = join(root, "pnpm-lock.yaml" if manager == "pnpm" else "yarn.lock")
    pattern = (
        r"^  ['\"]?/?((?:@[\w.-]+/)?[\w.-]+)[@/]\d[^:]*:"
        if manager == "pnpm"
        else r"^\"?((?:@[\w.-]+/)?[\w.-]+)@"
    )
    for number, text in enumerate(repository.lines(path), 1):
        if told := re.match(pattern, text):
            found.setdefault(told[1], (path, number, None))
    return found
