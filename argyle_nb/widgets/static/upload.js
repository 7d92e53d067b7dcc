// The browser's side of UploadPanel. The kernel holds the states of documents; what it pushes may be
// lost, so each push has a version, and while things move the kernel is asked for the newest. Files
// on their way to the kernel are told by the Copier. All are rows of one list.

const LOOK_WHILE_MOVING_MS = 5000;
const SAY_MS = 1000;
const SEARCH_MS = 250;
const OVERSCAN_PX = 300;
const FIRST_HEIGHT_PX = 62;

// What the kernel leaves out of a row.
const NEW_ROW = {
  name: "",
  size: 0,
  modified: 0,
  found: "",
  type: "",
  guess: true,
  user: "",
  state: "looking",
  fraction: 0,
  message: "",
  how: "",
  duplicate: "",
  kind: "",
  score: null,
  level: "",
  signal_count: null,
  uploaded: false,
};
const MOVING = ["looking", "waiting", "sending", "reading"];
const DOUBTFUL = ["not_confirmed", "possible_match"];
const CHANGEABLE = ["looking", "ready", "rejected_by_argyle", "not_sent"];
const FAILED = ["invalid", "rejected_by_argyle", "not_sent", "not_confirmed", "possible_match"];
// Where each row is counted, in the order in which the counts are told: the name of the count, the
// icon, and whether somebody has to do something about it.
const COUNTS = {
  copying: ["being copied", "↑"],
  looking: ["being checked", "…"],
  untyped: ["without a document type", "?", true],
  ready: ["ready", "○"],
  waiting: ["waiting", "…"],
  sending: ["uploading", "↑"],
  reading: ["waiting for results", "↻"],
  scored: ["scored", "✓"],
  unscored: ["uploaded (type gets no score)", "–"],
  failed_processing: ["uploaded (no score returned)", "⚠", true],
  unread: ["uploaded (status pending)", "⚠", true],
  duplicate: ["duplicate (not sent)", "="],
  cancelled: ["canceled", "–"],
  failed: ["not copied", "⚠", true],
  invalid: ["invalid", "✕", true],
  rejected_by_argyle: ["rejected by Argyle", "⚠", true],
  not_sent: ["not sent", "⚠", true],
  not_confirmed: ["not confirmed", "⚠", true],
  possible_match: ["possible match found", "⚠", true],
};
const NAMES = {
  invalid: "Invalid file",
  rejected_by_argyle: "Rejected by Argyle",
  not_sent: "Not sent",
  not_confirmed: "Not confirmed",
  possible_match: "Possible match found",
  unread: "Status pending",
  failed: "Not copied",
  cancelled: "Canceled",
};
const EARLIER = {
  at: "When (UTC)",
  name: "File",
  type: "Document type",
  borrower: "Borrower",
  state: "State",
  upload: "Upload ID",
  reason: "Reason",
};
const KEEP_TYPES = "Keep each file's type";
const SEARCH_HINT = "External ID, email or user ID";

// Where a row is counted.
function countOf(row, scored) {
  if (row.state === "arrived") return "looking";
  if (row.state === "ready" && !row.type) return row.guess ? "looking" : "untyped";
  if (row.duplicate && ["reading", "done"].includes(row.state)) return "duplicate";
  if (row.state !== "done") return row.state;
  if (row.score !== null) return "scored";
  return scored.has(row.kind || row.type) ? "failed_processing" : "unscored";
}

function fillOptions(select, types, first) {
  select.replaceChildren(
    ...[["", true], ...types].map(([type, isScored]) => {
      const option = element("option", "", type ? type + (isScored ? "" : " (no score)") : first);
      option.value = type;
      return option;
    }),
  );
}

function typeSelect(name) {
  const select = element("select", "argyle-input");
  select.setAttribute("aria-label", name);
  return select;
}

function timeText(seconds) {
  if (seconds < 60) return "less than a minute left";
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `about ${minutes} min left` : `about ${(minutes / 60).toFixed(1)} h left`;
}

// ------------------------------------------------------------------ users

// Looks for users as somebody writes; one list of suggestions serves all fields.
class Users {
  constructor(ask, changed) {
    this.ask = ask;
    this.changed = changed;
    this.known = new Map();
    this.fields = 0;
    this.list = element("datalist");
    this.list.id = `argyle-users-${Math.random().toString(36).slice(2)}`;
  }

  // What is written in it counts once the field is left, or flushed; the hint says whose name it is.
  field(name, hint, act) {
    const input = element("input", "argyle-input");
    Object.assign(input, { type: "text", autocomplete: "off", spellcheck: false });
    input.setAttribute("list", this.list.id);
    input.setAttribute("aria-label", name);
    input.placeholder = "Borrower";
    input.addEventListener("focus", () => this.search(input.value));
    hint.id = `${this.list.id}-${++this.fields}`;
    input.setAttribute("aria-describedby", hint.id);
    input.flush = () => {
      if (!input.written) return;
      input.written = false;
      this.search(input.value);
      act(input.value.trim());
    };
    input.addEventListener("input", () => {
      input.written = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(input.value), SEARCH_MS);
    });
    input.addEventListener("change", input.flush);
    return input;
  }

  search(text) {
    this.ask("users", { text: text.trim() });
  }

  take({ text, users, words }) {
    this.known.set(text, words);
    this.list.replaceChildren(
      ...users.map(({ value, label }) => {
        const option = element("option");
        option.value = shown(value);
        option.label = shown(label);
        return option;
      }),
    );
    this.changed();
  }

  describe(text) {
    return text ? shown(this.known.get(text) ?? "") : "";
  }
}

// ------------------------------------------------------------------ one row

class Row {
  constructor(key, table) {
    this.key = key;
    this.table = table;
    this.item = element("li", "argyle-document");
    this.icon = element("span", "argyle-icon");
    this.icon.setAttribute("aria-hidden", "true");
    this.name = element("span", "argyle-file");
    this.found = element("span", "argyle-found");
    this.type = typeSelect("Document type");
    this.whose = element("span", "argyle-found");
    this.user = table.users.field("Borrower", this.whose, (user) => this.set({ user }));
    this.typeSaid = element("span", "argyle-found");
    this.userSaid = element("bdi", "argyle-found");
    this.state = element("span", "argyle-said");
    this.bar = element("progress", "argyle-bar");
    this.bar.max = 1;
    this.actions = element("span", "argyle-actions");
    this.type.addEventListener("change", () => this.set({ document_type: this.type.value }));
    // What came meanwhile is shown once nobody chooses any more.
    for (const field of [this.type, this.user]) {
      field.addEventListener("blur", () => this.showChoices(this.row));
    }
    const cells = [
      [this.icon],
      [this.name, this.found],
      [this.type, this.typeSaid],
      [this.user, this.whose, this.userSaid],
      [this.state, this.bar],
      [this.actions],
    ];
    for (const nodes of cells) {
      const cell = element("div", "argyle-cell");
      cell.append(...nodes);
      this.item.append(cell);
    }
    this.offered = null;
  }

  set(content) {
    this.table.set(this.key, content);
  }

  get isOpen() {
    return CHANGEABLE.includes(this.row.state) && this.table.alive;
  }

  update(row, place, count) {
    const isRenamed = this.row?.name !== row.name;
    this.row = row;
    const named = shown(row.name);
    if (isRenamed) {
      this.name.replaceChildren(foreign(row.name));
      this.type.setAttribute("aria-label", `Document type of ${named}`);
      this.user.setAttribute("aria-label", `Borrower of ${named}`);
    }
    this.item.setAttribute("aria-posinset", place + 1);
    this.item.setAttribute("aria-setsize", count);
    setText(this.found, [row.size ? megabytes(row.size) : "", row.found].filter(Boolean).join(", "));
    this.showChoices(row);
    this.showState(row, named);
  }

  showChoices(row) {
    const open = this.isOpen;
    this.type.hidden = this.user.hidden = this.whose.hidden = !open;
    setText(this.userSaid, open ? "" : shown(row.user));
    if (!open) {
      setText(this.typeSaid, row.type);
      return;
    }
    if (!this.type.options.length) fillOptions(this.type, this.table.types, "Select type");
    // What somebody is choosing now is not changed behind their back.
    if (this.type !== document.activeElement) this.type.value = row.type;
    setText(this.typeSaid, this.typeHint(row));
    this.type.toggleAttribute("data-missing", !row.type && !row.guess);
    if (this.user !== document.activeElement && !this.user.written) this.user.value = row.user;
    const { users, allUsers } = this.table;
    const user = this.user.value.trim();
    setText(this.whose, user === allUsers.value.trim() ? "" : users.describe(user));
  }

  typeHint(row) {
    if (!row.type) return row.guess ? "Recognizing" : "Not recognized";
    return row.guess ? "Suggested" : "";
  }

  showState(row, named) {
    const count = countOf(row, this.table.scored);
    const [, icon, isBad = false] = COUNTS[count];
    setText(this.icon, icon);
    const message = count === "untyped" ? "Select a document type" : row.message;
    const text = [NAMES[row.state] ?? "", shown(message)].filter(Boolean).join(": ");
    if (row.state === "done" && row.score !== null) {
      this.showScore(row);
    } else {
      this.scored = null;
      setText(this.state, text);
    }
    this.item.dataset.state = row.state;
    this.item.dataset.count = count;
    this.item.toggleAttribute("data-bad", isBad);
    this.bar.hidden = row.state !== "sending" && (row.state !== "copying" || !row.fraction);
    this.bar.value = row.fraction;
    this.bar.setAttribute(
      "aria-label",
      row.state === "copying" ? `Copying ${named} to the Jupyter server` : `Uploading ${named}`,
    );
    this.offer(row, named);
  }

  showScore(row) {
    const number = row.signal_count;
    const count = number === null ? "" : number ? plural(number, "signal") : "no signals";
    const kind = row.kind === row.type ? "" : `reclassified as ${row.kind}`;
    const facts = [`${row.level} authenticity`, count, kind].filter(Boolean).join("; ");
    const said = `${row.how} ${row.score} ${facts}`;
    if (this.scored === said) return;
    this.scored = said;
    const how = element("span", "argyle-how", shown(row.how));
    const score = element("strong", "argyle-score", String(row.score));
    score.dataset.level = row.level;
    this.state.replaceChildren(how, score, element("span", "", ` ${shown(facts)}`));
  }

  offer(row, named) {
    const labels = this.table.alive ? this.labels(row) : [];
    const offered = `${labels.join()} ${named}`;
    if (this.offered === offered) return;
    this.offered = offered;
    this.actions.replaceChildren(
      ...labels.map((label) => {
        const made = button(label, () => this.table.act(label, this.key));
        made.setAttribute("aria-label", `${label} ${named}`);
        return made;
      }),
    );
  }

  labels(row) {
    const { state } = row;
    if (state === "copying") return this.table.isHere(this.key) ? ["Cancel"] : ["Choose again", "Cancel"];
    if (state === "unread") return ["Refresh status", "Open", "Clear"];
    if (countOf(row, this.table.scored) === "failed_processing") {
      return ["Refresh status", "Open", "Clear"];
    }
    if (state === "done") return ["Open", "Clear"];
    if (state === "ready" || state === "invalid") return ["Remove"];
    const isAgain = FAILED.includes(state) || state === "failed" || state === "cancelled";
    return isAgain ? ["Retry", "Remove"] : [];
  }
}

// ------------------------------------------------------------------ the list

// Draws only the rows in view. Their heights differ, so each is measured once it was drawn; the
// others stand as empty space above and below.
class RowList {
  constructor(table) {
    this.table = table;
    this.box = region(element("div", "argyle-scroll argyle-rows"), "Documents");
    this.list = element("ul");
    this.list.setAttribute("aria-label", "Documents");
    this.box.append(this.list);
    this.drawn = new Map();
    this.heights = new Map();
    this.keys = [];
    this.box.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    this.sizes = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.width) return;
      this.width = contentRect.width;
      this.heights.clear();
      this.drawSoon();
    });
    this.sizes.observe(this.box);
  }

  stop() {
    this.sizes.disconnect();
  }

  drawSoon() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.table.keepFocus(() => this.draw());
    });
  }

  show(keys) {
    this.keys = keys;
    this.box.hidden = !keys.length;
    this.draw();
  }

  draw() {
    // What was just measured may leave room for more.
    for (let round = 0; round < 3; round++) {
      const range = this.range();
      this.drawRange(range);
      if (!this.measure()) break;
    }
  }

  range() {
    const top = this.box.scrollTop - OVERSCAN_PX;
    const bottom = this.box.scrollTop + (this.box.clientHeight || 600) + OVERSCAN_PX;
    let first = -1;
    let last = 0;
    let before = 0;
    let above = 0;
    let all = 0;
    this.keys.forEach((key, place) => {
      const end = all + (this.heights.get(key) ?? FIRST_HEIGHT_PX);
      if (first < 0 && end > top) [first, before] = [place, all];
      if (all < bottom) [last, above] = [place, end];
      all = end;
    });
    return { first: Math.max(first, 0), last, before, after: Math.max(0, all - above) };
  }

  drawRange({ first, last, before, after }) {
    const keys = this.keys.slice(first, last + 1);
    const wanted = new Set(keys);
    for (const [key, row] of this.drawn) if (!wanted.has(key)) this.undraw(key, row);
    let at = this.list.firstElementChild;
    keys.forEach((key, index) => {
      const row = this.drawn.get(key) ?? new Row(key, this.table);
      this.drawn.set(key, row);
      row.update(this.table.rowOf(key), first + index, this.keys.length);
      if (row.item === at) at = at.nextElementSibling;
      else this.list.insertBefore(row.item, at);
    });
    this.list.style.paddingTop = `${before}px`;
    this.list.style.paddingBottom = `${after}px`;
  }

  // What is being written in a row that scrolls away counts.
  undraw(key, row) {
    row.user.flush();
    row.item.remove();
    this.drawn.delete(key);
  }

  // True when a height was not as expected.
  measure() {
    let differs = false;
    for (const [key, row] of this.drawn) {
      const height = row.item.getBoundingClientRect().height;
      if (!height || Math.abs(height - (this.heights.get(key) ?? FIRST_HEIGHT_PX)) < 0.5) continue;
      this.heights.set(key, height);
      differs = true;
    }
    return differs;
  }
}

// ------------------------------------------------------------------ one document

// A document that is at Argyle, beside what was found in it.
class Details {
  constructor(table) {
    this.table = table;
    this.box = element("section", "argyle-details");
    this.box.hidden = true;
    this.heading = element("h3", "argyle-title");
    this.heading.tabIndex = -1;
    const head = element("div", "argyle-foot");
    head.append(this.heading, button("Close", () => this.close()));
    const talk = () => this.table.talk;
    this.paper = new Paper((slice) => talk().ask("part", slice, sliceKey(slice)));
    this.about = new About(() => this.ask(true));
    const about = element("div", "argyle-about");
    about.append(...this.about.parts);
    this.box.append(head, about, this.paper.box);
    this.box.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    // Should the news be lost that a document was fetched.
    this.clock = setInterval(() => this.fetching && this.ask(), LOOK_AGAIN_MS);
  }

  stop() {
    clearInterval(this.clock);
    this.paper.clear("");
  }

  open(key) {
    Object.assign(this, { key, upload: null, fetching: true });
    this.row = this.table.rowOf(key);
    this.heading.replaceChildren(foreign(this.row.name));
    this.box.setAttribute("aria-label", `Details of ${shown(this.row.name)}`);
    this.about.show(null);
    this.paper.clear("Loading the document");
    this.box.hidden = false;
    this.heading.focus();
    this.ask();
  }

  ask(again = false) {
    this.table.talk.ask("case", { keys: [this.key], again });
  }

  close() {
    const row = this.table.list.drawn.get(this.key);
    Object.assign(this, { key: null, fetching: false });
    this.about.show(null);
    this.paper.clear("");
    this.box.hidden = true;
    (row?.actions.querySelector("button") ?? this.table.list.box).focus({ preventScroll: true });
  }

  hear(facts) {
    if (facts.file !== this.key) return;
    this.fetching = Boolean(facts.fetching);
    if (this.fetching || this.upload) return;
    this.about.show({ ...facts, borrower: this.row.user });
    if (!facts.problem) this.upload = facts.upload;
    if (facts.size) this.paper.begin(facts);
    else this.paper.clear("Document not available.");
  }
}

// ------------------------------------------------------------------ the panel

function isOpen(control) {
  return control.isConnected && !control.disabled && !control.closest("[hidden]");
}

function failuresText(states) {
  const one = states.length === 1;
  const doubts = states.filter((state) => DOUBTFUL.includes(state)).length;
    const attention = `${plural(states.length, "document")} ${one ? "needs" : "need"} attention`;
  const doubt = doubts ? `: ${doubts.toLocaleString("en")} not confirmed` : "";
  return `${attention}${doubt}. To list ${one ? "it" : "them"}, select Only problems.`;
}

class Table {
  constructor(model, el, copier) {
    Object.assign(this, { model, copier });
    this.told = new Map();
    this.order = new Set();
    this.types = [];
    this.scored = new Set();
    this.alive = false;
    this.drawn = false;
    this.version = 0;
    this.heardAt = performance.now();
    this.said = "";
    this.saidAt = -Infinity;
    this.failures = "";
    this.alerted = new Set();
    this.progress = null;
    const { panel, notice, status, tell } = panelOf(el, "Upload documents", model);
    panel.classList.add("argyle-uploads");
    this.showNotice = () => tell(this.talk.notice || this.copier.talk.notice || this.failures);
    Object.assign(this, { panel, status });
    this.talk = new Talk(
      model,
      (message, buffers) => this.keepFocus(() => this.hear(message, buffers)),
      this.showNotice,
    );
    this.users = new Users((kind, content) => this.talk.ask(kind, content), () => this.refresh());
    this.list = new RowList(this);
    this.details = new Details(this);
    const { area, pickFile } = dropArea(copier);
    this.pickFile = pickFile;
    watchDrops(panel, area, copier);
    this.head = this.heads();
    panel.append(this.title(), area, this.left(), this.forAll(), this.head, this.list.box);
    panel.append(this.foot(), notice, status, this.details.box, this.server(), this.before());
    panel.append(this.users.list);
    this.copied = () => this.keepFocus(() => this.refresh());
    copier.views.add(this.copied);
    const { files, more } = model.get("saved");
    this.more = more ?? 0;
    this.takeFiles(files, [], []);
    this.talk.ask("open");
    this.clock = setInterval(() => this.look(), LOOK_MS);
  }

  stop() {
    clearInterval(this.clock);
    clearTimeout(this.saying);
    this.copier.views.delete(this.copied);
    this.list.stop();
    this.details.stop();
    this.talk.stop();
  }

  look() {
    const now = performance.now();
    const moves = [...this.told.values()].some((row) => MOVING.includes(row.state));
    if (!moves || now - this.heardAt < LOOK_WHILE_MOVING_MS) return;
    this.heardAt = now;
    this.talk.ask("look");
  }

  // ---------------------------------------------------------------- parts

  title() {
    const box = element("div");
    const show = () => {
      const { place, remark } = this.model.get("rules");
      const title = element("h3", "argyle-title", "Upload documents to ");
      title.append(foreign(place));
      box.replaceChildren(title, element("p", "argyle-hint", remark));
    };
    this.model.on("change:rules", show);
    show();
    return box;
  }

  // What a batch left whose kernel has ended.
  left() {
    this.interrupted = element("div", "argyle-notice argyle-foot");
    this.interrupted.hidden = true;
    this.interrupted.setAttribute("role", "status");
    this.leftText = element("span");
    const end = (kind) => {
      this.talk.tell(kind);
      this.interrupted.hidden = true;
    };
    this.interrupted.append(
      this.leftText,
      button("Continue", () => end("resume"), "argyle-button argyle-primary"),
      button("Discard", () => end("discard")),
    );
    return this.interrupted;
  }

  showLeft({ not_sent: unsent, not_confirmed: unconfirmed, sent }) {
    const parts = [
      unsent && `${unsent.toLocaleString("en")} not sent`,
      unconfirmed && `${unconfirmed.toLocaleString("en")} not confirmed`,
      sent && `${sent.toLocaleString("en")} uploaded, results not shown here`,
    ].filter(Boolean);
    this.interrupted.hidden = !parts.length;
    if (parts.length) setText(this.leftText, `A batch was interrupted: ${parts.join(", ")}.`);
  }

  forAll() {
    const box = element("fieldset", "argyle-all");
    box.append(element("legend", "", "For all documents"));
    this.allTypes = typeSelect("Document type of all");
    fillOptions(this.allTypes, [], KEEP_TYPES);
    this.allTypes.addEventListener("change", () => {
      if (this.allTypes.value) {
        this.talk.tell("set", { all: true, document_type: this.allTypes.value });
        // It is said of the documents that are here; the type of later ones is suggested again.
        this.allTypes.value = "";
      }
    });
    this.allWhose = element("span", "argyle-found");
    const tellUser = (name) => this.talk.tell("set", { all: true, user: name });
    this.allUsers = this.users.field("Borrower of all", this.allWhose, tellUser);
    this.allUsers.placeholder = SEARCH_HINT;
    const user = labelled("Borrower", this.allUsers);
    user.append(this.allWhose);
    box.append(labelled("Document type", this.allTypes), user);
    return box;
  }

  // The controls of the rows say their names themselves.
  heads() {
    const head = element("div", "argyle-heads");
    head.setAttribute("aria-hidden", "true");
    for (const name of ["", "File", "Document type", "Borrower", "Status", ""]) {
      head.append(element("span", "", name));
    }
    return head;
  }

  foot() {
    const foot = element("div", "argyle-foot argyle-sticky");
    // Those that were counted on it, and none that this page has not shown yet.
    const send = () => this.upload({ keys: this.keysOf("ready") });
    this.send = button("Upload", send, "argyle-button argyle-primary");
    this.halt = button("Stop", () => this.stopAll());
    this.clear = button("Clear finished", () =>
      this.talk.tell("remove", { keys: this.keysOf("scored", "unscored", "duplicate") }),
    );
    this.filter = element("input");
    this.filter.type = "checkbox";
    this.filter.addEventListener("change", () => this.refresh());
    this.problems = element("label", "argyle-choice");
    this.problemsText = element("span");
    this.problems.append(this.filter, this.problemsText);
    this.overall = element("div", "argyle-overall");
    this.overallBar = element("progress", "argyle-bar");
    this.overallBar.max = 1;
    this.overallText = element("span");
    this.overall.append(this.overallText, this.overallBar);
    foot.append(this.send, this.halt, this.clear, this.problems, this.overall);
    return foot;
  }

  stopAll() {
    this.copier.cancelAll();
    this.talk.tell("stop");
  }

  server() {
    const box = element("details");
    box.append(element("summary", "", "Add files from the Jupyter server"));
    const line = element("div", "argyle-server");
    const input = element("input", "argyle-input");
    input.type = "text";
    input.placeholder = "scans/*.pdf";
    input.spellcheck = false;
    const add = () => input.value.trim() && this.talk.tell("add", { text: input.value.trim() });
    input.addEventListener("keydown", (event) => event.key === "Enter" && add());
    line.append(labelled("File, folder or pattern", input), button("Add", add));
    box.append(line);
    return box;
  }

  before() {
    const box = element("details");
    box.append(element("summary", "", "Upload history"));
    this.earlier = region(element("div", "argyle-scroll"), "Upload history");
    box.append(this.earlier);
    box.addEventListener("toggle", () => box.open && this.talk.ask("earlier"));
    return box;
  }

  // ---------------------------------------------------------------- rows

  rowOf(key) {
    const local = this.copier.rows.get(key);
    if (local) return this.copier.describe(local);
    const row = this.told.get(key);
    if (row?.state !== "copying") return row;
    const percent = `${Math.floor(100 * row.fraction)}%`;
    const message = this.isHere(key)
      ? `Copying to the Jupyter server, ${percent}`
      : `Paused at ${percent}. Choose the same file again to resume.`;
    return { ...row, message };
  }

  *rows() {
    for (const key of this.order) yield [key, this.copier.rows.get(key) ?? this.told.get(key)];
  }

  countOf(row) {
    return countOf(row.type === undefined ? { ...NEW_ROW, ...row } : row, this.scored);
  }

  // Whether this page has the file, or another page is copying it just now.
  isHere(key) {
    return this.copier.sources.has(key) || performance.now() - this.movedAt(key) < STALE_MS;
  }

  movedAt(key) {
    return this.told.get(key)?.movedAt ?? -STALE_MS;
  }

  keysOf(...counts) {
    return [...this.rows()].filter(([, row]) => counts.includes(this.countOf(row))).map(([key]) => key);
  }

  // What somebody chose is shown at once.
  set(key, { document_type: type, user }) {
    const row = this.told.get(key);
    if (type !== undefined) Object.assign(row, { type, guess: false });
    if (user !== undefined) row.user = user;
    this.talk.tell("set", {
      keys: [key],
      ...(type !== undefined && { document_type: type }),
      ...(user !== undefined && { user }),
    });
    this.refresh();
  }

  act(label, key) {
    const does = {
      Open: () => this.details.open(key),
      "Choose again": this.pickFile,
      Cancel: () => this.copier.cancel([key]),
      Remove: () => this.remove(key),
      Clear: () => this.remove(key),
      "Refresh status": () => this.talk.tell("again", { keys: [key] }),
      Retry: () => this.retry(key),
    };
    does[label]();
  }

  retry(key) {
    if (!["failed", "cancelled"].includes(this.rowOf(key).state)) this.upload({ keys: [key] });
    else if (!this.copier.retry(key)) this.pickFile();
  }

  remove(key) {
    this.copier.drop(key);
    this.talk.tell("remove", { keys: [key] });
    this.refresh();
  }

  upload(content) {
    // Not every browser takes a click on a button for the end of writing in a field.
    this.allUsers.flush();
    for (const row of this.list.drawn.values()) row.user.flush();
    this.failures = "";
    this.talk.tell("send", content);
    // Who was new will not be so any more.
    this.users.known.clear();
  }

  // ---------------------------------------------------------------- what the kernel says

  hear(message, buffers) {
    if (message.error) {
      this.hearError(message.about);
      return;
    }
    const heard = {
      open: () => this.hearAll(message),
      files: () => this.hearNews(message),
      look: () => this.hearVersion(message),
      users: () => message.users && this.users.take(message),
      earlier: () => this.hearEarlier(message),
      added: () => this.hearAdded(message),
      resumed: () => message.trouble && this.talk.say(message.trouble, "resume"),
      case: () => this.details.hear(message),
      ready: () => this.details.key && this.details.ask(),
      part: () => this.details.paper.take(message, buffers[0]),
    }[message.about];
    if (heard) heard();
    else if (message.about !== "whole" && message.about !== "slice") this.refresh();
  }

  // What somebody said did not arrive: nothing is sent as if it had.
  hearError(about) {
    if (about === "set") {
      this.talk.takeBack("send");
      this.talk.ask("open");
    }
    this.refresh();
  }

  hearAll({ version, types, user, files, sending, progress, interrupted }) {
    this.alive = true;
    this.types = types;
    this.more = 0;
    this.scored = new Set(types.filter(([, isScored]) => isScored).map(([type]) => type));
    this.version = Math.max(this.version, version);
    this.heardAt = performance.now();
    if (this.allTypes.options.length < 2) fillOptions(this.allTypes, types, KEEP_TYPES);
    this.showUser(user);
    this.showLeft(interrupted);
    this.copier.hearNews({ files });
    const keys = new Set(files.map((file) => file.file));
    const gone = [...this.told.keys()].filter((key) => !keys.has(key));
    this.takeFiles(files, [], gone, sending, progress);
  }

  showUser(user) {
    const busy = this.allUsers === document.activeElement || this.allUsers.written;
    if (!busy && !this.talk.tells(({ kind, all }) => kind === "set" && all)) {
      this.allUsers.value = user;
    }
  }

  hearNews({ version, user, files, changes, gone, sending, progress }) {
    if (this.alive && version > this.version + 1) this.talk.ask("open");
    this.version = Math.max(this.version, version);
    this.heardAt = performance.now();
    this.showUser(user);
    this.takeFiles(files, changes, gone, sending, progress);
  }

  hearVersion({ version }) {
    this.heardAt = performance.now();
    if (version > this.version) this.talk.ask("open");
  }

  hearEarlier({ trouble, earlier }) {
    if (trouble) this.talk.say(trouble, "earlier");
    else if (earlier) this.showEarlier(earlier);
  }

  hearAdded({ trouble, added }) {
    if (trouble) this.talk.say(trouble, "add");
    else this.said = `${plural(added, "document")} added. `;
    this.refresh();
  }

  takeFiles(files, changes, gone, sending = false, progress = null) {
    Object.assign(this, { sending, progress });
    for (const file of files) this.takeRow({ ...NEW_ROW, ...file });
    for (const change of changes) {
      const known = this.told.get(change.file);
      if (known) this.takeRow({ ...known, ...change });
    }
    for (const key of gone) {
      this.told.delete(key);
      this.list.heights.delete(key);
    }
    this.refresh();
    if (this.alive) this.drawn = true;
  }

  takeRow(news) {
    const known = this.told.get(news.file);
    if (known?.fraction !== news.fraction) news.movedAt = performance.now();
    // What was chosen here, and the kernel may not have heard of when it told this.
    const tells = (field) =>
      CHANGEABLE.includes(news.state) &&
      this.talk.tells(
        (told) => told.kind === "set" && told.keys?.includes(news.file) && field in told,
      );
    if (known && tells("document_type")) Object.assign(news, { type: known.type, guess: known.guess });
    if (known && tells("user")) news.user = known.user;
    this.told.set(news.file, news);
    // What had failed when the page was opened is no news.
    if (!this.drawn && FAILED.includes(news.state)) this.alerted.add(news.file);
    if (!FAILED.includes(news.state)) this.alerted.delete(news.file);
  }

  // A control that goes hands the focus on, else keys would go nowhere: to one of its own row, or
  // of the next when that row is gone, or to the first button that can be pressed.
  keepFocus(change) {
    const here = document.activeElement;
    const had = this.panel.contains(here);
    const item = here?.closest(".argyle-document");
    const beside = [item?.nextElementSibling, item?.previousElementSibling];
    change();
    if (!had || isOpen(here)) return;
    const near = item?.isConnected ? [item] : beside.filter((other) => other?.isConnected);
    const buttons = near.flatMap((other) => [...other.querySelectorAll("button")]);
    const to = [...buttons, this.send, this.halt, this.clear, this.allUsers].find(isOpen);
    to.focus({ preventScroll: true });
  }

  // ---------------------------------------------------------------- what is shown

  refresh() {
    for (const key of this.told.keys()) this.order.add(key);
    for (const key of this.copier.rows.keys()) this.order.add(key);
    for (const key of this.order) {
      if (!this.told.has(key) && !this.copier.rows.has(key)) this.order.delete(key);
    }
    const counts = new Map();
    const problems = [];
    for (const [key, row] of this.rows()) {
      const count = this.countOf(row);
      counts.set(count, (counts.get(count) ?? 0) + 1);
      if (COUNTS[count][2]) problems.push(key);
    }
    this.counts = counts;
    this.showControls(problems.length);
    this.list.show(this.filter.checked ? problems : [...this.order]);
    this.head.hidden = !this.order.size;
    setText(this.allWhose, this.users.describe(this.allUsers.value.trim()));
    this.showProgress();
    this.showNotice();
    const wait = Math.max(0, this.saidAt + SAY_MS - performance.now());
    this.saying ??= setTimeout(() => this.keepFocus(() => this.saySummary()), wait);
  }

  showControls(problems) {
    const { counts } = this;
    const ready = counts.get("ready") ?? 0;
    this.send.disabled = !ready || !this.alive;
    setText(this.send, ready ? `Upload ${plural(ready, "document")}` : "Upload");
    this.halt.hidden = !this.sending && !this.copier.isCopying;
    const finished = ["scored", "unscored", "duplicate"].some((count) => counts.has(count));
    this.clear.hidden = !this.alive || !finished;
    if (!problems) this.filter.checked = false;
    this.problems.hidden = !problems;
    setText(this.problemsText, `Only problems (${problems.toLocaleString("en")})`);
  }

  showProgress() {
    const copying = this.counts.get("copying") ?? 0;
    this.overall.hidden = !this.progress && !(copying && this.copier.isCopying);
    if (this.overall.hidden) {
      this.copies = null;
      return;
    }
    const [text, share] = this.progress ? this.uploadProgress() : this.copyProgress(copying);
    setText(this.overallText, text);
    this.overallBar.value = share;
    this.overallBar.setAttribute("aria-label", text);
  }

  uploadProgress() {
    const { ended, all, share, seconds } = this.progress;
    const left = share > 0.02 ? `, ${timeText((seconds * (1 - share)) / share)}` : "";
    const text = `${ended.toLocaleString("en")} of ${all.toLocaleString("en")} uploaded${left}`;
    return [text, share];
  }

  copyProgress(copying) {
    this.copies = Math.max(copying, this.copies ?? 0);
    const copied = this.copies - copying;
    const text = `${copied.toLocaleString("en")} of ${this.copies.toLocaleString("en")} copied`;
    return [text, copied / this.copies];
  }

  // A screen reader reads it aloud at each change; hence not at each document.
  saySummary() {
    this.saying = null;
    this.saidAt = performance.now();
    const told = Object.entries(COUNTS)
      .filter(([count]) => this.counts.has(count))
      .map(([count, [name]]) => `${this.counts.get(count).toLocaleString("en")} ${name}`);
    const all = this.order.size + this.more;
    if (this.more) told.push(`${this.more.toLocaleString("en")} more`);
    const summary = all ? `${plural(all, "document")}: ${told.join(", ")}` : "";
    setText(this.status, [this.said, this.copier.said, summary].filter(Boolean).join(" "));
    this.said = this.copier.said = "";
    this.sayFailures();
  }

  // Once a batch.
  sayFailures() {
    const failed = [...this.rows()].filter(([, row]) => FAILED.includes(row.state));
    if (!failed.length) this.failures = "";
    if (this.sending || this.counts.has("looking") || this.copier.isCopying) return;
    if (failed.some(([key]) => !this.alerted.has(key))) {
      this.failures = failuresText(failed.map(([, row]) => row.state));
    }
    for (const [key] of failed) this.alerted.add(key);
    this.showNotice();
  }

  showEarlier(lines) {
    if (!lines.length) {
      this.earlier.replaceChildren(element("p", "", "No earlier uploads."));
      return;
    }
    const table = element("table", "argyle-table");
    const rows = lines.map((line) =>
      wrap("tr", ...Object.keys(EARLIER).map((name) => wrap("td", foreign(line[name])))),
    );
    table.append(tableHead(Object.values(EARLIER)), wrap("tbody", ...rows));
    this.earlier.replaceChildren(table);
  }
}

export default () => {
  let copier = null;
  return {
    initialize({ model }) {
      copier = new Copier(model);
      return () => copier.stop();
    },
    render({ model, el }) {
      const table = new Table(model, el, copier);
      return () => table.stop();
    },
  };
};
