"""The application."""

import os

from site_ import create_app

app = create_app(os.getenv("BLOG_CONFIG") or "default")
