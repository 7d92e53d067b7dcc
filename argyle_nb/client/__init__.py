"""The Argyle API over HTTP: one method per call."""
