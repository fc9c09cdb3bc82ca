"""How large and how long. The budget is steps, never seconds, so that a run can be had again on any machine."""

from dataclasses import dataclass, field

from flexcore.training.anchor import Size

PUBLIC = "public"
DOMAINS = ("math", "code", "legal", "drama", "news", "medical", "discussion")  # the first three stand in Table 1
ALL = (PUBLIC, *DOMAINS)
TABLE_1 = DOMAINS[:3]
POSITIONS = 288  # 32 tokens of a prefix and 256 of its continuation, as the extraction test wants
EXTRACTED = "legal"  # whose training texts are asked for; math repeats its templates, so it would prove nothing
EPSILONS = ("none", "64", "8")  # of the extraction's domain, each document protected with delta = 1e-5
CONTROL = 8  # documents that the over-trained model sees
EPOCHS = 100


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a run, but its seed. `name` is part of every path."""

    name: str
    size: Size
    anchor_steps: int
    expert_steps: int
    btx_steps: int
    joint_steps: int
    tuning_steps: int
    test_bytes: int  # of each domain's held-out text
    tuned_bytes: int  # of each domain's validation text, for what has to be chosen
    prefixes: int  # texts whose continuation is asked for
    questions: int  # of each labelled set
    private_steps: int
    private_batch: int  # noise is as large for many documents as for few
    batch: int = 4
    top_k: int = 4
    replay: float = 0.25
    anchor_rate: float = 2e-3
    expert_rate: float = 5e-3  # the best of 2e-3, 5e-3 and 1e-2
    whole_rate: float = 2e-3  # where every weight moves; of 1e-3, 2e-3 and 4e-3, for dense models
    btx_rate: float = 1e-3  # and has to keep what it knows, for it sees public text alone
    domains: tuple[str, ...] = field(default=DOMAINS)


FULL = Recipe(
    name="full",
    size=Size(hidden_size=256, intermediate_size=704, layers=4, heads=8, positions=POSITIONS),
    anchor_steps=5000,
    expert_steps=300,
    btx_steps=200,
    joint_steps=600,
    tuning_steps=60,
    test_bytes=24_000,
    tuned_bytes=4_000,
    prefixes=40,
    questions=100,
    private_steps=40,
    private_batch=32,
)
SMALL = Recipe(
    name="small",
    size=Size(positions=POSITIONS),
    anchor_steps=2400,
    expert_steps=150,
    btx_steps=100,
    joint_steps=200,
    tuning_steps=40,
    test_bytes=24_000,
    tuned_bytes=8_000,
    prefixes=24,
    questions=40,
    private_steps=24,
    private_batch=24,
)
RECIPES = {recipe.name: recipe for recipe in (FULL, SMALL)}
