"""Migrations of the database, run by themselves when it is opened."""
