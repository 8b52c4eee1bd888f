"""The processes: one file each, deterministic, each reads like the policy it carries out."""
