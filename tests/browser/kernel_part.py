"""A panel's page without a kernel: what the kernel says, and when, is up to the test."""

from typing import Any

from playwright.sync_api import Page

START = """async ([source, traits]) => {
  const hear = [];
  window.sent = [];
  window.say = message => hear.forEach(listener => listener(message, []));
  const model = {
    get: name => traits[name],
    on: (name, listener) => name === "msg:custom" && hear.push(listener),
    off() {},
    send: message => window.sent.push(message),
  };
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: exported } = await import(url);
  const widget = typeof exported === "function" ? exported() : exported;
  widget.initialize?.({ model });
  widget.render({ model, el: document.getElementById("panel") });
}"""


class KernelPart:
    """Hears what a panel's page asks, and answers when the test wants it."""

    def __init__(self, page: Page, panel: Any, **traits: Any) -> None:
        self._page = page
        page.set_content(f"<style>{panel._css}</style><div id=panel></div>")
        page.evaluate(START, [panel._esm, traits])

    @property
    def sent(self) -> list[dict[str, Any]]:
        """All that came from the page, in order."""
        sent: list[dict[str, Any]] = self._page.evaluate("() => window.sent")
        return sent

    def heard(self, *kinds: str) -> list[dict[str, Any]]:
        """What came from the page of these kinds, each without its kind and number."""
        left_out = ("kind", "number")
        return [
            {name: value for name, value in asked.items() if name not in left_out}
            for asked in self.sent
            if asked["kind"] in kinds
        ]

    def kinds(self, *but: str) -> list[str]:
        """The kinds of what came from the page, in order, but for these."""
        return [asked["kind"] for asked in self.sent if asked["kind"] not in but]

    def say(self, about: str, **content: Any) -> None:
        """Push something that was not asked for."""
        self._page.evaluate("message => window.say(message)", {"about": about, **content})

    def answer(self, about: str, **content: Any) -> None:
        """Answer the newest question of a kind, as soon as there is one."""
        self._page.wait_for_function(
            "kind => window.sent.some(asked => asked.kind === kind)", arg=about
        )
        number = [asked["number"] for asked in self.sent if asked["kind"] == about][-1]
        self.say(about, number=number, **content)
