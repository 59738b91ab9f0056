"""Questions in plain words, answered from the library alone: every figure is read, never made up."""
