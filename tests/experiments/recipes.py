"""The demo's training at a size of seconds, out of this machine's own files."""

from experiments.demo.recipe import ExpertRecipe, Recipe

SUMS = ExpertRecipe("math", 30, "Sums", "CC0-1.0", "0.1 MB", "Generated.")
CODE = ExpertRecipe("code", 30, "This Python's modules", "BSD-3-Clause", "0.2 MB", "Top-level modules.")
LICENCES = ExpertRecipe("legal", 10, "Licences", "CC0-1.0", "0.2 MB", "What lies beside this Python's packages.")
TOPICS = ExpertRecipe("public", 10, "Topics", "PSF-2.0", "0.2 MB", "This Python's topics.")
TINY = Recipe(
    experts=(SUMS, CODE),
    neighbours=(LICENCES, TOPICS),
    anchor_steps=40,
    texts=("--local-fixture",),
    size=("--vocabulary", "512", "--width", "48", "--inner-width", "96", "--layers", "2", "--heads", "2"),
)
