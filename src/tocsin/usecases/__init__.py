"""Load, decide, save: one transaction each (delivering: two)."""
