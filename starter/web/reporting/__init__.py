"""Reporting a concern about somebody, without signing in; and what the reporter sees afterwards, by a code."""
