"""The same record in the model hub's protocol, for stock clients."""
