"""Finds the SNMPv3 context in which a printer answers (RFC 3411, 3.3.1): not all answer in the default one.

    first request, in the default context
        values of a printer ..................... done: nothing more is sent
        a Report, an error, or only `system` .... the contexts of its maker, each once, until one has values
        silence or a refusal of the credential .. the same, if the printer is asked for the first time
    none of them has values ..................... the default one, from now on

The maker is the enterprise number in the engine id. The result is part of the printer's request strategy, and
stored with it: it is searched neither in the next poll nor after a restart.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from agent.core.errors import NoAnswer, ReadingError, RefusedByDevice, WrongCredential
from agent.snmp.codec import NO_ERROR, TOO_BIG, SnmpReply
from agent.snmp.oid import oid
from agent.snmp.reader import MissingValue
from agent.snmp.request_strategy import RequestStrategy

SYSTEM = oid("1.3.6.1.2.1.1")  # RFC 3418; many engines have it in each context

Send = Callable[[RequestStrategy, bool], Awaitable[SnmpReply]]
"""Sends the first request by this strategy; True: with fewer repeats."""


def lacks_printer(reply: SnmpReply) -> bool:
    """Tell if a reply has no value of a printer: only errors, missing values, and the `system` group."""
    if reply.error_status not in {NO_ERROR, TOO_BIG}:
        return True
    found = (name for name, value in reply.varbinds if not isinstance(value, MissingValue | None))
    return reply.error_status == NO_ERROR and all(name.startswith(SYSTEM) for name in found)


async def search_context(
    send: Send, list_contexts: Callable[[], Sequence[str]], strategy: RequestStrategy, *, first_time: bool
) -> tuple[SnmpReply, RequestStrategy]:
    """Send the first request, and find the context in which it is answered best.

    `first_time`: nothing was learned of this printer, so its silence may be the context's. Returns the reply,
    and the strategy from now on. Raises the error of the default context if no context is better.
    """
    reply, refused = None, None
    try:
        reply = await send(strategy, False)
    except (NoAnswer, WrongCredential, RefusedByDevice) as why:
        if not (first_time or isinstance(why, RefusedByDevice)):
            raise
        refused = why
    if reply is not None and not lacks_printer(reply):
        return reply, strategy
    contexts = list_contexts()
    for context in contexts:
        tried = replace(strategy, context=context)
        try:
            found = await send(tried, True)
        except ReadingError:
            continue
        if not lacks_printer(found):
            return found, tried
    if refused is not None or reply is None:
        raise refused or NoAnswer("")
    return reply, replace(strategy, context="") if contexts else strategy
