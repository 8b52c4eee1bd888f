"""The launcher: the one name that enters site-packages."""
