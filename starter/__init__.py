"""Everything that comes in from outside: pages, command line, sign-in."""
