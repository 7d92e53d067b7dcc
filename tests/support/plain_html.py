"""What a piece of HTML could do, and what it says."""

from html.parser import HTMLParser

PLAIN_TAGS = {
    "div", "strong", "span", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
PLAIN_ATTRIBUTES = {
    "class", "style", "scope", "role", "aria-label", "aria-hidden",
}  # fmt: skip


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.more = [], [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self._judge(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self._judge(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def handle_decl(self, decl):
        self.more.append(decl)

    def handle_comment(self, data):
        self.more.append(data)

    def handle_pi(self, data):
        self.more.append(data)

    def _judge(self, tag, attributes):
        self.more += {tag} - PLAIN_TAGS
        self.more += [name for name, _ in attributes if name not in PLAIN_ATTRIBUTES]
        self.more += [value for _, value in attributes if "url(" in value or "@" in value]


def texts_of_plain(html):
    """Give the texts of HTML that is nothing but text, tables and shapes, and fail if it is more.

    No script, no style sheet, no link, nothing that a browser would fetch.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.more == []
    assert reader.open == []
    return reader.texts
