"""Rules and shapes: pure functions over frozen models; no clock, no I/O, no Temporal."""
