"""Render a check as Markdown, for a comment on a pull request or a job's summary.

All foreign text is put in code spans, where nothing becomes a link, a mention or HTML.
"""

from collections.abc import Iterable, Sequence

from dockgen.image import sizes
from dockgen.image.sizes import Size, Sizes
from dockgen.report.words import in_cell, in_code, in_comment, in_html, since, whole
from dockgen.verdict.result import Found, Result

# How many findings are listed one by one: GitHub allows 65,536 characters per comment.
_MOST = 30


def checked(result: Result) -> str:
    """Return the verdict, the size beside the former one, each finding, and what was ignored."""
    name = result.checked.name
    # By its first line, a workflow finds the comment of the run before.
    lines = [f"<!-- dockgen check {in_comment(result.prefix or name)} -->", ""]
    lines += [f"### {in_code(name)}: {whole(result)}", ""]
    image, limits, seen = result.checked.image, result.checked.contract.limits, result.checked.seen
    size = Size(image.unpacked_bytes, image.gzip_bytes, limits.size_bytes)
    before = {name: result.since.before} if result.since else None
    lines += [sizes_table({name: size}, before)]
    if words := since(result):
        lines.append(words)
    if seen and seen.healthy_seconds is not None:
        lines.append(f"Healthy after {seen.healthy_seconds:.2f} s of {limits.healthy_seconds:g} s.")
    if seen and seen.run_seconds is not None:
        lines.append(f"Ran for {seen.run_seconds:.2f} s of {limits.run_seconds:g} s.")
    if seen and seen.exit_code is None:
        lines.append(f"Stopped after {seen.stop_seconds:.2f} s of {limits.stop_seconds:g} s.")
    counted = [found for found in result.found if found.ignored is None]
    lines += _listed(counted)
    ignored = [found for found in result.found if found.ignored is not None]
    if ignored:
        lines += ["", "<details>", f"<summary>{len(ignored)} ignored</summary>"]
        lines += [*_listed(ignored), "", "</details>"]
    return "\n".join(lines) + "\n"


def _listed(found: Sequence[Found]) -> Iterable[str]:
    """Yield a paragraph for each of the first findings."""
    for one in found[:_MOST]:
        where = f" {in_code(f'{one.line.path}:{one.line.number}')}" if one.line else ""
        yield ""
        new = " **new**" if one.is_new else ""
        yield f"- **{one.rule.code}** {in_html(one.rule.title)}{where}{new}  "
        yield f"  {in_code(one.finding.message)}  "
        if one.expired:
            yield f"  {in_code(one.expired)}  "
        if one.ignored is None:
            yield f"  try: {in_code(one.finding.hint)}"
        else:
            yield f"  ignored: {in_code(one.ignored)}"
    if len(found) > _MOST:
        yield ""
        yield f"… and {len(found) - _MOST} more."


def sizes_table(now: Sizes, before: Sizes | None = None) -> str:
    """Return a table of images' sizes by name, beside those of another run."""
    compared = before is not None
    titles = sizes.head(compared=compared)
    rows = [sizes.cells(row, compared=compared) for row in sizes.rows(now, before)]
    return table(titles, [[_name(first), *others] for first, *others in rows])


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table: the first column is aligned left, the others right."""
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _name(name: str) -> str:
    """Return a name as it is, or as code if it could contain markup."""
    return name if name.replace("-", "").isalnum() and name.isascii() else in_cell(name)
