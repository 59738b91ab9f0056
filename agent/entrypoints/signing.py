"""The secret that signs the audit log."""

import os

AUDIT_KEY = "PROMPTKEEPER_AUDIT_KEY"


def audit_key() -> bytes:
    """The secret of the audit log's HMAC, from the environment only; empty where none is set."""
    return os.environ.get(AUDIT_KEY, "").encode()
