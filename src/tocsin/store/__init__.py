"""The one database: functions that take a transaction; no class for a table."""
