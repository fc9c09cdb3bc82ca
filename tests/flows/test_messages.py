"""On a running site a message goes out by itself, signed, and is tried again when it fails."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook as Judge

from client.api import Guildhall
from registry.embedded.supervisor import Site
from tests.flows.test_running_site import wait_for
from tests.listening import listening

PASSWORD = "a word by messenger"


@pytest.fixture(scope="module")
def reader(site: Site) -> Iterator[httpx.Client]:
    """Somebody who consumes for an organisation, with a token."""
    with Guildhall(site.url) as operator:
        operator.sign_in(site.operator_email, site.operator_password)
        operator.create_organisation("post-readers", "Post Readers", jurisdiction="DE")
        operator.create_person(
            "pia@post-readers.example", "Pia", password=PASSWORD, roles=[("post-readers", "consumer")]
        )
    with Guildhall(site.url) as pia:
        pia.sign_in("pia@post-readers.example", PASSWORD)
        token = pia.create_token("post", days=1)["token"]
    with httpx.Client(
        base_url=f"{site.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        yield client


def only_delivery(reader: httpx.Client) -> dict[str, Any]:
    found: list[dict[str, Any]] = reader.get("/organisations/post-readers/deliveries").json()["results"]
    return found[0]


@pytest.mark.timeout(300)
def test_a_ping_that_fails_first_arrives_with_the_same_id(site: Site, reader: httpx.Client) -> None:
    with listening(500, 200) as server:
        made = reader.post("/organisations/post-readers/webhooks", json={"url": server.url}).json()

        reader.post(f"/webhooks/{made['id']}/ping").raise_for_status()

        assert wait_for(lambda: only_delivery(reader)["state"] == "delivered", seconds=90), only_delivery(reader)
    messages = [Judge(made["secret"]).verify(body, headers) for headers, body in server.heard]
    assert [message["type"] for message in messages] == ["ping", "ping"]
    assert len({message["id"] for message in messages}) == 1
    assert only_delivery(reader)["attempts"] == 2


@pytest.mark.timeout(300)
def test_a_messenger_that_is_killed_in_the_middle_sends_the_same_message_again(
    site: Site, reader: httpx.Client
) -> None:
    with listening("hang", 200) as server:
        made = reader.post("/organisations/post-readers/webhooks", json={"url": server.url}).json()
        reader.post(f"/webhooks/{made['id']}/ping").raise_for_status()
        assert wait_for(lambda: len(server.heard) == 1, seconds=60)

        site.kill("messenger")

        assert wait_for(lambda: only_delivery(reader)["state"] == "delivered", seconds=90), only_delivery(reader)
    (first, again) = [Judge(made["secret"]).verify(body, headers) for headers, body in server.heard]
    assert first == again
    assert only_delivery(reader)["attempts"] == 1  # the first was never written down
