"""Which experts make a model; the manifest, the shards, the revisions."""
