"""Tocsin runs an organization's incident runbook, from the first signal to the published postmortem."""
