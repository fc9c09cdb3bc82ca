"""Going on with a model, every weight of it: what dense experts, BTX and training on everybody's text together do.

Or its feed-forwards alone: what a FlexOlmo expert may move, without the frozen model beside it.
"""

from torch import Tensor

from flexcore.model.transformer import FlexOlmo
from flexcore.training.checkpoint import Checkpoint
from flexcore.training.corpus import Batch, Mixture
from flexcore.training.expert import Z_LOSS, z_loss
from flexcore.training.loop import Plan, train
from flexcore.training.surprise import next_token_nats


def train_whole(
    model: FlexOlmo,
    batches: Mixture,
    *,
    plan: Plan,
    checkpoint: Checkpoint,
    label: str,
    feed_forwards_only: bool = False,
) -> tuple[FlexOlmo, float]:
    """The model, trained in place, and its last bits per byte in training. Biases stay what they are.

    One expert alone has no router to learn; of several, all rows learn with the rest.
    """
    still = ("router_bias", "router_row") if model.num_experts == 1 else ("router_bias",)
    model.requires_grad_(False)
    weights = {
        name: weight
        for name, weight in model.named_parameters()
        if not name.endswith(still) and (not feed_forwards_only or ".mlp.experts." in name)
    }
    for weight in weights.values():
        weight.requires_grad_(True)

    def loss_of(batch: Batch) -> tuple[Tensor, Tensor]:
        hidden = model.hidden(batch.token_BS[:, :-1])
        nats = next_token_nats(model.lm_head(hidden.x_BSD), batch.token_BS)
        held = Z_LOSS * z_loss(hidden.logits_TA) if hidden.logits_TA else 0.0
        return nats + held, nats.detach()

    model.train()
    bits = train(weights, loss_of, batches, plan=plan, checkpoint=checkpoint, label=label)
    return model.requires_grad_(False).eval(), bits
