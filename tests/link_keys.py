"""Keys of mailed links, for tests."""

import base64
import json
import os
from pathlib import Path


def write_link_keys(path: Path) -> Path:
    """A file of link keys with one fresh key; answers the path."""
    key = base64.b64encode(os.urandom(32)).decode()
    path.write_text(json.dumps({"current": "links-1", "keys": {"links-1": key}}))
    return path
