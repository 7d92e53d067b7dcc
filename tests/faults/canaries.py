"""Planted keys and a planted person, and which of them turned up."""

import base64

from tests.support.servers import KEY_ID, SECRET

BASIC = base64.b64encode(f"{KEY_ID}:{SECRET}".encode()).decode()
TOKEN, SIGNATURE = "canary-user-token-5c1e", "canary-signature-77aa"
KEYS = (KEY_ID, SECRET, BASIC)
# Numbers of a kind that is never given out.
PERSON = {
    "name": "Ada Canary",
    "ssn": "900-12-3456",
    "email": "ada.canary@mail.example",
    "external_id": "ada-canary-external",
    "file_name": "ada_canary_stub.pdf",
    "address": "12 Canary Road",
    "account": "4417-canary-1234",
}
PERSONAL = (*PERSON.values(), "900123456")


def found_in(text, canaries):
    return [canary for canary in canaries if canary in text]
