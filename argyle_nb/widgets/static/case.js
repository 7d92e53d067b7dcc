// A document beside what is known of it, as the review queue and the explorer show it.

const LOOK_AGAIN_MS = 3000;
const FILE_ENDINGS = {
  "application/pdf": "pdf",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/heic": "heic",
};

// ------------------------------------------------------------------ the document

// It comes in slices, each asked for, is checked by its SHA-256 and shown as a blob of a type from
// the list above, never of one that others name.
class Paper {
  constructor(ask) {
    this.ask = ask;
    this.box = element("div", "argyle-paper");
    this.sheet = element("div", "argyle-sheet");
    this.open = element("a", "", "Open the document in a new tab");
    Object.assign(this.open, { target: "_blank", rel: "noopener", hidden: true });
    this.box.append(this.sheet, this.open);
    this.url = null;
    this.upload = null;
  }

  // Nothing of the last document stays on the page.
  clear(text) {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.upload = null;
    this.open.hidden = true;
    this.open.removeAttribute("href");
    this.sheet.replaceChildren(element("p", "", text));
    delete this.sheet.dataset.sha256;
  }

  begin(facts) {
    this.clear(`Fetching the document (${plural(facts.size, "byte")})`);
    Object.assign(this, { facts, upload: facts.upload, parts: [], received: 0 });
    this.ask({ upload: facts.upload, offset: 0 });
  }

  // True when the document is complete, shown or not.
  async take(slice, bytes) {
    if (slice.upload !== this.upload || slice.offset !== this.received) return false;
    // A copy: the message's memory may be used again.
    this.parts.push(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice());
    this.received += bytes.byteLength;
    const { size, upload } = this.facts;
    if (this.received < size && bytes.byteLength) {
      this.sheet.firstElementChild.textContent =
        `Fetching the document, ${Math.floor((100 * this.received) / size)} %`;
      this.ask({ upload, offset: this.received });
      return false;
    }
    const blob = new Blob(this.parts, { type: this.facts.media_type });
    this.parts = [];
    const problem = await this.faulty(blob);
    if (this.upload !== upload) return false;
    if (problem) this.sheet.replaceChildren(element("p", "", problem));
    else this.show(blob);
    return true;
  }

  async faulty(blob) {
    if (!(this.facts.media_type in FILE_ENDINGS)) return "This is not a PDF, JPEG, PNG or HEIC.";
    // Browsers digest only on secure pages: https, or this machine.
    if (!crypto.subtle) return "";
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    const bytes = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
    this.sheet.dataset.sha256 = bytes.join("");
    return bytes.join("") === this.facts.sha256
      ? ""
      : "The document did not arrive whole: go back and come again.";
  }

  show(blob) {
    this.url = URL.createObjectURL(blob);
    const name = `Document ${shown(this.facts.file_name)}`;
    const pdf = this.facts.media_type === "application/pdf";
    const view = element(pdf ? "iframe" : "img");
    if (pdf) view.title = name;
    else view.alt = name;
    view.addEventListener("error", () => {
      const text = "The browser cannot show this picture. Save it by the link below to look at it.";
      this.sheet.replaceChildren(element("p", "", text));
      this.open.download = `${this.facts.upload}.${FILE_ENDINGS[this.facts.media_type]}`;
      setText(this.open, "Save the document");
    });
    view.src = this.url;
    this.open.removeAttribute("download");
    setText(this.open, "Open the document in a new tab");
    this.open.href = this.url;
    this.open.hidden = false;
    this.sheet.replaceChildren(view);
  }
}

// ------------------------------------------------------------------ what is known of it

function signalText(signal) {
  const name = signal.display_name || signal.identifier;
  const times = Number(signal.signal_count);
  const facts = [
    signal.kind === "reason_code" ? `reason code, confidence ${signal.confidence || "unknown"}` : "",
    times > 1 ? `${times} times` : "",
    signal.page_number ? `page ${signal.page_number}` : "",
    signal.field_name,
  ].filter(Boolean);
  const change = signal.tampered_text
    ? `: “${signal.original_text}” became “${signal.tampered_text}”`
    : "";
  return `${name}${facts.length ? ` (${facts.join(", ")})` : ""}${change}`;
}

class About {
  constructor(again) {
    this.facts = element("dl", "argyle-facts");
    this.problem = element("p", "argyle-notice");
    this.problem.setAttribute("role", "alert");
    this.again = button("Fetch it again", again);
    this.signals = element("ul", "argyle-signals");
    this.fields = element("tbody");
    const table = element("table", "argyle-table");
    table.append(tableHead(["Field", "Value"]), this.fields);
    this.parts = [
      this.facts,
      this.problem,
      this.again,
      ...listOf("Signals and reason codes, the heaviest first", this.signals),
      ...listOf("What was read from it (OCR)", table),
    ];
    this.show(null);
  }

  show(facts) {
    const known = facts ?? { signals: [], fields: [], problem: "", score: null };
    setText(this.problem, known.problem);
    this.problem.hidden = this.again.hidden = !known.problem;
    const score = known.score === null ? "no score" : `${known.score}, ${known.level || "no level"}`;
    const rows = facts
      ? [
          ["Score", score, "argyle-score"],
          ["File", facts.file_name || "without a name"],
          ["Type", facts.document_type || "unknown"],
          ["Upload", facts.upload],
        ]
      : [];
    this.facts.replaceChildren(
      ...rows.flatMap(([name, text, className]) => {
        const value = element("dd", className);
        value.append(foreign(text));
        return [element("dt", "", name), value];
      }),
    );
    const signals = known.signals.map(signalText);
    if (!signals.length) signals.push(facts ? "none" : "");
    this.signals.replaceChildren(...signals.map((text) => wrap("li", foreign(text))));
    this.fields.replaceChildren(
      ...known.fields.map(({ field, value }) =>
        wrap("tr", wrap("td", foreign(field)), wrap("td", foreign(value))),
      ),
    );
  }
}

function listOf(title, list) {
  const box = region(element("div", "argyle-scroll argyle-list-box"), title);
  box.append(list);
  return [element("p", "argyle-title", title), box];
}
