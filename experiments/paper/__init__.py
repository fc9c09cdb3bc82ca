"""The paper's questions at desk size: one anchor, an expert for each closed domain, and what they are compared with.

`python -m experiments.paper` trains and measures what is missing, keeps each seed's figures in experiments/results/ and
writes docs/experiments.md from them.
"""
