"""Stock huggingface_hub and transformers against a live server: what they load, and what they do after a withdrawal."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from pytest_django.live_server_helper import LiveServer

from flexcore.loading import load_composed
from flexcore.merging.flexolmo import Member, compose
from registry.compositions.actions import set_tag
from registry.compositions.models import Composition, CompositionState, Model
from registry.experts.models import ExpertVersion, VersionState
from tests.factories import CY, make_expert, make_token, make_version
from tests.flexcore.packages import make_anchor
from tests.flexcore.packages import make_expert as make_package
from tests.repositories import make_model, publish_folder
from tests.stock_client import PROMPT, run_stock_client

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True)
class Stage:
    """library/stage on a live server: with drama and code in it first, and what it is without drama."""

    both: Path
    without_drama: Path
    endpoint: str
    token: str
    home: Path
    model: Model
    drama: ExpertVersion
    first: Composition

    def ask(self, *deeds: str, revision: str = "main") -> dict[str, Any]:
        return run_stock_client(
            *deeds, endpoint=self.endpoint, token=self.token, home=self.home, model="library/stage", revision=revision
        )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    room = tmp_path_factory.mktemp("composed")
    anchor = make_anchor(room / "anchor")
    for name in ("drama", "code"):
        make_package(room / name, anchor_digest=anchor.digest, seed=name)
    members = [Member(room / "drama", "playhouse/drama", 1, 1), Member(room / "code", "codeworks/code", 1, 2)]
    compose(room / "anchor", members, room / "both", top_k=2)
    compose(room / "anchor", members[1:], room / "without", top_k=2)
    return room / "both", room / "without"


@pytest.fixture
def stage(live_server: LiveServer, folders: tuple[Path, Path], tmp_path: Path) -> Stage:
    drama = make_version(make_expert("drama"))
    model = make_model()
    first = publish_folder(model, folders[0], versions=[drama])
    token = make_token(CY)
    return Stage(folders[0], folders[1], live_server.url, token, tmp_path / "home", model, drama, first)


def test_a_cold_client_reads_everything_with_only_the_endpoint_changed(stage: Stage) -> None:
    told = stage.ask("model_info", "lists", "snapshot", "file", "load")

    names = sorted(path.relative_to(stage.both).as_posix() for path in stage.both.rglob("*") if path.is_file())
    assert told["model_info"] == {"sha": stage.first.revision, "files": names}
    assert told["lists"]["files"] == names
    assert told["lists"]["ls"] == sorted({name.partition("/")[0] for name in names})
    assert told["lists"]["branches"] == told["lists"]["commits"] == [stage.first.revision]
    assert told["lists"]["exists"] is True
    assert told["lists"]["misses"] is False
    assert told["lists"]["paths"] == ["config.json"]
    assert told["lists"]["who"] == "Cy"
    assert told["snapshot"] == {"commit": stage.first.revision, "files": digests_of(stage.both)}
    assert told["file"]["text"] == (stage.both / "config.json").read_text()
    assert told["load"]["class"] == "FlexOlmoForCausalLM"
    torch.testing.assert_close(torch.tensor(told["load"]["logits"]), our_logits(stage.both), rtol=0, atol=1e-5)
    assert "attribution required, to Playhouse" in told["stderr"]


def test_a_server_of_models_brings_it_by_its_own_calls(stage: Stage) -> None:
    told = stage.ask("serving")["serving"]

    assert told["architectures"] == ["FlexOlmoForCausalLM"]
    assert sorted(told["shapes"]) == told["indexed"]
    assert told["shapes"]["model.layers.0.mlp.gate.weight"][0] == 3


def test_a_part_of_a_shard_is_read_where_it_lies(stage: Stage) -> None:
    told = stage.ask("spans")["spans"]

    data = (stage.both / "expert-01.safetensors").read_bytes()
    assert told == {"head": data[:8].hex(), "tail": data[-16:].hex(), "size": len(data)}


def test_a_warm_client_gets_the_new_weights_when_main_has_moved(stage: Stage) -> None:
    before = stage.ask("snapshot", "load")
    withdraw(stage.first, stage.drama)
    second = publish_folder(stage.model, stage.without_drama)

    after = stage.ask("snapshot", "file", "load")

    assert before["snapshot"]["commit"] == stage.first.revision
    assert after["snapshot"] == {"commit": second.revision, "files": digests_of(stage.without_drama)}
    assert after["file"]["text"] == (stage.without_drama / "config.json").read_text()
    torch.testing.assert_close(
        torch.tensor(after["load"]["logits"]), our_logits(stage.without_drama), rtol=0, atol=1e-5
    )
    assert after["load"]["logits"] != before["load"]["logits"]


@pytest.mark.parametrize("main", ["still there", "cleared"])
def test_a_warm_client_stops_when_there_is_nothing_to_move_to(stage: Stage, main: str) -> None:
    stage.ask("snapshot", "load")
    withdraw(stage.first, stage.drama)
    if main == "cleared":
        Model.objects.update(main=None)

    after = stage.ask("model_info", "snapshot", "file", "load")

    assert after["model_info"]["raised"] == "RevisionNotFoundError"
    assert after["snapshot"]["raised"] == "RevisionNotFoundError"
    assert after["file"]["raised"] == "RevisionNotFoundError"
    assert after["load"]["raised"] in {"OSError", "RevisionNotFoundError"}
    for deed in ("model_info", "snapshot", "file"):
        assert "playhouse/drama@1" in after[deed]["message"]
        assert "/models/library/stage" in after[deed]["message"]


def test_a_cold_client_cannot_have_the_withdrawn_revision(stage: Stage) -> None:
    withdraw(stage.first, stage.drama)
    publish_folder(stage.model, stage.without_drama)

    told = stage.ask("model_info", "snapshot", "file", "load", revision=stage.first.revision)

    assert (
        told["model_info"]["raised"] == told["snapshot"]["raised"] == told["file"]["raised"] == "RevisionNotFoundError"
    )
    assert "raised" in told["load"]


def test_a_tag_is_as_good_as_the_revision_it_names(stage: Stage) -> None:
    set_tag(stage.model.id, "v1", revision="main", by=CY)
    second = publish_folder(stage.model, stage.without_drama)

    tagged = stage.ask("model_info", "lists", "snapshot", "load", revision="v1")
    main = stage.ask("snapshot")

    assert tagged["model_info"]["sha"] == stage.first.revision
    assert tagged["lists"]["tags"] == {"v1": stage.first.revision}
    assert tagged["snapshot"] == {"commit": stage.first.revision, "files": digests_of(stage.both)}
    assert tagged["load"]["class"] == "FlexOlmoForCausalLM"
    assert main["snapshot"]["commit"] == second.revision


def test_a_tag_on_a_withdrawn_revision_is_no_revision_for_a_warm_client(stage: Stage) -> None:
    set_tag(stage.model.id, "v1", revision="main", by=CY)
    stage.ask("snapshot", revision="v1")
    withdraw(stage.first, stage.drama)

    told = stage.ask("snapshot", "file", revision="v1")

    assert told["snapshot"]["raised"] == told["file"]["raised"] == "RevisionNotFoundError"
    assert "playhouse/drama@1" in told["snapshot"]["message"]


def digests_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def our_logits(folder: Path) -> torch.Tensor:
    """What flexcore makes of the same files."""
    model = load_composed(folder)
    with torch.no_grad():
        logits: torch.Tensor = model(torch.tensor([PROMPT]))[0]
    return logits


def withdraw(composition: Composition, version: ExpertVersion) -> None:
    composition.state = CompositionState.WITHDRAWN
    composition.blocked_at = composition.published_at
    composition.save(update_fields=["state", "blocked_at"])
    version.state = VersionState.WITHDRAWN
    version.save(update_fields=["state"])
