"""A consumer's standing request for a model, its builds, and the shards they share."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Organisation, Person
from registry.errors import WrongState
from registry.experts.models import Anchor, Expert, ExpertVersion
from registry.policy.models import Decision


class CompositionState(models.TextChoices):
    REQUESTED = "requested"
    DECIDED = "decided"
    ASSEMBLING = "assembling"
    VALIDATING = "validating"
    PROVING = "proving"  # its inclusions are on record; served once everybody can see that they are
    PUBLISHED = "published"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"  # taken out of use, for its versions or its licences; answers RevisionNotFound
    SUPERSEDED = "superseded"  # main has moved on; still served


S = CompositionState
ROADS: dict[str, set[str]] = {
    S.REQUESTED: {S.DECIDED, S.REFUSED, S.FAILED, S.CANCELLED},
    S.DECIDED: {S.ASSEMBLING, S.REFUSED, S.FAILED, S.CANCELLED},
    S.ASSEMBLING: {S.VALIDATING, S.FAILED, S.CANCELLED},
    S.VALIDATING: {S.PROVING, S.FAILED, S.CANCELLED},
    S.PROVING: {S.PUBLISHED, S.CANCELLED},
    S.PUBLISHED: {S.WITHDRAWN, S.SUPERSEDED},
    S.SUPERSEDED: {S.WITHDRAWN, S.PUBLISHED},
    S.REFUSED: set(),
    S.FAILED: set(),
    S.CANCELLED: set(),
    S.WITHDRAWN: set(),
}
RUNNING = {S.REQUESTED, S.DECIDED, S.ASSEMBLING, S.VALIDATING, S.PROVING}
SERVED = {S.PUBLISHED, S.SUPERSEDED}


class OnWithdrawal(models.TextChoices):
    RECOMPOSE = "recompose", "Compose again without it and move main"
    CLOSE = "close", "Leave the model without a main"


class Model(models.Model):
    """A standing request: an anchor, experts, a purpose. `main` is its newest valid revision."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    anchor = models.ForeignKey(Anchor, on_delete=models.PROTECT, related_name="+")
    experts = models.ManyToManyField(Expert, related_name="+")
    # {domains, organisations} instead of experts: all that there are, whenever that changes.
    selector = models.JSONField(null=True, blank=True)
    followed = models.CharField(max_length=71, blank=True)  # what there was when the selector was last looked up
    purpose = models.CharField(max_length=40)
    top_k = models.PositiveIntegerField(default=2)
    tuning = models.BooleanField(default=False)  # are router rows tuned on public text after the merge?
    on_withdrawal = models.CharField(max_length=16, choices=OnWithdrawal, default=OnWithdrawal.RECOMPOSE)
    main = models.ForeignKey("Composition", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="model_name_is_unique"),
            models.CheckConstraint(condition=models.Q(top_k__gte=1), name="top_k_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation.slug}/{self.name}"


class Composition(models.Model):
    """One build of a model: the exact recipe, and once it is assembled, its revision."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="compositions")
    state = models.CharField(max_length=16, choices=CompositionState, default=CompositionState.REQUESTED)
    recipe = models.JSONField(default=dict)
    recipe_digest = models.CharField(max_length=71)
    manifest = models.JSONField(default=dict)
    revision = models.CharField(max_length=40, blank=True)
    failure = models.TextField(blank=True)
    refusals = models.JSONField(default=list)  # [{expert, policy, reason}]
    decisions = models.ManyToManyField(Decision, related_name="+")
    # Of the licences and what they were read to say when this build was last found to go together; see licensing.py.
    terms_digest = models.CharField(max_length=71, blank=True)
    progress = models.JSONField(default=dict)  # {step, done, total}
    validation = models.JSONField(default=dict)
    included_entry = models.BigIntegerField(null=True, blank=True)  # the log's entry that tells of its inclusions
    requested_by = models.CharField(max_length=80)  # an actor: a person, or the propagator
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True, blank=True)
    blocked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Same recipe, one living build: composing twice is a look-up.
            models.UniqueConstraint(
                fields=["model", "recipe_digest"],
                condition=~models.Q(state__in=["refused", "failed", "cancelled", "withdrawn"]),
                name="one_living_build_of_a_recipe",
            ),
            # A newer request takes the place of a build that still runs.
            models.UniqueConstraint(
                fields=["model"],
                condition=models.Q(state__in=["decided", "assembling", "validating", "proving"]),
                name="one_running_build_of_a_model",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=CompositionState.values), name="composition_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["model", "revision"], name="composition_by_revision"),
            models.Index(fields=["recipe_digest"], name="composition_by_recipe"),
        ]

    def __str__(self) -> str:
        return f"composition:{self.id}"

    def move_to(self, state: CompositionState) -> None:
        if state not in ROADS[self.state]:
            raise WrongState(f"{self} is {self.state}; it cannot become {state}.")
        self.state = state


class Tag(models.Model):
    """A consumer's own name for a revision. It stays where it was put; what it names may be withdrawn."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(max_length=40)
    composition = models.ForeignKey(Composition, on_delete=models.PROTECT, related_name="tags")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="tag_names_one_revision")]

    def __str__(self) -> str:
        return self.name


class KeptAnswer(models.Model):
    """What a request that came with an Idempotency-Key was answered. Without a status it has not been answered yet."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=128)
    request_digest = models.CharField(max_length=71)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    location = models.CharField(max_length=200, blank=True)
    body = models.JSONField(null=True, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="key_means_one_request")]
        indexes = [models.Index(fields=["asked_at"], name="kept_answer_by_age")]

    def __str__(self) -> str:
        return self.key


class Inclusion(models.Model):
    """An expert version being part of a composition, in a slot."""

    composition = models.ForeignKey(Composition, on_delete=models.PROTECT, related_name="inclusions")
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    slot = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["composition", "version"], name="version_is_included_once"),
            models.UniqueConstraint(fields=["composition", "slot"], name="slot_is_filled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} in {self.composition_id}"


class Shard(models.Model):
    """One expert's bytes under the header of one slot; made on first need, shared by all compositions."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    data_digest = models.CharField(max_length=71)
    slot = models.PositiveIntegerField()
    digest = models.CharField(max_length=71)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)  # of the whole file, once somebody has read it
    key = models.CharField(max_length=200)
    made_at = models.DateTimeField(null=True, blank=True)  # null: being made

    class Meta:
        constraints = [models.UniqueConstraint(fields=["data_digest", "slot"], name="shard_is_made_once")]

    def __str__(self) -> str:
        return self.key


class RepositoryFile(models.Model):
    """One file of a composed repository: where its bytes are, and how clients recognise them."""

    composition = models.ForeignKey(Composition, on_delete=models.PROTECT, related_name="files")
    path = models.CharField(max_length=120)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=71)
    sha256 = models.CharField(max_length=64, blank=True)  # of the whole file, once it is known
    key = models.CharField(max_length=200, blank=True)  # empty: a paper

    class Meta:
        constraints = [models.UniqueConstraint(fields=["composition", "path"], name="repository_path_is_unique")]

    def __str__(self) -> str:
        return self.path


class Paper(models.Model):
    """The bytes of a file that tells of one build alone: few kB, which cost the database less than the store."""

    file = models.OneToOneField(RepositoryFile, on_delete=models.CASCADE, related_name="paper", primary_key=True)
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"paper {self.file_id}"


class TunedRouter(models.Model):
    """What a tuning made of the rows of one recipe. Something of each participant is left in it: it goes with them."""

    recipe_digest = models.CharField(max_length=71, unique=True)
    participants = models.ManyToManyField(ExpertVersion, related_name="+")
    router = models.BinaryField()  # router.safetensors
    measured = models.JSONField(default=dict)  # bits per byte of the proxies: {before, after}
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"router of {self.recipe_digest}"
