"""What all tests share: no setting of the person who runs them reaches the product."""

import os

KEPT = ("PROMPTKEEPER_TEST_", "PROMPTKEEPER_REQUIRE_")

for name in [n for n in os.environ if n.startswith("PROMPTKEEPER_") and not n.startswith(KEPT)]:
    del os.environ[name]
