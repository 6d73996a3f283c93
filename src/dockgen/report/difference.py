"""Render the difference between two images as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dockgen.report import json

if TYPE_CHECKING:
    from dockgen.compare.difference import Difference
    from dockgen.image import File


def show(found: "Difference") -> None:
    """Print the whole difference, with each file."""
    from dockgen.compare.difference import Change

    json.show(
        {
            "images": list(found.names),
            "unpacked_bytes": list(found.unpacked_bytes),
            "differs": not found.is_none,
            "settings": [asdict(one) for one in found.settings],
            "layers": {
                "shared": [layer.digest for layer in found.shared_layers],
                "changes": [
                    {
                        "change": one.change,
                        "digest": one.layer.digest,
                        "unpacked_bytes": one.layer.unpacked_bytes,
                        "instruction": one.instruction or None,
                    }
                    for one in found.layers
                ],
            },
            "packages": [asdict(one) | {"change": one.change} for one in found.packages],
            "files": {
                **{str(change): asdict(found.tally(change)) for change in Change},
                "changes": [
                    {
                        "path": one.path,
                        "change": one.change,
                        "what": list(one.what),
                        "before": one.before and _file(one.before),
                        "after": one.after and _file(one.after),
                    }
                    for one in found.files
                ],
            },
        }
    )


def _file(file: "File") -> Mapping[str, Any]:
    return {
        "kind": file.kind.value,
        "bytes": file.size,
        "mode": f"{file.mode:04o}",
        "uid": file.uid,
        "gid": file.gid,
        "target": file.target or None,
    }
