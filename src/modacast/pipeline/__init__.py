"""The stages in order: the only place where they are put together and meet the store."""
