"""What all tests share: no setting of the person who runs them reaches the product."""

import os
import signal

KEPT = ("PROMPTKEEPER_TEST_", "PROMPTKEEPER_REQUIRE_")

for name in [n for n in os.environ if n.startswith("PROMPTKEEPER_") and not n.startswith(KEPT)]:
    del os.environ[name]

# A shell starts background jobs deaf to Ctrl-C; the programs that tests start and interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
