"""Servers that take documents, and steps with a queue of documents."""

import json

from tests.support.servers import USER_ID, Answer, HostileServer
from tests.support.servers import until as until_within


def until(condition):
    until_within(condition, 60)


def json_answer(value):
    return Answer(body=json.dumps(value).encode())


def taking(reads):
    """Take documents under these ids in turn; each is read as its list says, the last for ever."""
    ids = iter(reads)

    def answer(seen):
        if "/users" in seen.path:
            return json_answer({"results": []})
        if seen.method == "POST":
            return json_answer({"id": next(ids)})
        states = reads.get(seen.path.rsplit("/", 1)[1])
        if states is None:
            return json_answer({"results": []})
        state = states.pop(0) if len(states) > 1 else states[0]
        return state if isinstance(state, Answer) else json_answer(state)

    return HostileServer(answer)


def at(queue, key, *states):
    """Wait until a file is in one of these states, and give it."""
    until(lambda: queue.find(key).state in states)
    return queue.find(key)


def ready(queue, path, user=USER_ID, document_type="paystubs", **options):
    key = queue.add(path, user=user, document_type=document_type, **options)
    at(queue, key, "ready", "invalid")
    return key
