"""The registry's state told twice, by the log and by the tables; any difference is an incident."""
