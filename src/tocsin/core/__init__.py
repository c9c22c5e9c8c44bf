"""The rules: pure functions of state, event, runbook and time. No I/O, no clock, no randomness, no logging."""
