"""The notebook's user interface: what a script could do as well, made visible."""
