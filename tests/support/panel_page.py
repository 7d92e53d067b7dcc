"""What a page does with a panel, and what a notebook keeps of it."""

import json

from ipywidgets.embed import embed_data


class Browser:
    """Asks a panel and hears its answers, as the page does."""

    def __init__(self, panel):
        self.panel, self.heard, self.count = panel, [], 0
        panel.send = lambda content, buffers=None: self.heard.append((content, buffers))

    def ask(self, kind, number=None, **content):
        self.count += 1
        number = number or f"page-{self.count}"
        self.panel._handle_custom_msg({"kind": kind, "number": number, **content}, [])
        answers = [told for told, _ in self.heard if told.get("number") == number]
        return answers[-1]


def state_of(panel):
    """What a notebook saves of a panel."""
    return json.dumps(embed_data(views=[panel]))
