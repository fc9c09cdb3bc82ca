"""Checking Guildhall without trusting it: notes, trees, tiles, models, statements and certificates, by our own code.

Nothing here is the service's, and everything that is read may be an adversary's: sizes, depths and paths are bounded.
"""
