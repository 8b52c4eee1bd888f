"""Tables, append-only writes and the read model."""
