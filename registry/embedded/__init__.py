"""PostgreSQL, Valkey and SeaweedFS out of wheels, for a machine that has none."""
