"""Where organisations want to be told, and every message to them: what it says, how far it came, who has answered."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Organisation, Person


class Webhook(models.Model):
    """An address that an organisation wants messages posted to. Its secret is kept sealed, for we sign with it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    url = models.CharField(max_length=500)
    sealed_secret = models.TextField()
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_because = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "url"], condition=models.Q(disabled_at=None), name="webhook_is_there_once"
            )
        ]

    def __str__(self) -> str:
        return f"webhook:{self.id}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"  # is tried at `next_try_at`
    DELIVERED = "delivered"  # it was taken; where an acknowledgement is asked, reminders follow until there is one
    GIVEN_UP = "given-up"


class Delivery(models.Model):
    """One message to one webhook, or by mail to one person, in the name of an organisation.

    Taken is not acknowledged: only somebody of the organisation, or the code that the message carries, says so.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=60)
    about = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    body = models.JSONField(default=dict)
    asks = models.BooleanField(default=True)  # for an acknowledgement
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    reminders = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)  # null: nothing more is sent
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_answer = models.CharField(max_length=200, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(webhook__isnull=True) ^ models.Q(person__isnull=True), name="delivery_has_one_way"
            ),
            models.CheckConstraint(condition=models.Q(state__in=DeliveryState.values), name="delivery_state_is_known"),
            # Whoever is stopped while announcing may announce again: nobody is told the same thing twice.
            models.UniqueConstraint(
                fields=["kind", "about", "webhook"], condition=models.Q(webhook__isnull=False), name="posted_once"
            ),
            models.UniqueConstraint(
                fields=["kind", "about", "organisation", "person"],
                condition=models.Q(person__isnull=False),
                name="mailed_once",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(next_try_at__isnull=False), name="delivery_due"),
            models.Index(fields=["about", "kind"], name="delivery_by_subject"),
            models.Index(fields=["organisation", "-created_at"], name="delivery_by_organisation"),
        ]

    def __str__(self) -> str:
        return f"delivery:{self.id}"

    @property
    def channel(self) -> str:
        return "webhook" if self.webhook_id else "mail"

    @property
    def message_id(self) -> str:
        """The same at each retry, so that a receiver can drop doubles; another one for each reminder."""
        again = f"_r{self.reminders + 1}" if self.state == DeliveryState.DELIVERED else ""
        return f"msg_{self.id.hex}{again}"
