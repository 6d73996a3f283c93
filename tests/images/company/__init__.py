"""The host of a company, in a container: private packages by token and by ssh, and mirrors.

It stands in for PyPI, too, where a test sends a build there: the packages are PyPI's own.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dockgen import engine
from dockgen.engine import Container, RunOptions
from tests.conftest import ROOT

HERE = Path(__file__).parent
HOST = "git.acme.example"

# What each image that has the private package says.
WORDS = "Greetings from a private package"

# The module of the mirror, whose name leads nowhere.
MODULE = "mirrored.example/mirrored"

# A container that doesn't get there in this time never will, in seconds.
PATIENCE = 60


@dataclass(frozen=True)
class Serving(RunOptions):
    """Options of the container of the host."""

    token: str = ""

    def arguments(self) -> list[str]:
        """Return the options as `docker run` takes them."""
        return [*super().arguments(), f"--env=TOKEN={self.token}"]


@dataclass(frozen=True)
class Company:
    """The host while it runs, and what it lets in.

    ``files`` maps the name of a secret of the Dockerfiles to the file that holds it; ``key`` is
    that of an SSH agent. ``go_sum`` are the lines of go.sum for the mirror's module, and ``pypi``
    is the name of PyPI's host.
    """

    container: Container
    address: str
    token: str
    files: Mapping[str, Path]
    key: Path
    go_sum: str
    pypi: str

    @property
    def name_option(self) -> str:
        """The option of `docker build` by which its steps find the host."""
        return f"--add-host={HOST}:{self.address}"

    @property
    def pypi_option(self) -> str:
        """The option of `docker build` by which its steps take the host for PyPI's."""
        return f"--add-host={self.pypi}:{self.address}"

    def options(self, *names: str) -> list[str]:
        """Return the options of `docker build` that pass these on: names of secrets, or "ssh"."""
        return [self.name_option] + [
            f"--ssh=default={self.key}"
            if name == "ssh"
            else f"--secret=id={name},src={self.files[name]}"
            for name in names
        ]

    @property
    def secrets(self) -> dict[str, bytes]:
        """What no image may hold, each by its name: a line of each file, and the token encoded."""
        basic = base64.b64encode(f"acme:{self.token}".encode())
        return {
            "token": self.token.encode(),
            "token as a header": basic,
            "netrc": f"machine {HOST} login acme".encode(),
            "npmrc": f"//{HOST}/private/npm/:_authToken=".encode(),
            "key": self.key.read_bytes().splitlines()[2],
            "host key": self.files["known_hosts"].read_bytes().split()[2],
            "authority": (self.key.parent / "authority.pem").read_bytes().splitlines()[3],
        }


@contextmanager
def serve(folder: Path) -> Iterator[Company]:
    """Build the host's image in ``folder``, which is empty, and start it."""
    context = folder / "context"
    ignore = shutil.ignore_patterns("*.py[co]", "__pycache__", "__init__.py")
    shutil.copytree(HERE, context, ignore=ignore)
    pypi = _pypi()
    keys_of = ["--file=keys.Dockerfile", f"--build-arg=PYPI={pypi}", "--output=keys"]
    _docker("build", *keys_of, ".", cwd=context)
    go_sum = _write_packages(context / "www")
    requirements = (ROOT / "templates/python/apps/fastapi/requirements-dev.txt").read_text()
    pinned = re.findall(r"^[\w.-]+==[^\s;\\]+", requirements, re.MULTILINE)
    (context / "requirements.txt").write_text("\n".join(pinned))
    tools = []
    for name in ("uv", "poetry"):
        tool = (ROOT / f"templates/python/package_managers/{name}.jinja").read_text()
        tools += re.findall(rf"{name}==[\d.]+", tool)
    (context / "tools.txt").write_text("\n".join(tools))
    managers = [f"https://{HOST}/mirror/npm"]
    for name, package in {"pnpm": "pnpm", "yarn": "@yarnpkg/cli-dist"}.items():
        toolchain = (ROOT / f"templates/node/package_managers/{name}.jinja").read_text()
        managers += re.findall(rf"{package}@[\d.]+", toolchain)
    (context / "managers.txt").write_text("\n".join(managers))
    token = secrets.token_hex(20)
    keys = context / "keys"
    files = {
        "netrc": folder / "netrc",
        "npmrc": folder / "npmrc",
        "yarnrc": folder / "yarnrc",
        "known_hosts": keys / "known_hosts",
        "ca-certificates": keys / "bundle.pem",
    }
    files["netrc"].write_text(f"machine {HOST} login acme password {token}\n")
    index = f"//{HOST}/private/npm/"
    files["npmrc"].write_text(f"@acme:registry=https:{index}\n{index}:_authToken={token}\n")
    scope = {"npmRegistryServer": f"https:{index}", "npmAuthToken": token}
    files["yarnrc"].write_text(json.dumps({"npmScopes": {"acme": scope}}))
    with engine.temporary_image(context) as tag:
        # sshd gives up its rights by itself.
        options = Serving(token=token, read_only=False, restricted=False)
        with engine.run(tag, options) as container:
            assert container.wait_healthy(PATIENCE).status == "healthy", container.logs()
            key = keys / "id_ed25519"
            key.chmod(0o600)
            address = container.inspect().address
            yield Company(container, address, token, files, key, go_sum, pypi)


def _pypi() -> str:
    """Return PyPI's host name, which uv knows whatever this machine's settings are."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("UV_")}
    printed = subprocess.run(
        [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--no-config", "--quiet",
         "--no-header", "--emit-index-url", "-"],
        env=environment, input="", capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return urlsplit(printed.split()[1]).hostname or ""


def _docker(*arguments: str, cwd: Path) -> None:
    subprocess.run(["docker", *arguments], cwd=cwd, capture_output=True, timeout=300, check=True)


def _write_packages(www: Path) -> str:
    """Write the npm packages and the Go module; return its lines of go.sum."""
    greet = {path.name: path.read_bytes() for path in (HERE / "greet").glob("*.js*")}
    _write_npm(www / "private/npm", "@acme/greet", greet, f"https://{HOST}/private/npm")
    mirrored = {
        "package.json": b'{"name": "mirrored", "version": "1.0.0", "main": "index.js"}',
        "index.js": b"module.exports = 'Greetings from a mirror'\n",
    }
    _write_npm(www / "mirror/npm", "mirrored", mirrored, f"https://{HOST}/mirror/npm")
    return _write_module(www / "mirror/go")


def _write_npm(folder: Path, name: str, files: Mapping[str, bytes], address: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    # The same bytes each time: a builder may know the digest from an earlier run.
    content = gzip.compress(packed.getvalue(), mtime=0)
    archive = f"files/{name.rpartition('/')[2]}-1.0.0.tgz"
    (folder / "files").mkdir(parents=True)
    (folder / archive).write_bytes(content)
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    facts = {
        "name": name,
        "dist-tags": {"latest": "1.0.0"},
        "time": {"1.0.0": "2026-01-01T00:00:00.000Z"},
        "versions": {
            "1.0.0": {
                "name": name,
                "version": "1.0.0",
                "dist": {"tarball": f"{address}/{archive}", "integrity": f"sha512-{digest}"},
            }
        },
    }
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(facts))


def _write_module(folder: Path) -> str:
    versions = folder / MODULE / "@v"
    versions.mkdir(parents=True)
    mod = f"module {MODULE}\n\ngo 1.24\n".encode()
    source = b'package mirrored\n\nconst Words = "Greetings from a mirror"\n'
    files = {f"{MODULE}@v1.0.0/go.mod": mod, f"{MODULE}@v1.0.0/mirrored.go": source}
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    (versions / "list").write_text("v1.0.0\n")
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0", "Time": "2026-01-01T00:00:00Z"}')
    (versions / "v1.0.0.mod").write_bytes(mod)
    whole, module = _go_digest(files), _go_digest({"go.mod": mod})
    return f"{MODULE} v1.0.0 {whole}\n{MODULE} v1.0.0/go.mod {module}\n"


def _go_digest(files: Mapping[str, bytes]) -> str:
    """Return the digest of files in the form of go.sum."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
