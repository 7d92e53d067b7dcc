"""What tests of a batch share: running one, and a look at the upload log and the service."""

import sqlite3
from contextlib import closing

from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.log import UploadKey
from tests.support.servers import client_of

SETTLE = 0.2


def run(server, manifest, upload_log, **options):
    """Run a batch; a service of the tests has settled within a moment."""
    with client_of(server) as client:
        return upload_batch(
            client, manifest, upload_log=upload_log, **({"confirm_timeout": SETTLE} | options)
        )


def states(upload_log):
    with closing(sqlite3.connect(upload_log)) as connection:
        return [row[0] for row in connection.execute("SELECT state FROM uploads ORDER BY name")]


def rows_of(upload_log):
    with closing(sqlite3.connect(upload_log)) as connection:
        rows = connection.execute("SELECT scope, sha256, document_type, user FROM uploads")
        return [UploadKey(*row) for row in rows]


def uploads_of(client, user):
    return list(client.list_uploads(user=user.id))
