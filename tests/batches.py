"""What tests of a batch share: running one, and a look at the journal and the service."""

import sqlite3
from contextlib import closing

from argyle_nb.batch import upload_batch
from tests.servers import client_of


def run(server, manifest, journal, **options):
    with client_of(server) as client:
        return upload_batch(client, manifest, journal=journal, **options)


def states(journal):
    with closing(sqlite3.connect(journal)) as connection:
        return [row[0] for row in connection.execute("SELECT state FROM uploads ORDER BY name")]


def uploads_of(client, user):
    return list(client.list_uploads(user=user.id))
