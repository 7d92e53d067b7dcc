// The page of ReviewQueue: what is known of a document beside it, and the verdict on it.
//
// The kernel says which documents come next, and they are fetched ahead; the page goes on to the
// next at once and lets its verdicts follow, one after the other.

const VERDICTS = [
  ["genuine", "g", "Genuine"],
  ["fraudulent", "f", "Fraudulent"],
  ["unsure", "u", "Unsure"],
];
const SHOWN = [
  ["all", "All"],
  ["open", "No verdict"],
  ...VERDICTS.map(([verdict, , name]) => [verdict, name]),
];
const ORDERS = [
  ["lowest score", "Lowest score first"],
  ["given", "As in the table"],
];
// These leave the document that is shown, and only the kernel knows where to.
const MOVES = new Set(["undo", "back", "first", "go", "show"]);
const LIST_KEYS = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "Enter", " "];
const ROW_HEIGHT = 30;
const ROWS_ASKED = 60;
const QUIET_MS = 250;
const COMPARE_MS = 1000;
const TAB_MS = 500;
const GUARD_MS = 200;
const MOST_TRIES = 10;

// ------------------------------------------------------------------ the list

// All documents in their order, to jump to. Only rows in view are drawn, and asked for.
class DocumentList {
  constructor(ask, go) {
    Object.assign(this, { ask, go, rows: new Map(), drawn: new Map() });
    Object.assign(this, { total: 0, here: -1, active: 0, upload: null });
    // Keys for a list that is still to come, and the place that Enter was pressed on before its row
    // was here.
    Object.assign(this, { early: null, entered: -1 });
    this.box = element("div", "argyle-scroll argyle-queue");
    Object.assign(this.box, { tabIndex: 0, id: `argyle-queue-${Math.random().toString(36).slice(2)}` });
    this.box.setAttribute("role", "listbox");
    this.box.setAttribute("aria-label", "Documents of the queue");
    this.space = element("div", "argyle-queue-space");
    this.space.setAttribute("role", "presentation");
    this.box.append(this.space);
    this.box.addEventListener("scroll", () => this.draw());
    this.box.addEventListener("keydown", (event) => this.press(event));
    this.box.addEventListener("click", (event) => this.pick(event.clientY));
    this.box.addEventListener("focus", () => this.activate(Math.max(this.here, 0)));
  }

  // What is known may be old: rows in view are asked for again, as soon as verdicts pause.
  update(total, here) {
    const moved = here !== this.here || total !== this.total;
    Object.assign(this, { total, here });
    clearTimeout(this.due);
    this.due = setTimeout(() => this.askFor(this.first()), QUIET_MS);
    this.space.style.height = `${total * ROW_HEIGHT}px`;
    this.box.hidden = !total;
    if (moved && here >= 0) this.bring(here, this.box.clientHeight / 3);
    this.draw();
  }

  stop() {
    clearTimeout(this.due);
  }

  first() {
    return Math.max(0, Math.floor(this.box.scrollTop / ROW_HEIGHT) - 10);
  }

  askFor(start) {
    this.ask({ start, count: ROWS_ASKED });
  }

  take({ start, total, rows }) {
    if (this.early) return;
    if (total !== this.total) this.rows.clear();
    this.total = total;
    rows.forEach((row, i) => this.rows.set(start + i, row));
    this.space.style.height = `${total * ROW_HEIGHT}px`;
    this.draw();
    if (this.rows.has(this.entered)) this.enter();
  }

  // Another list was asked for: nothing is chosen from the old one any more.
  expectOther() {
    this.early ??= [];
    this.entered = -1;
    this.box.setAttribute("aria-busy", "true");
  }

  // The list that was asked for is here: keys that were pressed meanwhile are for it.
  renew() {
    const keys = this.early;
    if (!keys) return;
    this.early = null;
    this.box.removeAttribute("aria-busy");
    this.rows.clear();
    this.activate(Math.max(this.here, 0));
    for (const key of keys) this.pressed(key);
  }

  bring(place, margin = 0) {
    const top = place * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.box;
    const isAbove = top < scrollTop;
    if (!isAbove && top + ROW_HEIGHT <= scrollTop + clientHeight) return;
    this.box.scrollTop = isAbove ? top - margin : top + ROW_HEIGHT + margin - clientHeight;
  }

  draw() {
    const from = Math.max(0, Math.floor(this.box.scrollTop / ROW_HEIGHT) - 2);
    const to = Math.min(this.total, from + Math.ceil(this.box.clientHeight / ROW_HEIGHT) + 5);
    const drawn = new Map();
    let missing = null;
    for (let place = from; place < to; place += 1) {
      const row = this.rows.get(place);
      if (row) drawn.set(place, this.drawnOption(place, row));
      else missing ??= place;
    }
    for (const [place, option] of this.drawn) {
      if (drawn.get(place) !== option) option.remove();
    }
    [...drawn.values()].forEach((option, i) => {
      if (this.space.children[i] !== option) this.space.insertBefore(option, this.space.children[i]);
    });
    this.drawn = drawn;
    if (missing !== null) this.askFor(missing);
    const active = drawn.get(this.active);
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  // What has not changed stays, so that a screen reader does not begin anew.
  drawnOption(place, row) {
    const says = JSON.stringify([row, this.total, row.upload === this.upload]);
    let option = this.drawn.get(place);
    if (option?.says !== says) option = Object.assign(this.option(place, row), { says });
    option.toggleAttribute("data-active", place === this.active);
    return option;
  }

  option(place, row) {
    const made = element("div", "argyle-queue-row");
    made.id = `${this.box.id}-${place}`;
    made.dataset.place = place;
    made.style.top = `${place * ROW_HEIGHT}px`;
    made.setAttribute("role", "option");
    made.setAttribute("aria-setsize", this.total);
    made.setAttribute("aria-posinset", place + 1);
    made.setAttribute("aria-selected", row.upload === this.upload);
    const score = row.score === null ? "no score" : `${row.score} ${row.level}`;
    for (const text of [`${row.number}`, row.borrower || "–", row.document_type, score, row.verdict]) {
      // In one line, which `foreign` would break.
      made.append(wrap("span", element("bdi", "", shown(text || "–"))), " ");
    }
    if (row.verdict) made.dataset.verdict = row.verdict;
    return made;
  }

  show(upload) {
    this.upload = upload;
    this.draw();
  }

  activate(place) {
    this.active = Math.min(Math.max(place, 0), this.total - 1);
    this.bring(this.active);
    this.draw();
  }

  // By place: the row under the mouse may be drawn anew between press and release.
  pick(y) {
    const place = Math.floor((y - this.space.getBoundingClientRect().top) / ROW_HEIGHT);
    if (this.early || !this.rows.has(place)) return;
    this.active = place;
    this.enter();
  }

  // Waits for a row that is still on its way.
  enter() {
    const row = this.rows.get(this.active);
    this.entered = row ? -1 : this.active;
    if (row) this.go(row.upload);
    else this.draw();
  }

  press(event) {
    if (!LIST_KEYS.includes(event.key)) return;
    event.preventDefault();
    if (this.early) this.early.push(event.key);
    else this.pressed(event.key);
  }

  pressed(key) {
    const page = Math.floor(this.box.clientHeight / ROW_HEIGHT);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const enters = key === "Enter" || key === " ";
    if (enters) this.enter();
    else this.entered = -1;
    if (key in steps) this.activate(this.active + steps[key]);
    else if (key === "Home") this.activate(0);
    else if (key === "End") this.activate(this.total - 1);
  }
}

// Buttons of which one is pressed: unlike a list to choose from, they let letters pass.
class Choice {
  constructor(name, options, choose) {
    this.box = element("div", "argyle-choose");
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-label", name);
    this.buttons = new Map(
      options.map(([value, text]) => [value, button(text, () => choose(value))]),
    );
    this.texts = new Map(options);
    this.box.append(...this.buttons.values());
  }

  choose(chosen) {
    this.chosen = chosen;
    for (const [value, press] of this.buttons) press.setAttribute("aria-pressed", value === chosen);
  }

  count(counts) {
    for (const [value, press] of this.buttons) {
      setText(press, `${this.texts.get(value)} ${counts[value].toLocaleString("en")}`);
    }
  }
}

// ------------------------------------------------------------------ the panel

class ReviewPage {
  constructor(model, el) {
    this.model = model;
    const { panel, notice, status, tell } = panelOf(el, "Review queue", model);
    Object.assign(this, { panel, status, state: null, now: null, ahead: [], ended: false });
    Object.assign(this, { cases: new Map(), fetching: new Set(), unsaved: [] });
    this.tellNotice = () => tell(this.noticeText());
    panel.tabIndex = 0;
    this.talk = new Talk(
      model,
      (message, buffers) => this.hear(message, buffers),
      () => {
        this.tellNotice();
        this.offer();
      },
    );
    const askSlice = (slice) => this.talk.ask("slice", slice, sliceKey(slice));
    this.paper = new Paper(askSlice, () => this.offer());
    this.about = new About(() => this.reload());
    this.list = new DocumentList(
      (rows) => this.talk.ask("rows", rows),
      (upload) => this.go(upload),
    );
    panel.append(notice, this.head(), this.bar(), this.body(), this.end(), this.queue());
    panel.append(this.agreement());
    panel.addEventListener("keydown", (event) => this.press(event));
    this.holdKeys();
    this.showProgress(model.get("saved"));
    this.paper.clear("Waiting for the kernel");
    this.offer();
    this.talk.ask("open");
    // Should the news be lost that a document was fetched.
    this.clock = setInterval(() => {
      for (const upload of this.fetching) this.askCase(upload);
    }, LOOK_AGAIN_MS);
  }

  stop() {
    clearInterval(this.clock);
    clearInterval(this.guard);
    clearTimeout(this.comparing);
    window.removeEventListener("blur", this.takeBack);
    this.list.stop();
    this.talk.stop();
    this.paper.clear("");
  }

  // ---------------------------------------------------------------- its parts

  head() {
    const head = element("div", "argyle-head");
    this.count = element("div", "argyle-count");
    this.where = element("p", "argyle-where");
    this.how = element("p", "argyle-how");
    this.judged = element("progress", "argyle-judged");
    this.judged.setAttribute("aria-label", "Documents with your verdict");
    this.count.append(this.where, this.judged, this.how);
    this.reviewer = element("input", "argyle-input");
    this.reviewer.type = "text";
    this.reviewer.autocomplete = "off";
    // Before the field is left, else verdicts would seem impossible until then.
    this.reviewer.addEventListener("input", () => this.offer());
    this.reviewer.addEventListener("change", () =>
      this.talk.ask("open", { reviewer: this.reviewer.value.trim() }),
    );
    this.reviewer.addEventListener("keydown", (event) => {
      // From the name straight to the keys; leaving the field is what writes it down.
      if (event.key === "Enter") this.focusPanel();
    });
    head.append(this.count, labelled("Reviewer name (required)", this.reviewer));
    return head;
  }

  bar() {
    const bar = element("div", "argyle-verdicts");
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Your verdict");
    this.why = element("p", "argyle-hint argyle-why");
    this.why.id = `argyle-why-${Math.random().toString(36).slice(2)}`;
    this.verdicts = VERDICTS.map(([verdict, key, name]) => {
      const press = this.command(name, key, (event) => this.judgeByClick(verdict, event));
      press.classList.add("argyle-verdict", `argyle-verdict-${verdict}`);
      // What was aimed at is what is judged, should another document come up meanwhile.
      press.addEventListener("pointerdown", () => (this.aimed = this.now?.upload));
      return press;
    });
    this.undoing = this.command("Undo", "z", () => this.undo());
    this.undoing.classList.add("argyle-undo");
    this.back = this.command("Back", "", () => this.move("back", this.whyNoBack()));
    this.next = this.command("Next", "n", () => this.skip());
    // Beside the buttons, for the list below may be out of sight.
    bar.append(...this.verdicts, this.undoing, this.back, this.next, this.status, this.why);
    return bar;
  }

  // A button that cannot be used says why, and so must take clicks and the focus.
  command(name, key, act) {
    const press = button(name, act);
    press.setAttribute("aria-describedby", this.why.id);
    if (key) {
      press.setAttribute("aria-keyshortcuts", key);
      press.append(" ", element("kbd", "", key));
    }
    return press;
  }

  body() {
    this.note = element("textarea", "argyle-input");
    this.note.rows = 2;
    this.before = element("p", "argyle-before");
    const about = element("div", "argyle-about");
    const [facts, ...rest] = this.about.parts;
    const note = labelled("Note (saved with the verdict)", this.note);
    about.append(facts, this.before, note, ...rest);
    this.case = element("div", "argyle-case");
    this.case.append(this.paper.box, about);
    return this.case;
  }

  end() {
    this.ending = element("div", "argyle-end");
    this.endWords = element("p", "argyle-where");
    this.rest = button("", () => this.move("first"));
    this.ending.append(this.endWords, this.rest);
    this.ending.hidden = true;
    return this.ending;
  }

  queue() {
    const box = element("div", "argyle-queue-box");
    this.filter = new Choice("Show", SHOWN, (shown) =>
      this.view("show", this.filter, { shown }),
    );
    this.order = new Choice("Order", ORDERS, (order) =>
      this.view("sort", this.order, { order }),
    );
    const bar = element("div", "argyle-queue-bar");
    bar.append(this.filter.box, this.order.box);
    const names = element("div", "argyle-queue-row argyle-queue-names");
    names.setAttribute("aria-hidden", "true");
    for (const name of ["No.", "Borrower", "Type", "Score", "Verdict"]) {
      names.append(element("span", "", name));
    }
    this.none = element("p", "argyle-nothing");
    box.append(element("p", "argyle-title", "Documents"), bar, names, this.list.box, this.none);
    return box;
  }

  agreement() {
    this.agreed = element("div", "argyle-agreement");
    return this.agreed;
  }

  // ---------------------------------------------------------------- what the kernel says

  hear(message, buffers) {
    if (message.about === "judge") this.saved(message);
    if (message.error) {
      // What the page took for done was not: the kernel says where the queue stands.
      if (!this.isBusy()) this.talk.ask("open");
      return;
    }
    switch (message.about) {
      case "case":
        this.takeCase(message);
        break;
      case "slice":
        this.paper.take(message, buffers[0]);
        break;
      case "ready":
        if (this.fetching.has(message.upload)) this.askCase(message.upload);
        break;
      case "want":
        // What was here already is not announced again.
        for (const upload of message.here) if (this.fetching.has(upload)) this.askCase(upload);
        break;
      case "rows":
        this.list.take(message);
        break;
      case "agreement":
        this.showAgreement(message.pairs);
        break;
      default:
        this.takeState(message);
    }
  }

  saved({ error }) {
    const { name, verdict } = this.unsaved.shift() ?? {};
    if (error) this.tell(`Not saved: ${name} is ${verdict}. ${error}`);
    else this.done = `Saved: ${name} is ${verdict}.`;
  }

  isBusy() {
    return this.talk.tells(() => true);
  }

  isMoving() {
    return this.talk.tells((change) => MOVES.has(change.kind));
  }

  takeState(state) {
    const isOther = this.state?.reviewer !== state.reviewer;
    this.state = state;
    if (this.reviewer !== document.activeElement) this.reviewer.value = state.reviewer;
    const [first, ...rest] = state.line;
    const place = state.line.findIndex(({ upload }) => upload === this.now?.upload);
    if (place >= 0) this.ahead = state.line.slice(place + 1);
    // Further verdicts are on their way: the page is ahead of the kernel.
    if (!this.isBusy()) {
      this.ahead = rest;
      if (first?.upload !== this.now?.upload || state.about !== "judge") this.present(first);
      // What was written meanwhile stays.
      if (isOther && this.note.value === this.givenNote) this.giveNote(first?.note ?? "");
      if ("undone" in state) this.giveNote(state.undone);
      setText(this.status, [this.done, this.nowText()].filter(Boolean).join(" "));
      this.done = "";
    } else if (!this.now && this.ahead.length) {
      this.advance();
    }
    this.showProgress(state);
    if (!this.talk.tells(isOtherList)) {
      this.filter.choose(state.shown);
      this.order.choose(state.order);
    }
    this.filter.count(this.counts(state));
    this.list.update(state.listed, state.here);
    if (!this.talk.tells(isOtherList)) this.list.renew();
    setText(this.none, state.listed ? "" : "No document has this verdict. Select All.");
    this.compare();
    this.want();
  }

  counts({ documents, said }) {
    const done = Object.values(said).reduce((sum, n) => sum + n, 0);
    return { all: documents, open: documents - done, ...said };
  }

  // The document that is shown, the next ones and the last one, in the order they are wanted: an
  // undone verdict leads back.
  want() {
    if (!this.state) return;
    const ahead = this.ahead.slice(0, this.state.fetched_ahead);
    const uploads = [this.now, ...ahead].map((row) => row?.upload);
    const wanted = [...new Set([...uploads, this.unsaved.at(-1)?.upload ?? this.state.last])];
    this.wanted = wanted.filter(Boolean);
    this.talk.ask("want", { uploads: this.wanted });
    this.keep(this.wanted);
  }

  keep(wanted) {
    for (const upload of this.cases.keys()) if (!wanted.includes(upload)) this.cases.delete(upload);
    for (const upload of this.fetching) if (!wanted.includes(upload)) this.fetching.delete(upload);
    this.paper.keep(wanted);
    for (const upload of wanted) {
      if (!this.cases.has(upload)) this.fetching.add(upload);
    }
  }

  askCase(upload, again = false) {
    this.talk.ask("case", { upload, again }, `case ${upload}`);
  }

  takeCase(facts) {
    const { upload } = facts;
    if (facts.fetching || !this.fetching.delete(upload)) return;
    this.cases.set(upload, facts);
    if (facts.size) this.paper.add(facts);
    if (upload === this.now?.upload) this.showCase();
  }

  reload() {
    const { upload } = this.now;
    this.cases.delete(upload);
    this.paper.again(upload);
    this.fetching.add(upload);
    this.showCase();
    this.askCase(upload, true);
  }

  // ---------------------------------------------------------------- what is shown

  // Without a row there is none to show: the end of the queue, or what comes is not known yet.
  present(row) {
    const other = row?.upload !== this.now?.upload;
    this.now = row ?? null;
    this.ended = !row && (!this.isBusy() || Boolean(this.state?.is_all));
    this.case.hidden = this.ended;
    this.ending.hidden = !this.ended;
    if (this.ended) this.showEnd();
    if (other || !row) this.giveNote(row?.note ?? "");
    setText(this.before, row?.verdict ? `Your earlier verdict: ${row.verdict}.` : "");
    this.list.show(row?.upload);
    this.showCase();
    this.want();
    setText(this.where, this.placeText());
    this.offer();
  }

  giveNote(text) {
    this.note.value = this.givenNote = text;
  }

  showCase() {
    const { now } = this;
    if (!now) {
      this.about.show(null);
      this.paper.show(null, "Loading the next document");
      return;
    }
    const facts = this.cases.get(now.upload);
    this.about.show(facts ? { ...facts, borrower: now.borrower } : now);
    const isMissing = facts && !facts.size;
    this.paper.show(now.upload, isMissing ? "Document not available." : "Loading the document");
    this.offer();
  }

  placeText() {
    if (!this.state) return "";
    if (this.now) {
      const { number } = this.now;
      return `Document ${number.toLocaleString("en")} of ${this.state.documents.toLocaleString("en")}`;
    }
    return this.ended ? "End of the queue" : "Loading the next document";
  }

  nowText() {
    if (!this.now) return `${this.placeText()}.`;
    const { number } = this.now;
    const place = `document ${number.toLocaleString("en")} of ${this.state.documents.toLocaleString("en")}`;
    return `Now showing ${place}: ${shown(this.now.file_name || "no file name")}.`;
  }

  showEnd() {
    const { open } = this.counts(this.state);
    const words = open
      ? `${plural(open, "document")} ${open === 1 ? "has" : "have"} no verdict.`
      : "All documents reviewed.";
    setText(this.endWords, words);
    setText(this.rest, `Review ${open === 1 ? "it" : `these ${open.toLocaleString("en")}`}`);
    this.rest.hidden = !open;
  }

  showProgress({ place, documents, said, sampled }) {
    const done = Object.values(said).reduce((sum, n) => sum + n, 0);
    const parts = VERDICTS.map(([verdict]) => `${said[verdict]} ${verdict}`).join(", ");
    const why = sampled
      ? "Random sample: results can be extrapolated to all uploads."
      : "Not a random sample: results apply to these documents only.";
    if (!this.state) {
      setText(this.where, place > documents ? "End of the queue" : `Document ${place} of ${documents}`);
    } else if (this.ended) this.showEnd();
    setText(this.how, `${done} of ${documents} reviewed: ${parts}. ${why}`);
    Object.assign(this.judged, { max: documents, value: done });
  }

  // Comparing takes longer than a verdict, and waits for a pause.
  compare() {
    clearTimeout(this.comparing);
    this.comparing = setTimeout(() => this.talk.ask("agreement"), COMPARE_MS);
  }

  showAgreement(pairs) {
    const lines = pairs.filter((pair) => Number(pair.documents) > 0).map(agreementText);
    const title = element("p", "argyle-title", "Reviewer agreement");
    const parts = lines.map((text) => element("p", "", text));
    this.agreed.replaceChildren(...(parts.length ? [title, ...parts] : []));
  }

  noticeText() {
    const { notice } = this.talk;
    const waiting = this.unsaved.length;
    if (!notice || !waiting || this.talk.troubled) return notice;
    return `${notice} Not saved yet: ${plural(waiting, "verdict")}.`;
  }

  tell(text) {
    // Said anew even if it is the same: a screen reader must hear it again.
    this.status.textContent = "";
    this.status.textContent = text;
  }

  // ---------------------------------------------------------------- what cannot be done, and why

  whyNoVerdict() {
    if (!this.state) return "Waiting for the kernel.";
    if (this.ended) return "No document to review.";
    if (!this.reviewer.value.trim()) return "Enter your name to save verdicts.";
    if (!this.now || this.isMoving()) return "Loading the next document.";
    const facts = this.cases.get(this.now.upload);
    const isHere = facts && (!facts.size || this.paper.isReady(this.now.upload));
    return isHere ? "" : `Loading ${this.name()}.`;
  }

  whyNoUndo() {
    if (!this.state) return "Waiting for the kernel.";
    return this.state.last || this.unsaved.length ? "" : "No verdict to undo in this panel yet.";
  }

  whyNoBack() {
    if (!this.state) return "Waiting for the kernel.";
    return this.now?.number === 1 ? "This is the first document." : "";
  }

  whyNoNext() {
    if (!this.state) return "Waiting for the kernel.";
    return this.ended ? "End of the queue." : "";
  }

  offer() {
    const why = this.whyNoVerdict();
    for (const press of this.verdicts) offerButton(press, why);
    offerButton(this.undoing, this.whyNoUndo());
    offerButton(this.back, this.whyNoBack());
    offerButton(this.next, this.whyNoNext());
    const keys = "Shortcuts: g genuine, f fraudulent, u unsure, n next, z undo. Esc leaves a text field.";
    setText(this.why, why || keys);
  }

  name(row = this.now) {
    return shown(row.file_name || `document ${row.number}`);
  }

  // ---------------------------------------------------------------- what the reviewer does

  judge(verdict) {
    const why = this.whyNoVerdict();
    if (why) {
      this.tell(`No verdict saved. ${why}`);
      return;
    }
    const { upload } = this.now;
    const note = this.note.value.trim();
    this.unsaved.push({ upload, verdict, name: this.name() });
    this.talk.tell("judge", { upload, verdict, note, reviewer: this.reviewer.value.trim() });
    this.tellNotice();
    this.advance();
  }

  judgeByClick(verdict, { detail }) {
    if (detail && this.aimed !== this.now?.upload) {
      this.tell("No verdict saved. Another document came up while you clicked.");
    } else {
      this.judge(verdict);
    }
  }

  advance() {
    this.present(this.ahead.shift());
  }

  skip() {
    const why = this.whyNoNext();
    if (why) this.tell(why);
    if (why || !this.now || this.isMoving()) return;
    this.talk.tell("skip", { upload: this.now.upload });
    this.advance();
  }

  undo() {
    this.move("undo", this.whyNoUndo());
  }

  move(kind, why = "", content = {}) {
    if (why) this.tell(why);
    else this.talk.tell(kind, content);
    this.offer();
  }

  go(upload) {
    if (upload !== this.now?.upload) this.move("go", "", { upload });
  }

  // What was chosen is shown at once: the next click is on what stands there.
  view(kind, choice, content) {
    const [value] = Object.values(content);
    if (!this.state || value === choice.chosen) return;
    choice.choose(value);
    this.list.expectOther();
    this.move(kind, "", content);
  }

  press(event) {
    const typing = event.target.matches("input, textarea");
    if (typing && event.key === "Escape") this.focusPanel();
    const key = event.key.toLowerCase();
    const isUndo = key === "z" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const modified = (event.ctrlKey || event.metaKey || event.altKey) && !isUndo;
    if (typing || event.repeat || modified) return;
    const found = VERDICTS.find(([, letter]) => letter === key);
    if (found) this.judge(found[0]);
    else if (key === "n") this.skip();
    else if (key === "z") this.undo();
    else return;
    event.preventDefault();
  }

  focusPanel() {
    this.panel.focus({ preventScroll: true });
  }

  // After any click the keys are the panel's: on a button, which Space would press again, on a text,
  // and in the viewer of a document, which would keep them.
  holdKeys() {
    this.panel.addEventListener("click", (event) => {
      const { target, detail } = event;
      const keeps = target.closest("input, textarea, a, [role=listbox], .argyle-picture");
      if (detail && !keeps) this.focusPanel();
    });
    // Who comes to the viewer by Tab wants its keys: to scroll, to search.
    let tabbedAt = -Infinity;
    let isTabbed = false;
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Tab") tabbedAt = performance.now();
    });
    this.panel.addEventListener("focusin", ({ target }) => {
      if (target.tagName !== "IFRAME") tabbedAt = -Infinity;
    });
    let tries = 0;
    const look = () => {
      const here = document.activeElement;
      const isViewer = here?.tagName === "IFRAME" && this.panel.contains(here);
      if (isViewer && !isTabbed) tries = Math.max(tries, 1);
      if (!tries) return;
      // On the way back they may get lost between the two windows: who has the focus here need not
      // have the keys. In the end the reviewer may have gone to another window.
      const isBack = document.hasFocus() && !isViewer && here !== document.body;
      tries = isBack || tries > MOST_TRIES ? 0 : tries + 1;
      if (!tries) return;
      here?.blur();
      window.focus();
      this.focusPanel();
    };
    // A click in a frame is not heard here, but that the window has lost the keys to it; the frame
    // may take them again once its viewer is there.
    this.takeBack = () => {
      isTabbed = performance.now() - tabbedAt < TAB_MS;
      setTimeout(look);
    };
    window.addEventListener("blur", this.takeBack);
    this.guard = setInterval(look, GUARD_MS);
    this.panel.addEventListener("mouseover", ({ target }) => {
      // What comes after the mouse is a click of the mouse.
      tabbedAt = -Infinity;
      if (target.tagName === "IFRAME") return;
      isTabbed = false;
      look();
    });
  }
}

// Whether a change asks for other documents in the list, or for another order of them.
function isOtherList({ kind }) {
  return kind === "show" || kind === "sort";
}

function offerButton(press, why) {
  press.setAttribute("aria-disabled", Boolean(why));
  press.title = why;
}

function agreementText(pair) {
  const number = (text) => (text === "" ? "not defined" : Number(text).toFixed(2));
  const interval =
    pair.kappa_ci_low === ""
      ? ""
      : ` (95% CI ${number(pair.kappa_ci_low)} to ${number(pair.kappa_ci_high)})`;
  return (
    `${shown(pair.reviewer)} and ${shown(pair.other)}: ` +
    `${(100 * Number(pair.agreed)).toFixed(1)}% agreement on ` +
    `${plural(Number(pair.documents), "document")}, ` +
    `Cohen's kappa ${number(pair.kappa)}${interval}`
  );
}

function render({ model, el }) {
  const page = new ReviewPage(model, el);
  return () => page.stop();
}

export default { render };
