"""What the client reads is what docs/openapi.yaml promises: every field of every shape, every operation by its name."""

import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from client import shapes
from client.api import Guildhall

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
SCHEMA_OF = {
    shapes.Role: "RoleOut",
    shapes.Person: "PersonOut",
    shapes.Organisation: "OrganisationOut",
    shapes.Invitation: "InvitationOut",
    shapes.NewInvitation: "NewInvitation",
    shapes.NewToken: "NewToken",
    shapes.Key: "KeyOut",
    shapes.Anchor: "AnchorOut",
    shapes.VersionBrief: "VersionBrief",
    shapes.Expert: "ExpertOut",
    shapes.ExpertDetail: "ExpertDetail",
    shapes.File: "FileOut",
    shapes.FileInParts: "FileWithParts",
    shapes.ArrivedPart: "ArrivedPart",
    shapes.SignedPart: "SignedPartOut",
    shapes.Check: "CheckOut",
    shapes.Version: "VersionOut",
    shapes.EvidenceFile: "EvidenceFileOut",
    shapes.AffectedModel: "AffectedOut",
    shapes.Withdrawal: "WithdrawalOut",
    shapes.Step: "StepOut",
    shapes.Recipient: "RecipientOut",
    shapes.Residuals: "ResidualsOut",
    shapes.WholeWithdrawal: "WithdrawalWhole",
    shapes.ProvenKey: "CertificateKeyOut",
    shapes.Certificate: "CertificateOut",
    shapes.Hold: "HoldOut",
    shapes.WithdrawalPreview: "PreviewOut",
    shapes.CompositionBrief: "CompositionBrief",
    shapes.RevisionBrief: "RevisionBrief",
    shapes.Model: "ModelOut",
    shapes.ModelDetail: "ModelDetail",
    shapes.Selector: "SelectorOut",
    shapes.Inclusion: "InclusionOut",
    shapes.Revision: "RevisionOut",
    shapes.Difference: "DifferenceOut",
    shapes.Tag: "TagOut",
    shapes.ExplainedExpert: "ExplainedExpert",
    shapes.DryRun: "DryRunOut",
    shapes.Refusal: "RefusalOut",
    shapes.Composition: "CompositionOut",
    shapes.LogEntry: "EntryOut",
    shapes.Checklist: "ChecklistOut",
    shapes.ChecklistItem: "ItemOut",
    shapes.Question: "QuestionOut",
    shapes.PolicySet: "PolicySetOut",
    shapes.WholePolicySet: "PolicySetWhole",
    shapes.Answer: "AnswerInRequest",
    shapes.Licence: "LicenceInRequest",
    shapes.Consent: "ConsentInRequest",
}
# Named after what they answer with, not after the operation: they are made of several, or of a part of one.
MADE_OF_SEVERAL = {"find_version", "try_model", "etag_of_version", "approve_version"}
OURS = {"connection", "url", "token"}


@pytest.mark.parametrize("shape", SCHEMA_OF, ids=lambda shape: shape.__name__)
def test_every_field_is_promised(shape: type) -> None:
    schema = DOCUMENT["components"]["schemas"][SCHEMA_OF[shape]]

    fields = get_type_hints(shape)

    assert set(fields) <= set(schema["properties"])
    assert getattr(shape, "__total__", True) is False or set(fields) <= set(schema["required"])


def test_every_shape_is_looked_at() -> None:
    mine = {value for value in vars(shapes).values() if isinstance(value, type) and value.__module__ == shapes.__name__}

    assert mine - set(SCHEMA_OF) == {shapes.Evidence}


def test_every_method_bears_the_name_of_its_operation() -> None:
    operations = {
        verb["operationId"] for path in DOCUMENT["paths"].values() for verb in path.values() if "tags" in verb
    }
    methods = {name for name in vars(Guildhall) if not name.startswith("_")} - MADE_OF_SEVERAL - OURS

    unknown = {name for name in methods if re.sub(r"_(.)", lambda m: m.group(1).upper(), name) not in operations}

    assert unknown == set()
