"""The paper's questions at a size that fits a desk."""
