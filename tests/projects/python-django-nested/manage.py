import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "bakery"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
