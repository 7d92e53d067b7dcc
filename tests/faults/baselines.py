"""Four clients as a competent analyst would write them, each in at most 40 lines.

Each uploads one document and gives its id, or raises. None knows what the others met with.
"""

from __future__ import annotations

import base64
import json
import time
import uuid

import requests
import stripe
from requests.adapters import HTTPAdapter
from urllib3 import encode_multipart_formdata
from urllib3.util.retry import Retry

PATH = "/v2/user-uploads"
TIMEOUT = 1.0


def plain(url, key, file, user, document_type):
    """`requests`, as in the documentation."""
    with file.open("rb") as stream:
        answer = requests.post(
            url + PATH,
            auth=key,
            data={"user": user, "document_type": document_type},
            files={"upload": (file.name, stream)},
            timeout=TIMEOUT,
        )
    answer.raise_for_status()
    return answer.json()["id"]


def with_retry(url, key, file, user, document_type):
    """`requests` with urllib3's `Retry`, allowed for POST too."""
    retry = Retry(
        total=3,
        backoff_factor=0.1,
        status_forcelist=[429, 500, 502, 503, 504],
        allowed_methods=None,
    )
    with requests.Session() as session:
        session.auth = key
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        answer = session.post(
            url + PATH,
            data={"user": user, "document_type": document_type},
            files={"upload": (file.name, file.read_bytes())},
            timeout=TIMEOUT,
        )
    answer.raise_for_status()
    return answer.json()["id"]


def loop(url, key, file, user, document_type):
    """A loop of four tries around the plain call; a clear refusal is not tried again."""
    for attempt in range(4):
        try:
            return plain(url, key, file, user, document_type)
        except requests.HTTPError as error:
            status = error.response.status_code
            if (400 <= status < 500 and status != 429) or attempt == 3:
                raise
        except (requests.RequestException, ValueError, KeyError):
            if attempt == 3:
                raise
        time.sleep(0.1 * 2**attempt)
    raise AssertionError("the last try returns or raises")


class _Stripe(stripe.RequestsClient):
    INITIAL_DELAY = 0.1


def stripes(url, key, file, user, document_type):
    """The transport of stripe-python, with its retries and its idempotency key."""
    upload = (file.name, file.read_bytes())
    form, content_type = encode_multipart_formdata(
        {"user": user, "document_type": document_type, "upload": upload}
    )
    headers = {
        "Authorization": "Basic " + base64.b64encode(":".join(key).encode()).decode(),
        "Content-Type": content_type,
        "Idempotency-Key": str(uuid.uuid4()),
    }
    body, status, _ = _Stripe(timeout=TIMEOUT).request_with_retries(
        "POST", url + PATH, headers, form, max_network_retries=3
    )
    if not 200 <= status < 300:
        raise RuntimeError(f"{status}: {body[:100]}")
    return json.loads(body)["id"]


BASELINES = {
    "plain requests": plain,
    "requests with Retry": with_retry,
    "a loop of four tries": loop,
    "stripe-python's transport": stripes,
}
