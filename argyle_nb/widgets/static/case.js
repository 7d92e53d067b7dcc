// A document beside what is known of it, as the review queue and the explorer show it.

const LOOK_AGAIN_MS = 3000;
const FILE_ENDINGS = {
  "application/pdf": "pdf",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/heic": "heic",
};
// Slices on their way at a time: enough for one to travel while others are read and put together.
const SLICES_IN_FLIGHT = 4;
// So many are drawn ahead, once the one that is shown is drawn; all else that came is only kept.
const DRAWN_AHEAD = 2;
const MOST_KEPT_BYTES = 2e8;
// The page fits the width and nothing stands beside it: in Chromium's viewer by `view` and
// `navpanes`, in Firefox's by `zoom` and `pagemode`.
const VIEWER = "#view=FitH&navpanes=0&zoom=page-width&pagemode=none";
const INCOMPLETE = "The download is incomplete. Select Reload document.";
const LARGEST_ZOOM = 6;
const ZOOM_STEP = 1.5;

// ------------------------------------------------------------------ the document

// One document on its way. It comes in slices, each asked for, is checked by its SHA-256 and shown
// as a blob of a type from the list above, never of one that others name.
class Copy {
  constructor(facts) {
    Object.assign(this, { facts, next: 0, received: 0, parts: new Map(), asked: new Set() });
    Object.assign(this, { url: null, view: null, problem: "", isDrawn: false, digest: "" });
    if (!(facts.media_type in FILE_ENDINGS)) this.problem = "This is not a PDF, JPEG, PNG or HEIC.";
  }

  // Whether the document is before the reader's eyes, or never will be.
  get isReady() {
    return Boolean(this.view || this.problem);
  }

  // The place of a slice to ask for.
  take() {
    const offset = this.next;
    if (this.problem || offset >= this.facts.size) return null;
    this.next += this.facts.slice;
    this.asked.add(offset);
    return { upload: this.facts.upload, offset };
  }

  put(offset, bytes) {
    if (!this.asked.delete(offset)) return;
    // A copy: the message's memory may be used again.
    this.parts.set(
      offset,
      new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice(),
    );
    this.received += bytes.byteLength;
    if (!bytes.byteLength) this.problem = INCOMPLETE;
  }

  get isWhole() {
    return this.received >= this.facts.size && !this.problem;
  }

  async check() {
    const inOrder = [...this.parts].sort(([one], [other]) => one - other).map(([, part]) => part);
    const blob = new Blob(inOrder, { type: this.facts.media_type });
    this.parts.clear();
    // Browsers digest only on secure pages: https, or this computer.
    if (crypto.subtle) {
      const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
      const bytes = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
      this.digest = bytes.join("");
      if (this.digest !== this.facts.sha256) {
        this.problem = INCOMPLETE;
        return;
      }
    }
    this.url = URL.createObjectURL(blob);
  }

  // Nothing of it stays on the page.
  drop() {
    this.view?.remove();
    if (this.url) URL.revokeObjectURL(this.url);
    Object.assign(this, { url: null, view: null, parts: new Map() });
  }
}

// The sheet on which documents lie over each other, the one that is shown on top. Those below are
// drawn already, so that the next comes up at once.
class Paper {
  // `ask` sends one question for a slice; `changed` hears that something new can be seen.
  constructor(ask, changed = () => {}) {
    Object.assign(this, { ask, changed, copies: new Map(), upload: null, zoom: 1 });
    this.box = element("div", "argyle-paper");
    this.sheet = element("div", "argyle-sheet");
    this.words = element("p");
    this.sheet.append(this.words);
    this.open = element("a", "", "Open the document in a new tab");
    Object.assign(this.open, { target: "_blank", rel: "noopener", hidden: true });
    this.zoomBar = element("div", "argyle-zoom");
    this.zoomBar.setAttribute("role", "group");
    this.zoomBar.setAttribute("aria-label", "Zoom");
    this.zoomBar.append(
      button("Zoom out", () => this.zoomTo(this.zoom / ZOOM_STEP)),
      button("Zoom in", () => this.zoomTo(this.zoom * ZOOM_STEP)),
      button("Fit width", () => this.zoomTo(1)),
    );
    const foot = element("div", "argyle-paper-foot");
    foot.append(this.open, this.zoomBar);
    this.box.append(this.sheet, foot);
    this.clear("");
  }

  // Lets all documents go, and says why none is shown.
  clear(text) {
    this.keep([]);
    this.show(null, text);
  }

  // One document alone.
  begin(facts) {
    this.keep([facts.upload]);
    this.add(facts);
    this.show(facts.upload);
  }

  // Lets all others go. The order is that in which they will be wanted.
  keep(uploads) {
    for (const [upload, copy] of this.copies) {
      if (uploads.includes(upload)) continue;
      copy.drop();
      this.copies.delete(upload);
    }
    this.wanted = uploads;
    this.goOn();
  }

  add(facts) {
    if (this.copies.has(facts.upload)) return;
    this.copies.set(facts.upload, new Copy(facts));
    this.goOn();
    this.refresh();
  }

  again(upload) {
    this.copies.get(upload)?.drop();
    this.copies.delete(upload);
  }

  show(upload, text = "Loading the document") {
    if (this.upload !== upload) this.zoom = 1;
    this.upload = upload;
    this.waiting = text;
    this.goOn();
    this.refresh();
  }

  isReady(upload) {
    return Boolean(this.copies.get(upload)?.isReady);
  }

  // The documents in the order in which they are wanted.
  inOrder() {
    const uploads = [this.upload, ...this.wanted.filter((upload) => upload !== this.upload)];
    return uploads.map((upload) => this.copies.get(upload)).filter(Boolean);
  }

  goOn() {
    let kept = 0;
    let inFlight = [...this.copies.values()].reduce((sum, copy) => sum + copy.asked.size, 0);
    let isIdle = true;
    for (const [place, copy] of this.inOrder().entries()) {
      kept += copy.facts.size;
      if (place && kept > MOST_KEPT_BYTES) break;
      if (place <= DRAWN_AHEAD && copy.url && !copy.view && isIdle) this.draw(copy);
      isIdle = isIdle && (copy.isDrawn || Boolean(copy.problem));
      while (inFlight < SLICES_IN_FLIGHT) {
        const slice = copy.take();
        if (!slice) break;
        inFlight += 1;
        this.ask(slice);
      }
    }
  }

  // True when the document is complete, shown or not.
  async take(slice, bytes) {
    const copy = this.copies.get(slice.upload);
    if (!copy) return false;
    copy.put(slice.offset, bytes);
    if (copy.isWhole && !copy.url && !copy.checked) {
      copy.checked = true;
      await copy.check();
      if (this.copies.get(slice.upload) !== copy) {
        copy.drop();
        return false;
      }
    }
    this.goOn();
    this.refresh();
    return Boolean(copy.url || copy.problem);
  }

  draw(copy) {
    const name = `Document ${shown(copy.facts.file_name || "without a file name")}`;
    const isPdf = copy.facts.media_type === "application/pdf";
    copy.view = isPdf ? this.pdfView(copy, name) : this.pictureView(copy, name);
    copy.view.classList.add("argyle-view");
    copy.view.style.visibility = "hidden";
    this.sheet.append(copy.view);
    this.refresh();
  }

  pdfView(copy, name) {
    if (navigator.pdfViewerEnabled === false) {
      return this.instead(copy, "This browser can't show PDF files here. Use the link below to open the document.");
    }
    const view = element("iframe");
    view.title = name;
    view.addEventListener("load", () => this.drawn(copy));
    view.src = copy.url + VIEWER;
    return view;
  }

  pictureView(copy, name) {
    const view = region(element("div", "argyle-picture"), name);
    const picture = element("img");
    picture.alt = name;
    picture.addEventListener("load", () => this.drawn(copy));
    picture.addEventListener("error", () => {
      const text = "The browser can't show this image. Use the link below to save it.";
      const words = this.instead(copy, text);
      copy.unseen = true;
      view.replaceWith(words);
      copy.view = words;
      this.drawn(copy);
    });
    picture.addEventListener("click", (event) => {
      this.zoomTo(this.zoom > 1 ? 1 : ZOOM_STEP ** 2, event);
    });
    picture.src = copy.url;
    view.append(picture);
    return view;
  }

  instead(copy, text) {
    const words = element("div", "argyle-view argyle-instead");
    words.append(element("p", "", text));
    copy.isDrawn = true;
    return words;
  }

  drawn(copy) {
    copy.isDrawn = true;
    this.goOn();
    this.refresh();
  }

  // Only what is shown can be seen, reached by Tab, or heard.
  refresh() {
    const copy = this.copies.get(this.upload);
    for (const one of this.copies.values()) {
      if (one.view) one.view.style.visibility = one === copy ? "visible" : "hidden";
    }
    setText(this.words, this.wordsFor(copy));
    this.words.hidden = Boolean(copy?.view);
    if (copy?.digest) this.sheet.dataset.sha256 = copy.digest;
    else delete this.sheet.dataset.sha256;
    this.link(copy);
    this.zoomBar.hidden = !copy?.view?.classList.contains("argyle-picture");
    this.enlarge(copy);
    if (copy?.isReady) this.changed();
  }

  wordsFor(copy) {
    if (!copy) return this.waiting;
    if (copy.problem) return copy.problem;
    const { received, facts } = copy;
    if (facts.size <= facts.slice) return "Loading the document";
    return `Loading the document: ${Math.floor((100 * received) / facts.size)}% of ${megabytes(facts.size)}`;
  }

  link(copy) {
    this.open.hidden = !copy?.url;
    if (!copy?.url) {
      this.open.removeAttribute("href");
      return;
    }
    this.open.href = copy.url;
    const { upload, media_type: type } = copy.facts;
    if (copy.unseen) this.open.download = `${upload}.${FILE_ENDINGS[type]}`;
    else this.open.removeAttribute("download");
    setText(this.open, copy.unseen ? "Save the document" : "Open the document in a new tab");
  }

  // What is under the mouse, or in the middle, stays where it is.
  zoomTo(zoom, at = null) {
    const view = this.copies.get(this.upload)?.view;
    const picture = view?.querySelector("img");
    if (!picture) return;
    const from = picture.getBoundingClientRect();
    const edge = view.getBoundingClientRect();
    const x = at ? at.clientX : edge.left + edge.width / 2;
    const y = at ? at.clientY : edge.top + edge.height / 2;
    const [acrossShare, downShare] = [(x - from.left) / from.width, (y - from.top) / from.height];
    this.zoom = Math.min(Math.max(zoom, 1), LARGEST_ZOOM);
    this.enlarge(this.copies.get(this.upload));
    const to = picture.getBoundingClientRect();
    view.scrollLeft += to.left + acrossShare * to.width - x;
    view.scrollTop += to.top + downShare * to.height - y;
  }

  enlarge(copy) {
    const picture = copy?.view?.querySelector("img");
    if (!picture) return;
    picture.style.width = `${100 * this.zoom}%`;
    copy.view.toggleAttribute("data-large", this.zoom > 1);
  }
}

// Slices of one document travel side by side, so each is a question of its own.
function sliceKey(slice) {
  return `slice ${slice.upload} ${slice.offset}`;
}

// ------------------------------------------------------------------ what is known of it

const NO_SCORE_REASONS = {
  in_progress: "still processing",
  processing_failed: "processing failed",
  not_enabled: "not enabled at Argyle",
  unsupported_type: "this type gets no score",
  detect_pending: "pending at Ocrolus",
  detect_unable_to_process: "Ocrolus couldn't process it",
  detect_unsupported: "not supported by Ocrolus",
  detect_deleted: "deleted at Ocrolus",
  not_started: "processing not started",
  no_score_returned: "Argyle returned no score",
  invalid_score: "Argyle returned an invalid score",
};
const NOTHING_READ = {
  failed: "No OCR data: OCR failed.",
  in_progress: "No OCR data yet: OCR is in progress.",
  idle: "No OCR data: OCR did not run.",
  unauthorized: "No OCR data: OCR is not authorized.",
};

function scoreText({ score, level, no_score: why }) {
  if (score === null) return why ? `none (${NO_SCORE_REASONS[why] ?? why})` : "none";
  return `${score}, ${level || "no level"}`;
}

// A signal in one line, what was changed below it.
function signalItem(signal) {
  const pages = signal.pages.length;
  const facts = [
    signal.confidence ? `${signal.confidence.toLowerCase()} confidence` : "",
    signal.code,
    pages ? `page${pages > 1 ? "s" : ""} ${signal.pages.join(", ")}` : "",
    signal.times > 1 ? `${signal.times} times` : "",
  ].filter(Boolean);
  const item = element("li");
  const name = element("span", "argyle-signal");
  name.append(foreign(signal.name));
  item.append(name);
  if (facts.length) item.append(" ", wrapIn("argyle-found", `(${facts.join(", ")})`));
  for (const [field, before, after] of signal.changes) {
    const change = element("div", "argyle-change");
    if (field) change.append(foreign(field.replaceAll("_", " ")));
    if (field && after) change.append(": ");
    if (after) change.append(foreignValue(before ? `“${before}” became “${after}”` : `“${after}”`));
    item.append(change);
  }
  return item;
}

function wrapIn(className, text) {
  const made = element("span", className);
  made.append(foreign(text));
  return made;
}

class About {
  constructor(again) {
    this.facts = element("dl", "argyle-facts");
    this.problem = element("p", "argyle-notice");
    this.problem.setAttribute("role", "alert");
    this.again = button("Reload document", again);
    this.signals = element("ul", "argyle-signals");
    this.fields = element("tbody");
    this.table = element("table", "argyle-table");
    this.table.append(tableHead(["Field", "Value"]), this.fields);
    this.nothing = element("p", "argyle-nothing");
    const read = element("div");
    read.append(this.table, this.nothing);
    this.parts = [
      this.facts,
      this.problem,
      this.again,
      ...listOf("Signals (highest impact first)", this.signals),
      ...listOf("OCR data", read),
    ];
    this.show(null);
  }

  // `borrower` is told by the table of uploads, where it knows one.
  show(facts) {
    const known = facts ?? { signals: [], fields: [], problem: "", score: null };
    setText(this.problem, known.problem ?? "");
    this.problem.hidden = this.again.hidden = !known.problem;
    this.showFacts(facts);
    this.showSignals(facts, known.signals ?? []);
    this.showFields(facts, known.fields ?? []);
  }

  showFacts(facts) {
    const rows = facts
      ? [
          ["Score", scoreText(facts), facts.score === null ? "" : "argyle-score"],
          ["Standing", facts.standing, "", facts.alike?.length ? smallHistogram(facts) : ""],
          ["Level preset", facts.level && facts.levels],
          ["Borrower", facts.borrower],
          ["Type", facts.document_type || "unknown"],
          ["File", facts.file_name || "no file name"],
          ["Upload ID", facts.upload],
        ].filter(([, text]) => text)
      : [];
    this.facts.replaceChildren(
      ...rows.flatMap(([name, text, className, picture = ""]) => {
        const value = element("dd", className);
        value.append(foreign(text), picture);
        return [element("dt", "", name), value];
      }),
    );
  }

  showSignals(facts, signals) {
    const items = signals.map(signalItem);
    const none = facts?.score === null ? "No score, so no signals." : "No signals found.";
    if (!items.length) items.push(element("li", "", facts?.signals ? none : ""));
    this.signals.replaceChildren(...items);
  }

  showFields(facts, fields) {
    this.table.hidden = !fields.length;
    const none = NOTHING_READ[facts?.ocr] ?? "No OCR data.";
    setText(this.nothing, fields.length || !facts?.fields ? "" : none);
    this.fields.replaceChildren(
      ...fields.map((read) =>
        wrap("tr", wrap("td", foreign(read.field)), wrap("td", foreignValue(read.value))),
      ),
    );
  }
}

// How many documents alike have which score, with a line at this one's.
function smallHistogram({ alike, score }) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", `0 0 ${6 * alike.length} 24`);
  picture.setAttribute("class", "argyle-alike");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `Histogram of their scores, 0 to 100, with this one at ${score}`);
  const bars = alike.map((count, place) => {
    const height = count && Math.max((24 * count) / Math.max(...alike), 1.5);
    return { x: 6 * place, y: 24 - height, width: 5, height };
  });
  const here = { x: (6 / 5) * Math.min(score, 98), y: 0, width: 2, height: 24 };
  for (const size of [...bars, here]) {
    const bar = document.createElementNS(picture.namespaceURI, "rect");
    for (const [name, value] of Object.entries(size)) bar.setAttribute(name, value);
    if (size === here) bar.setAttribute("class", "argyle-here");
    picture.append(bar);
  }
  return picture;
}

function listOf(title, list) {
  const box = region(element("div", "argyle-scroll argyle-list-box"), title);
  box.append(list);
  return [element("p", "argyle-title", title), box];
}
