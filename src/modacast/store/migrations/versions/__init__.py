"""One file a step; a step is never changed after a release, only followed by another."""
