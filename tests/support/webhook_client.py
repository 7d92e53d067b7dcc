"""A plain client of one sandbox that subscribes, uploads and looks into the queue."""

from __future__ import annotations

import requests

PDF = b"%PDF-1.7\n% an invented paystub\n"
SECRET = "an invented secret"
ADDED, READ, REMOVED = (
    "user_uploads.added",
    "user_uploads.ocr_completed",
    "user_uploads.removed",
)


class Api:
    """A plain client of one sandbox."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.auth = (sandbox.api_key_id, sandbox.api_key_secret)

    def __call__(self, method, path, **options):
        return self.session.request(method, self.sandbox.url + path, timeout=60, **options)

    def subscribe(self, target, events="*", **fields):
        url = target if isinstance(target, str) else target.url + "/hook?from=argyle"
        body = {"events": events, "name": "mine", "url": url, **fields}
        answer = self("POST", "/v2/webhooks", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def user(self):
        return self("POST", "/v2/users", json={}).json()["id"]

    def upload(self, user):
        data = {"user": user, "document_type": "paystubs"}
        files = {"upload": ("stub.pdf", PDF)}
        return self("POST", "/v2/user-uploads", data=data, files=files).json()

    def waiting(self):
        """How many deliveries are still queued."""
        with self.sandbox._running.store.database.read() as connection:
            return connection.execute("SELECT count(*) FROM deliveries").fetchone()[0]
