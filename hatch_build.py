"""The wheel's build hook: pack the templates as a git bundle.

At a release, that is the committed bundle. Between releases, the working copy is added, as a
checkout does. So a wheel, an sdist, an editable install, a shallow clone and an unpacked archive
all behave the same.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHook(BuildHookInterface[Any]):
    """Puts the bundle, its manifest and the questions into ``dockgen/data``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the data files and add them to the build; an editable install needs none."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from dockgen import bundle

        self.folder = tempfile.TemporaryDirectory(prefix="dockgen-")
        folder = Path(self.folder.name)
        path, manifest = bundle.with_working_copy(root, folder)
        manifest.write(folder / bundle.MANIFEST)
        build_data["force_include"] |= {
            str(path): f"dockgen/data/{bundle.BUNDLE}",
            str(folder / bundle.MANIFEST): f"dockgen/data/{bundle.MANIFEST}",
            **{str(root / path): f"dockgen/data/{path}" for path in bundle.questions(root)},
        }

    def finalize(self, version: str, *_: object) -> None:
        """Remove what ``initialize`` wrote."""
        if version != "editable":
            self.folder.cleanup()
