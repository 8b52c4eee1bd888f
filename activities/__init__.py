"""The only door from a workflow to the world: mail, records, people."""
