"""One script per other optimiser; each runs in a virtual environment of its own, started by `peers.py`."""
