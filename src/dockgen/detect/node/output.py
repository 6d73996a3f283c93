"""Where a build writes: the output file of a source file."""

import re
from typing import Any

from dockgen.detect import commands
from dockgen.detect.node.manifest import Manifest, inside, options
from dockgen.detect.repository import folder_of, join, within

_JS = {".ts": ".js", ".tsx": ".js", ".mts": ".mjs", ".cts": ".cjs", ".js": ".js", ".jsx": ".js",
       ".mjs": ".mjs", ".cjs": ".cjs"}  # fmt: skip


def output(own: Manifest, build: str) -> tuple[str, str, str]:
    """Return a build's output folder in the package, the words for it and their file; or ""."""
    repository = own.repository
    words = expanded(own, build)
    if told := re.search(r"--out-?[dD]ir(?:=|\s+)(\S+)|(?:swc|babel)\s.*?\s-d\s+(\S+)", words):
        folder = (told[1] or told[2]).strip("\"'").removeprefix("./").rstrip("/")
        return folder, told[0], own.file
    if told := re.search(r"--outfile(?:=|\s+)(\S+)", words):
        return folder_of(told[1].removeprefix("./")), told[0], own.file
    if re.search(r"\bncc\b", words):
        return "dist", "ncc build", own.file
    if folder := nx(own, words).get("outputPath", ""):
        return folder, f"outputPath: {folder}", own.at("project.json")
    for name in ("tsup", "tsdown"):
        if re.search(rf"\b{name}\b", words):
            return _configured(own, name) or ("dist", name, own.file)
    if re.search(r"\b(?:unbuild|obuild|pkgroll|bunchee|microbundle)\b", words):
        return "dist", words, own.file
    if re.search(r"\b(?:tsc|tspc|vue-tsc|nest|swc|ttsc|tsc-alias)\b", words):
        path = tsconfig(own, words)
        if repository.has(path):
            told_out = options(repository, path).get("outDir")
            if isinstance(told_out, str) and within(told_out, own.folder):
                shown = f"outDir {inside(told_out, own.folder)}"
                return inside(told_out, own.folder), shown, path
        if "nest" in words:
            return "dist", "nest build", own.file
        return ".", "tsc without outDir", own.file
    if re.search(r"\bvite\b", words):
        return _configured(own, "vite") or ("dist", "vite build", own.file)
    if re.search(r"\besbuild\b|\brollup\b|\bwebpack\b|\brspack\b|node .*build", words):
        found = _configured(own, "rollup") or _configured(own, "webpack")
        return found or ("dist", words[:60], own.file)
    return "", "", ""


def nx(own: Manifest, words: str = "nx build") -> dict[str, str]:
    """Return the options of Nx's build of the package itself (``main``, ``outputPath``), or {}."""
    found: Any = (
        own.repository.json(own.at("project.json")) if re.search(r"\bnx\b", words) else None
    )
    for key in ("targets", "build", "options"):
        found = found.get(key) if isinstance(found, dict) else None
    found = found if isinstance(found, dict) else {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def expanded(own: Manifest, text: str, depth: int = 4) -> str:
    """Fill in the other scripts that a script runs."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        return own.scripts.get(name, found[0]) if depth else found[0]

    runs = r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:-s\s+|--silent\s+)?([\w:.-]+)"
    text = re.sub(r"\b(?:run-[sp]|npm-run-all)\s+((?:-\S+\s+)*)([^&|;]+)", _listed, text[:2_000])
    after = re.sub(runs, put, text)[:4_000]
    return after if after == text or not depth else expanded(own, after, depth - 1)


def _listed(found: re.Match[str]) -> str:
    return " && ".join(f"npm run {name}" for name in found[2].split() if not name.startswith("-"))


def tsconfig(own: Manifest, words: str) -> str:
    """Return the tsconfig.json that a build uses."""
    repository = own.repository
    told = re.search(r"(?:-p|--project|--build|-b)(?:=|\s+)([\w./-]+)", words)
    names = [told[1]] if told and not told[1].startswith("-") else []
    if "nest" in words:
        names += ["tsconfig.build.json"]
    for name in (*names, "tsconfig.json"):
        path = own.at(name)
        if repository.has(path):
            return path
        if repository.has(join(path, "tsconfig.json")):
            return join(path, "tsconfig.json")
    return own.at("tsconfig.json")


def _configured(own: Manifest, tool: str) -> tuple[str, str, str] | None:
    for suffix in (".ts", ".js", ".mjs", ".cjs", ".mts", ".json"):
        path = own.at(f"{tool}.config{suffix}")
        text = own.repository.text(path) if own.repository.has(path) else None
        if text is None:
            continue
        pattern = r"(?:outDir|dir|path)\s*:\s*(?:path\.\w+\([^'\"]*)?[\"'](?:\./)?([\w./-]+)[\"']"
        if told := re.search(pattern, text):
            return told[1].rstrip("/"), told[0][:60], path
    return None


def root_dir(own: Manifest, words: str) -> str:
    """Return the folder that the compiler strips from sources' paths: rootDir or a common one."""
    repository = own.repository
    path = tsconfig(own, words)
    told = options(repository, path) if repository.has(path) else {}
    found = told.get("rootDir")
    if isinstance(found, str):
        return found
    listed = told.get("files") or told.get("include")
    listed = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    base = str(told.get("files of" if told.get("files") else "include of") or own.folder)
    excluded = told.get("exclude")
    excluded = (
        [one for one in excluded if isinstance(one, str)] if isinstance(excluded, list) else []
    )
    sources = []
    for source in repository.sources(own.folder, ".ts", ".tsx", ".mts", ".cts", aside=True):
        if source.endswith((".d.ts", ".d.mts")):
            continue
        inner = inside(source, base)
        if listed and not any(_covers(one, inner) for one in listed):
            continue
        if any(_covers(one, inner) for one in excluded):
            continue
        sources.append(source)
    if not sources:
        return own.at("src") if own.at("src") in repository.folders else own.folder
    shared = folder_of(sources[0])
    for source in sources:
        while not within(source, shared):
            shared = folder_of(shared)
    return shared


def _covers(pattern: str, path: str) -> bool:
    pattern = pattern.removeprefix("./").rstrip("/")
    if pattern in ("", ".", "**", "**/*"):
        return True
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern[:200])
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    matcher = "".join(words.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(f"{matcher}(?:/.*)?", path) is not None


def becomes(own: Manifest, build: str, source: str) -> str:
    """Return the built file of a source file, relative to the package's folder, or ""."""
    folder, _, _ = output(own, build)
    words = expanded(own, build)
    if not folder:
        return ""
    name = source.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    script = _JS.get(f".{suffix}", ".js")
    if told := re.search(r"--outfile(?:=|\s+)(\S+)", words):
        return told[1].removeprefix("./")
    if re.search(r"\bncc\b", words):
        return "dist/index.js"
    if nx(own, words):
        return f"{folder}/{stem}{script}"
    if re.search(r"\b(?:tsup|tsdown|unbuild|obuild|pkgroll|esbuild|rollup|webpack)\b", words):
        module = own.data.get("type") == "module"
        if re.search(r"unbuild|obuild", words):
            script = ".mjs"
        elif re.search(r"--format(?:=|\s+)['\"]?esm|format:\s*\[?['\"]esm", words + _text(own)):
            script = ".js" if module else ".mjs"
        elif module and re.search(r"tsup", words) and "esm" not in _text(own):
            script = ".cjs"
        return f"{folder}/{stem}{script}"
    if re.search(r"\bswc\b", words) and "strip-leading-paths" not in words and "nest" not in words:
        return f"{folder}/{inside(source, own.folder).rpartition('.')[0]}{script}"
    if re.search(r"\bbabel\b", words):
        told_source = re.search(r"babel\s+(\S+)", words)
        root = own.at(told_source[1]) if told_source else own.at("src")
    else:
        root = root_dir(own, words)
    inner = inside(source, root).rpartition(".")[0]
    return (
        f"{folder}/{inner}{script}"
        if folder != "."
        else f"{inside(source, own.folder).rpartition('.')[0]}{script}"
    )


def _text(own: Manifest) -> str:
    for suffix in (".ts", ".js", ".mjs"):
        if own.repository.has(own.at(f"tsup.config{suffix}")):
            return own.repository.text(own.at(f"tsup.config{suffix}")) or ""
    return ""


def words_of(text: str) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """Return the commands of a script, with the variables set before each."""
    found = []
    for words, variables, _ in commands.shell(text[:2_000]):
        while words and words[0] in (
            "cross-env",
            "cross-env-shell",
            "dotenv",
            "env-cmd",
            "dotenvx",
            "dotenv-flow",
            "npx",
            "infisical",
            "doppler",
        ):
            words = words[1:]
            while words and (words[0].startswith("-") or re.fullmatch(r"\w+=.*", words[0])):
                if told := re.fullmatch(r"(\w+)=(.*)", words[0]):
                    variables = {**variables, told[1]: told[2]}
                elif words[0] in ("-e", "-f", "-c") and len(words) > 1:
                    words = words[1:]
                words = words[1:]
            if words and words[0] == "run":
                words = words[1:]
            if words and words[0] == "--":
                words = words[1:]
        if words:
            found.append((tuple(words), variables))
    return found
