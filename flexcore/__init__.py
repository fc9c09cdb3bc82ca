"""The engine: tensors. Knows no Django and no queue."""
