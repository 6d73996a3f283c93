"""Frameworks with build rules of their own: how each starts, and which are only files."""

import re
from typing import NamedTuple

from dockgen.detect import commands
from dockgen.detect.model import Argv
from dockgen.detect.node.manifest import Manifest, inside, manifest
from dockgen.detect.node.output import expanded


class Kind(NamedTuple):
    """How a framework's build is used: ``argv`` starts it; "" in ``output`` means unknown.

    ``site`` says that its output is only files. ``port`` and ``host`` are variables that it reads.
    """

    framework: str
    package: str
    output: str
    argv: Argv = ()
    site: bool = False
    port: int = 0
    words: str = ""
    file: str = ""
    opened: str = ""


_STATIC = (
    ("react-scripts", "react", "build"),
    ("@vue/cli-service", "vue", "dist"),
    ("@docusaurus/core", "docusaurus", "build"),
    ("vitepress", "vitepress", ".vitepress/dist"),
    ("vuepress", "vuepress", ".vuepress/dist"),
    ("gatsby", "gatsby", "public"),
    ("@11ty/eleventy", "eleventy", "_site"),
    ("parcel", "parcel", "dist"),
    ("hexo", "hexo", "public"),
    ("@rsbuild/core", "rsbuild", "dist"),
    ("@storybook/cli", "storybook", "storybook-static"),
)
# A server framework takes precedence over a static site.
SERVERS = (
    "express", "fastify", "koa", "@hapi/hapi", "hono", "@hono/node-server", "restify", "polka",
    "@nestjs/core", "h3", "nitropack", "@adonisjs/core", "@feathersjs/feathers", "sails", "hapi",
    "@strapi/strapi", "apollo-server", "@apollo/server", "graphql-yoga", "socket.io", "moleculer",
    "@loopback/core", "egg", "@elysiajs/node", "ws", "actionhero", "@keystone-6/core", "payload",
    "json-server", "srvx", "micro", "uWebSockets.js", "@trpc/server", "parse-server", "ghost",
    "probot",
)  # fmt: skip


def config(own: Manifest, *names: str) -> tuple[str, str]:
    """Return the text and the path of the first configuration file that exists."""
    for name in names:
        for suffix in (".ts", ".js", ".mjs", ".cjs", ".mts", ".cts", ""):
            path = own.at(f"{name}{suffix}")
            if own.repository.has(path):
                return _uncommented(own.repository.text(path) or ""), path
    return "", ""


def _uncommented(text: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", text[:200_000], flags=re.DOTALL)


def find(own: Manifest, root: str) -> Kind | None:
    """Return the framework of a package, if it has build rules of its own."""
    for one in (_next, _nuxt, _sveltekit, _astro, _react_router, _nitro, _strapi):
        if found := one(own, root):
            return found
    return static(own, root)


def _next(own: Manifest, root: str) -> Kind | None:
    if not own.has("next") or "next" not in " ".join(own.scripts.values()):
        return None
    if any(
        re.search(r"\bnode\b.*\bserver|custom-server", own.scripts.get(name, ""))
        for name in ("start",)
    ):
        return None  # it has its own server
    text, path = config(own, "next.config")
    told = re.search(r"""output\s*:\s*(?:[^,\n]*\?\s*)?["'](standalone|export)["']""", text)
    if told and told[1] == "export":
        line = f'output: "export" in {path}'
        out = re.search(r"distDir\s*:\s*[\"']([\w./-]+)[\"']", text)
        return Kind("next", "next", out[1] if out else "out", (), True, 0, line, path)
    if told:
        inner = inside(own.folder, root) if own.folder != root else ""
        server = "/".join(part for part in (".next/standalone", inner, "server.js") if part)
        return Kind(
            "next",
            "next",
            ".next",
            ("node", server),
            False,
            3000,
            'output: "standalone"',
            path,
            "HOSTNAME=0.0.0.0",
        )
    argv = ("node", "node_modules/next/dist/bin/next", "start", "-p", "{port}")
    if "next start" not in " ".join(own.scripts.values()) and "next build" not in " ".join(
        own.scripts.values()
    ):
        return None
    return Kind(
        "next", "next", ".next", argv, False, 3000, "next start: not standalone", path or own.file
    )


def _nuxt(own: Manifest, root: str) -> Kind | None:
    del root
    if not own.has("nuxt", "nuxt3", "nuxt-edge"):
        return None
    text, path = config(own, "nuxt.config")
    script = expanded(own, own.scripts.get("build", ""))
    path = path or own.file
    if re.search(r"ssr\s*:\s*false|preset\s*:\s*[\"']static", text) or "generate" in script:
        return Kind("nuxt", "nuxt", ".output/public", (), True, 0, "nuxt generate", path)
    return Kind(
        "nuxt",
        "nuxt",
        ".output",
        ("node", ".output/server/index.mjs"),
        False,
        3000,
        "nuxt build",
        path,
    )


def _nitro(own: Manifest, root: str) -> Kind | None:
    del root
    name = own.has(
        "@tanstack/react-start",
        "@tanstack/solid-start",
        "@solidjs/start",
        "nitropack",
        "vinxi",
        "@tanstack/start",
    )
    if not name:
        return None
    if not re.search(r"vinxi|nitro|vite", expanded(own, own.scripts.get("build", ""))):
        return None
    return Kind(
        name.strip("@").partition("/")[0],
        name,
        ".output",
        ("node", ".output/server/index.mjs"),
        False,
        3000,
        name,
        own.file,
    )


def _sveltekit(own: Manifest, root: str) -> Kind | None:
    del root
    if not own.has("@sveltejs/kit"):
        return None
    text, path = config(own, "svelte.config")
    # One that can be built for several is built for what the project's own image starts.
    started = [one for one in commands.of(own.repository, own.folder) if one.origin == "entrypoint"]
    node = any(one.argv[0].rpartition("/")[2] == "node" for one in started)
    if "adapter-static" in text and not (node and "adapter-node" in text):
        return Kind("sveltekit", "@sveltejs/kit", "build", (), True, 0, "adapter-static", path)
    if "adapter-node" in text:
        out = re.search(r"out\s*:\s*[\"']([\w./-]+)[\"']", text)
        folder = out[1] if out else "build"
        return Kind(
            "sveltekit",
            "@sveltejs/kit",
            folder,
            ("node", folder),
            False,
            3000,
            "adapter-node",
            path,
        )
    return Kind(
        "sveltekit", "@sveltejs/kit", "", (), False, 0, "no adapter for Node", path or own.file
    )


def _astro(own: Manifest, root: str) -> Kind | None:
    del root
    if not own.has("astro") or "astro" not in " ".join(own.scripts.values()):
        return None
    text, path = config(own, "astro.config")
    out = re.search(r"outDir\s*:\s*[\"'](?:\./)?([\w./-]+?)/?[\"']", text)
    folder = out[1] if out else "dist"
    path = path or own.file
    if own.has("@astrojs/node") and "@astrojs/node" in text:
        argv = ("node", f"{folder}/server/entry.mjs")
        return Kind(
            "astro", "astro", folder, argv, False, 4321, "@astrojs/node", path, "HOST=0.0.0.0"
        )
    return Kind("astro", "astro", folder, (), True, 0, "astro build", path)


def _react_router(own: Manifest, root: str) -> Kind | None:
    del root
    for name, tool, file in (
        ("remix", "@remix-run/serve", "dist/cli.js"),
        ("react-router", "@react-router/serve", "bin.cjs"),
    ):
        if not own.has(tool):
            continue
        start = expanded(own, own.scripts.get("start", ""))
        if "serve" not in start:
            return None  # it has its own server
        text, path = config(own, "react-router.config", "vite.config")
        if re.search(r"ssr\s*:\s*false", text):
            return Kind(name, tool, "build/client", (), True, 0, "ssr: false", path)
        told = re.search(r"(?:remix|react-router)-serve\s+(\S+)", start)
        target = (told[1] if told else "build/server/index.js").removeprefix("./")
        argv = ("node", f"node_modules/{tool}/{file}", target)
        return Kind(name, tool, "build", argv, False, 3000, start[:60], own.file)
    return None


def _strapi(own: Manifest, root: str) -> Kind | None:
    del root
    if not own.needs("@strapi/strapi"):
        return None
    argv = ("node", "node_modules/@strapi/strapi/bin/strapi.js", "start")
    return Kind("strapi", "@strapi/strapi", "dist", argv, False, 1337, "strapi start", own.file)


def static(own: Manifest, root: str) -> Kind | None:
    """Return the kind of a site that is only files after the build."""
    top = manifest(own.repository, root)
    if server := own.needs(*SERVERS):
        start = expanded(own, own.scripts.get("start", ""))
        if re.search(r"\bnode\b|tsx|nodemon", start) or server in ("@nestjs/core",):
            return None
    start = expanded(own, own.scripts.get("start", ""))
    if re.search(r"\b(?:node|nodemon|tsx|ts-node|pm2\S*)\s", start) and "vite" not in start:
        return None
    build = expanded(own, own.scripts.get("build", "") or own.scripts.get("docs:build", ""))
    if found := _angular(own):
        return found
    for package, framework, folder in _STATIC:
        used = package.rpartition("/")[2].removesuffix("-service")
        if (own.has(package) or top.has(package)) and re.search(
            used.replace("cli", "(?:cli|vue-cli-service)"), build
        ):
            words = f"{package}: {build}"[:60]
            if framework in ("vitepress", "vuepress"):
                place = re.search(r"build\s+([\w./-]+)", build)
                folder = f"{place[1].rstrip('/')}/{folder}" if place else folder
            return Kind(framework, package, folder, (), True, 0, words, own.file)
    tool = own.has("vite", "rolldown-vite") or top.has("vite", "rolldown-vite")
    if tool and re.search(r"\bvite\b", build):
        if re.search(r"vite\s+build\s+[^&]*--ssr", build):
            return None
        text, path = config(own, "vite.config")
        out = re.search(r"--outDir[ =](\S+)", build) or re.search(
            r"outDir\s*:\s*(?:[\w.]+\([^'\"]*)?[\"'](?:\./)?([\w./-]+?)/?[\"']", text
        )
        if re.search(r"\blib\s*:\s*\{", text):
            return None
        page = own.repository.has(own.at("index.html")) or re.search(r"\broot\s*:", text)
        if not page:
            return None
        folder = out[1] if out else "dist"
        base = re.search(r"\broot\s*:\s*(?:[\w.]+\([^'\"]*)?[\"'](?:\./)?([\w./-]+?)/?[\"']", text)
        if base and folder.startswith("../"):
            folder = folder[3:]
        elif base and base[1] not in (".", ""):
            folder = f"{base[1]}/{folder}"
        return Kind(
            "vite", "vite", folder, (), True, 0, f"vite build: {build}"[:60], path or own.file
        )
    return None


def _angular(own: Manifest) -> Kind | None:
    path = own.at("angular.json")
    found = own.repository.json(path)
    projects = found.get("projects") if isinstance(found, dict) else None
    for name, project in projects.items() if isinstance(projects, dict) else ():
        kind = project.get("projectType") if isinstance(project, dict) else None
        if kind not in (None, "application"):
            continue
        try:
            build = (project.get("architect") or project.get("targets"))["build"]
            builder, told = str(build["builder"]), build.get("options", {})
        except (KeyError, TypeError, AttributeError):
            continue
        out = told.get("outputPath")
        base = out.get("base") if isinstance(out, dict) else out
        folder = str(base or f"dist/{name}")
        if isinstance(told.get("ssr"), dict) or told.get("server"):
            argv = ("node", f"{folder}/server/server.mjs")
            return Kind("angular", "@angular/cli", folder, argv, False, 4000, "ssr", path)
        if "application" in builder and not (isinstance(out, dict) and out.get("browser") == ""):
            folder = f"{folder}/browser"
        return Kind("angular", "@angular/cli", folder, (), True, 0, builder, path)
    return None
