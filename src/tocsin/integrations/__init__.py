"""Integrations: one file for each outside system. They see `tocsin.sdk` and nothing else."""
