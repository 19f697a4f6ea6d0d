"""One HTTP exchange with the provider, within bounds that no answer can widen.

- Redirects are not followed; a compressed answer is not accepted; at most 1 MiB of a body is read.
- The whole exchange takes at most 60 s, also where bytes come one by one.
- Every error becomes Unreachable, also those that a library raises over a hostile header.
"""

import asyncio
import ssl
from collections.abc import Mapping

import httpx

from uplink.delivery.responses import HttpAnswer
from uplink.errors import DeliveryError, Unreachable

REQUEST_TIMEOUT = 60.0  # seconds
MAX_ANSWER_BYTES = 1024 * 1024  # bytes


async def exchange_request(
    client: httpx.AsyncClient, method: str, url: str, content: bytes | None, headers: Mapping[str, str]
) -> HttpAnswer:
    """Send one request and read its answer to the end. Raises nothing but Unreachable."""
    try:
        async with (
            asyncio.timeout(REQUEST_TIMEOUT),
            client.stream(method, url, content=content, headers=headers) as response,
        ):
            return HttpAnswer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await _read_body(response),
            )
    except DeliveryError:
        raise
    except TimeoutError as why:
        raise Unreachable(f"no answer within {REQUEST_TIMEOUT:.0f} s") from why
    except (httpx.HTTPError, httpx.StreamError, ssl.SSLError) as why:
        raise Unreachable(_format_error(why)) from why
    except Exception as why:  # idna, unicode, overflow: whatever a header can bring about in a library
        raise Unreachable(f"an answer that cannot be read: {_format_error(why)}") from why


async def _read_body(response: httpx.Response) -> bytes:
    """Read the body as it came, at most 1 MiB. Raises Unreachable for more, or for a compressed one."""
    coding = response.headers.get("content-encoding", "identity")
    if coding != "identity":
        raise Unreachable(f"answered with content-encoding {coding}, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Unreachable(f"answered with more than {MAX_ANSWER_BYTES} bytes, which is no receipt")
    return bytes(body)


def _format_error(why: Exception) -> str:
    """Describe an error of httpx, which leaves some messages empty."""
    known: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "no connection within 10 s",
        httpx.ReadTimeout: "no answer within 30 s",
        httpx.RemoteProtocolError: "the connection broke before the answer was complete",
    }
    kind = known.get(type(why), type(why).__name__)
    return f"{kind}: {why}" if str(why) else kind
