"""Write the pages of a simple index for the files in FOLDER/files: python index.py FOLDER."""

import re
import sys
from collections import defaultdict
from pathlib import Path

folder = Path(sys.argv[1])
pages = defaultdict(list)
for file in sorted((folder / "files").iterdir()):
    name = re.sub("[-_.]+", "-", file.name.split("-")[0]).lower()
    pages[name].append(f'<a href="../../files/{file.name}">{file.name}</a>\n')
for name, links in pages.items():
    page = folder / "simple" / name / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!DOCTYPE html>\n" + "".join(links))
