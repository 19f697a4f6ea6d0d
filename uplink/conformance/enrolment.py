"""The clauses about enrolled agents: signatures, clocks, ownership, renewal."""

import time

from uplink.conformance.clauses import Clause
from uplink.conformance.probe import BackendProbe, ClauseBroken, expect_problem
from uplink.identity import identity


async def check_signature(probe: BackendProbe) -> None:
    event = probe.build_heartbeat()
    answer = await probe.post(event, headers={"webhook-signature": "v1a,AAAA"})
    expect_problem(answer, 401, "a wrong signature", "signature-refused")
    expect_problem(
        await probe.post(event, headers={"webhook-signature": ""}), 401, "a request without a signature"
    )


async def check_signature_age(probe: BackendProbe) -> None:
    for shift in (-3600.0, 3600.0):
        answer = await probe.post(probe.build_heartbeat(), at=time.time() + shift)
        expect_problem(answer, 401, f"a signature {shift / 60:+.0f} minutes off", "signature-stale")


async def check_unknown_agent(probe: BackendProbe) -> None:
    headers = {"authorization": "Bearer credential-of-an-agent-that-is-not-known"}
    answer = await probe.post(probe.build_heartbeat(), headers=headers)
    expect_problem(answer, 401, "a credential that was never given", "unknown-agent")


async def check_ownership(probe: BackendProbe) -> None:
    own = probe.build_heartbeat()
    agent = own["data"]["agent"]
    foreign = [
        probe.build_heartbeat(agent=agent | {"site_id": f"{probe.site_id}-other"}),
        probe.build_heartbeat(agent=agent | {"agent_id": "another-agent"}),
        probe.build_heartbeat() | {"source": f"/sites/{probe.site_id}-other"},
    ]
    results = [(line["result"], line.get("problem")) for line in await probe.send(*foreign, own)]
    if results != [("rejected", "urn:problem-type:mps:event-foreign")] * 3 + [("accepted", None)]:
        raise ClauseBroken(
            f"events of another site, agent and source, and an own one, were answered {results}"
        )


async def check_renewal(probe: BackendProbe) -> None:
    if probe.identity is None:
        return
    before = probe.identity
    probe.identity = await identity.renew_identity(probe.client, probe.url, before)
    await probe.send(probe.build_heartbeat())
    probe.identity, renewed = before, probe.identity
    try:
        await probe.send(probe.build_heartbeat())  # the answer with the new one might have been lost
    finally:
        probe.identity = renewed


ENROLMENT_CLAUSES = (
    Clause(number="5.2", text="a wrong signature is 401, signature-refused", check=check_signature),
    Clause(
        number="5.3",
        text="a signature older than 5 minutes is 401, signature-stale",
        check=check_signature_age,
    ),
    Clause(number="5.4", text="an unknown credential is 401, unknown-agent", check=check_unknown_agent),
    Clause(
        number="5.5",
        text="an event of another agent or site is rejected, event-foreign",
        check=check_ownership,
    ),
    Clause(
        number="5.6", text="a renewed credential works, and the one before it still does", check=check_renewal
    ),
)
