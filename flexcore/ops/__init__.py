"""What an operation means, in plain PyTorch; one file an op."""
