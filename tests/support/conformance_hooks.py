"""What the sandbox's description cannot say: a user must exist, and a document must be one.

Loaded by schemathesis in `tests/sandbox/test_conformance.py`, in a process of its own.
"""

import os
import re

import requests
import schemathesis

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PDF = b"%PDF-1.7\n"

session = requests.Session()
session.trust_env = False
session.auth = (os.environ["SANDBOX_KEY_ID"], os.environ["SANDBOX_KEY_SECRET"])
users = os.environ["SANDBOX_URL"] + "/v2/users"
description = session.get(os.environ["SANDBOX_URL"] + "/openapi.json").json()
loopback_url = description["components"]["schemas"]["WebhookSubscription"]["properties"]["url"]


def existing(user):
    """Keep a user that exists; replace an id that nobody has."""
    if not isinstance(user, str) or not UUID.fullmatch(user):
        return user
    if session.get(f"{users}/{user}").status_code == 200:
        return user
    return session.post(users, json={}).json()["id"]


def upload(case):
    """Name a user that exists, let random bytes begin as a PDF does, send one part a name."""
    if "user" in case.body:
        case.body["user"] = existing(case.body["user"])
    content = getattr(case.body.get("upload"), "data", case.body.get("upload"))
    if isinstance(content, bytes):
        case.body["upload"] = PDF + content
    for name in case.body.keys() - {"user", "document_type", "upload"}:
        case.body[name] = str(case.body[name])


def webhook(case):
    """Let nothing be delivered: behind this port nobody listens."""
    url = case.body.get("url")
    if not isinstance(url, str) or len(url) > loopback_url["maxLength"]:
        return
    if re.fullmatch(loopback_url["pattern"], url):
        case.body["url"] = "http://127.0.0.1:9/"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Make the request one that the description means."""
    change = {"POST /v2/user-uploads": upload, "POST /v2/webhooks": webhook}.get(
        case.operation.label
    )
    if change and isinstance(case.body, dict):
        change(case)
        # schemathesis takes every edited body that holds a file for an invalid one.
        case._record_starting_state()
