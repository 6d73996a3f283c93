"""Write a package index for the files in FOLDER/files: python index.py FOLDER ADDRESS.

It has a page of the simple index for each package, and PyPI's JSON for each version. ADDRESS is the
address of the index.
"""

import hashlib
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

folder, address = Path(sys.argv[1]), sys.argv[2]
pages, versions = defaultdict(list), defaultdict(list)
for file in sorted((folder / "files").iterdir()):
    name, version = file.name.removesuffix(".tar.gz").split("-")[:2]
    name = re.sub("[-_.]+", "-", name).lower()
    pages[name].append(f'<a href="../../files/{file.name}">{file.name}</a>\n')
    versions[name, version].append(
        {
            "filename": file.name,
            "packagetype": "bdist_wheel" if file.suffix == ".whl" else "sdist",
            "digests": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
            "url": f"{address}/files/{file.name}",
        }
    )
for name, links in pages.items():
    page = folder / "simple" / name / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!DOCTYPE html>\n" + "".join(links))
for (name, version), urls in versions.items():
    page = folder / "pypi" / name / version / "json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps({"info": {"name": name, "version": version}, "urls": urls}))
