"""Merging experts: FlexOlmo's way and its peers, each of which answers as one model does (`texts.Logits`)."""
