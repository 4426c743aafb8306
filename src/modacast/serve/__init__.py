"""The edges: command line and report."""
