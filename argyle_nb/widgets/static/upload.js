// The browser's side of UploadPanel's table. The kernel holds the states; what it pushes may be
// lost, so each push has a version, and while things move the kernel is asked for the newest.

const LOOK_WHILE_MOVING_MS = 5000;
const SAY_MS = 1000;
const MOVING = ["looking", "waiting", "sending", "reading"];
const DOUBTFUL = ["unknown", "probable"];
const SEARCH_MS = 250;
const CHANGEABLE = ["looking", "ready", "rejected", "unsent"];
const SENDABLE = ["ready", "rejected", "unsent", "unknown", "probable"];
const FAILED = ["refused", "rejected", "unsent", "unknown", "probable"];
const ICONS = { ready: "○", looking: "…", waiting: "…", sending: "↑", reading: "↻", done: "✓" };
const NAMES = {
  unknown: "not certain",
  probable: "probably there",
  unsent: "not sent",
  unread: "not read yet",
};
const EARLIER = {
  at: "When",
  name: "File",
  type: "Type",
  user: "User's id",
  state: "State",
  upload: "Upload",
  reason: "Remark",
};
const SEARCH_HINT = "a name of your own, an e-mail address or an id";

function fillOptions(select, types, first) {
  select.replaceChildren(
    ...["", ...types].map((type) => {
      const option = element("option", "", type || first);
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
    input.placeholder = "whose it is";
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
    this.user = table.users.field("User", this.whose, (user) => this.set({ user }));
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
    this.alerted = false;
  }

  set(content) {
    Object.assign(this.row, { type: this.type.value, user: this.user.value });
    this.table.talk.tell("set", { keys: [this.key], ...content });
  }

  get open() {
    return CHANGEABLE.includes(this.row.state);
  }

  get failed() {
    return FAILED.includes(this.row.state);
  }

  update(news) {
    const renamed = this.row?.name !== news.name;
    const { type, user } = this.row ?? news;
    this.row = news;
    // The kernel may not have heard of it when it told this.
    const tells = (field) =>
      this.open &&
      this.table.talk.tells(
        (told) => told.kind === "set" && told.keys?.includes(this.key) && field in told,
      );
    if (tells("document_type")) this.row = { ...this.row, type };
    if (tells("user")) this.row = { ...this.row, user };
    const { row } = this;
    const named = shown(row.name);
    if (renamed) {
      this.name.replaceChildren(foreign(row.name));
      this.type.setAttribute("aria-label", `Document type of ${named}`);
      this.user.setAttribute("aria-label", `User of ${named}`);
      this.bar.setAttribute("aria-label", `Sending ${named} to Argyle`);
    }
    setText(this.found, [row.size ? megabytes(row.size) : "", row.found].filter(Boolean).join(", "));
    this.showChoices(row);
    this.showState(row, named);
  }

  showChoices(row) {
    const open = this.table.alive && this.open;
    this.type.hidden = this.user.hidden = this.whose.hidden = !open;
    setText(this.typeSaid, open || row.state === "refused" ? "" : row.type);
    setText(this.userSaid, open || row.state === "refused" ? "" : shown(row.user));
    if (!open) return;
    if (!this.type.options.length) fillOptions(this.type, this.table.types, "type?");
    // What somebody is choosing now is not changed behind their back.
    if (this.type !== document.activeElement) this.type.value = row.type;
    this.type.title = row.guess && row.type ? "guessed; choose another if it is wrong" : "";
    if (this.user !== document.activeElement && !this.user.written) this.user.value = row.user;
    const { users, allUsers } = this.table;
    const user = this.user.value.trim();
    setText(this.whose, user === allUsers.value.trim() ? "" : users.describe(user));
  }

  showState(row, named) {
    const { failed } = this;
    const unread = row.state === "unread";
    const name = failed || unread ? (NAMES[row.state] ?? row.state) : "";
    const text = [name, shown(row.message)].filter(Boolean).join(": ");
    setText(this.icon, failed || unread ? "⚠" : ICONS[row.state]);
    if (row.state !== "done" || row.score === null) {
      this.scored = null;
      setText(this.state, text);
    } else {
      this.showScore(row, text);
    }
    if (!failed) this.alerted = false;
    this.item.dataset.state = row.state;
    this.item.toggleAttribute("data-bad", failed);
    this.bar.hidden = row.state !== "sending";
    this.bar.value = row.fraction;
    this.offer(row, named);
  }

  showScore(row, text) {
    if (this.scored === text) return;
    this.scored = text;
    const score = element("strong", "argyle-score", String(row.score));
    score.dataset.level = row.level;
    const facts = [`${row.level} authenticity`, row.kind, row.how].filter(Boolean).join("; ");
    this.state.replaceChildren(score, element("span", "", ` ${shown(facts)}`));
    if (!row.signals.length) return;
    const more = element("details");
    more.append(element("summary", "", plural(row.signals.length, "signal")));
    const list = element("ul", "argyle-signals");
    list.append(...row.signals.map((signal) => wrap("li", foreign(signal))));
    more.append(list);
    this.state.append(more);
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
    if (row.state === "unread") return ["Look again", "Clear"];
    if (row.state === "done") return row.score === null ? ["Look again", "Clear"] : ["Clear"];
    if (row.state === "ready" || row.state === "refused") return ["Remove"];
    return SENDABLE.includes(row.state) ? ["Retry", "Remove"] : [];
  }
}

// ------------------------------------------------------------------ the table

function isOpen(control) {
  return control.isConnected && !control.disabled && !control.closest("[hidden]");
}

function failuresText(states) {
  const one = states.length === 1;
  const doubt = states.some((state) => DOUBTFUL.includes(state)) ? ", or not for certain" : "";
  const many = `${plural(states.length, "document")} ${one ? "was" : "were"}`;
  return `${many} not sent${doubt}: see ${one ? "its row" : "their rows"}`;
}

class Table {
  constructor(model, el) {
    this.model = model;
    this.rows = new Map();
    this.types = [];
    this.alive = false;
    this.drawn = false;
    this.version = 0;
    this.heardAt = performance.now();
    this.said = "";
    this.saidAt = -Infinity;
    this.failures = "";
    const { panel, notice, status, tell } = panelOf(el, "Documents to upload");
    panel.classList.add("argyle-uploads");
    this.showNotice = () => tell(this.talk.notice || this.failures);
    Object.assign(this, { panel, status });
    this.talk = new Talk(
      model,
      (message) => this.keepFocus(() => this.hear(message)),
      this.showNotice,
    );
    this.users = new Users((kind, content) => this.talk.ask(kind, content), () => this.showAll());
    this.list = element("ul", "argyle-documents");
    this.list.setAttribute("aria-label", "Documents");
    panel.append(this.forAll(), this.list, this.foot(), notice, status, this.server(), this.before());
    panel.append(this.users.list);
    this.takeFiles(model.get("saved").files, []);
    this.talk.ask("open");
    this.clock = setInterval(() => this.look(), LOOK_MS);
  }

  stop() {
    clearInterval(this.clock);
    clearTimeout(this.saying);
    this.talk.stop();
  }

  look() {
    const now = performance.now();
    const moves = [...this.rows.values()].some((view) => MOVING.includes(view.row.state));
    if (!moves || now - this.heardAt < LOOK_WHILE_MOVING_MS) return;
    this.heardAt = now;
    this.talk.ask("look");
  }

  forAll() {
    const box = element("fieldset", "argyle-all");
    box.append(element("legend", "", "For all documents"));
    this.allTypes = typeSelect("Document type of all");
    this.allTypes.addEventListener("change", () => {
      if (this.allTypes.value) {
        this.talk.tell("set", { all: true, document_type: this.allTypes.value });
        // It is said of the documents that are here; the type of later ones is guessed again.
        this.allTypes.value = "";
      }
    });
    this.allWhose = element("span", "argyle-found");
    const tellUser = (name) => this.talk.tell("set", { all: true, user: name });
    this.allUsers = this.users.field("User of all", this.allWhose, tellUser);
    this.allUsers.placeholder = SEARCH_HINT;
    const user = labelled("User", this.allUsers);
    user.append(this.allWhose);
    box.append(labelled("Document type", this.allTypes), user);
    return box;
  }

  foot() {
    const foot = element("div", "argyle-foot");
    // Those that were counted on it, and none that this page has not shown yet.
    const send = () => this.upload({ keys: this.keysOf("ready") });
    this.send = button("Upload", send, "argyle-button argyle-primary");
    this.halt = button("Stop", () => this.talk.tell("stop"));
    this.clear = button("Clear finished", () =>
      this.talk.tell("remove", { keys: this.keysOf("done") }),
    );
    foot.append(this.send, this.halt, this.clear);
    return foot;
  }

  server() {
    const box = element("details");
    box.append(element("summary", "", "Documents that are on the kernel's machine"));
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
    box.append(element("summary", "", "Sent before (from the journal)"));
    this.earlier = region(element("div", "argyle-scroll"), "Sent before");
    box.append(this.earlier);
    box.addEventListener("toggle", () => box.open && this.talk.ask("earlier"));
    return box;
  }

  keysOf(state) {
    return [...this.rows].filter(([, view]) => view.row.state === state).map(([key]) => key);
  }

  act(label, key) {
    const kind = { Remove: "remove", Clear: "remove", "Look again": "again" }[label];
    if (kind) this.talk.tell(kind, { keys: [key] });
    else this.upload({ keys: [key] });
  }

  upload(content) {
    // Not every browser takes a click on a button for the end of writing in a field.
    this.allUsers.flush();
    for (const view of this.rows.values()) view.user.flush();
    this.failures = "";
    this.talk.tell("send", content);
    // Who was new will not be so any more.
    this.users.known.clear();
  }

  hear(message) {
    if (message.error) {
      this.hearError(message.about);
      return;
    }
    switch (message.about) {
      case "open":
        this.hearAll(message);
        break;
      case "files":
        this.hearNews(message);
        break;
      case "look":
        this.heardAt = performance.now();
        if (message.version > this.version) this.talk.ask("open");
        break;
      case "users":
        if (message.users) this.users.take(message);
        break;
      case "earlier":
        if (message.trouble) this.talk.say(message.trouble, "earlier");
        else if (message.earlier) this.showEarlier(message.earlier);
        break;
      case "added":
        if (message.trouble) this.talk.say(message.trouble, "add");
        else this.said = `${plural(message.added, "document")} added. `;
        this.showSummary();
        break;
      default:
        this.showAll();
    }
  }

  // What somebody said did not arrive: nothing is sent as if it had.
  hearError(about) {
    if (about === "set") {
      this.talk.takeBack("send");
      this.talk.ask("open");
    }
    this.showAll();
  }

  hearAll({ version, types, user, files, sending }) {
    this.alive = true;
    this.types = types;
    this.version = Math.max(this.version, version);
    this.heardAt = performance.now();
    if (!this.allTypes.options.length) fillOptions(this.allTypes, types, "as guessed or chosen");
    this.showUser(user);
    const keys = new Set(files.map((file) => file.file));
    this.takeFiles(files, [...this.rows.keys()].filter((key) => !keys.has(key)), sending);
  }

  showUser(user) {
    const busy = this.allUsers === document.activeElement || this.allUsers.written;
    if (!busy && !this.talk.tells(({ kind, all }) => kind === "set" && all)) {
      this.allUsers.value = user;
    }
  }

  hearNews({ version, user, files, gone, sending }) {
    if (this.alive && version > this.version + 1) this.talk.ask("open");
    this.version = Math.max(this.version, version);
    this.heardAt = performance.now();
    this.showUser(user);
    this.takeFiles(files, gone, sending);
  }

  takeFiles(files, gone, sending = false) {
    this.sending = sending;
    for (const file of files) {
      if (!this.rows.has(file.file)) this.rows.set(file.file, this.rowOf(file));
      else this.rows.get(file.file).update(file);
    }
    for (const key of gone) {
      this.rows.get(key)?.item.remove();
      this.rows.delete(key);
    }
    this.showSummary();
    if (this.alive) this.drawn = true;
  }

  rowOf(file) {
    const row = new Row(file.file, this);
    row.update(file);
    // What had failed when the page was opened is no news.
    row.alerted = !this.drawn && row.failed;
    this.list.append(row.item);
    return row;
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

  showAll() {
    for (const view of this.rows.values()) view.update(view.row);
    setText(this.allWhose, this.users.describe(this.allUsers.value.trim()));
    this.showSummary();
  }

  showSummary() {
    const states = [...this.rows.values()].map((view) => view.row.state);
    const ready = states.filter((state) => state === "ready").length;
    this.send.disabled = !ready || !this.alive;
    setText(this.send, ready ? `Upload ${plural(ready, "document")}` : "Upload");
    this.halt.hidden = !this.sending;
    this.clear.hidden = !this.alive || !this.keysOf("done").length;
    this.list.hidden = !states.length;
    const wait = Math.max(0, this.saidAt + SAY_MS - performance.now());
    this.saying ??= setTimeout(() => this.saySummary(), wait);
  }

  // A screen reader reads it aloud at each change; hence not at each document.
  saySummary() {
    this.saying = null;
    this.saidAt = performance.now();
    const counts = new Map();
    for (const { row } of this.rows.values()) {
      const name = row.state === "done" ? "finished" : (NAMES[row.state] ?? row.state);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const told = [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
    setText(this.status, `${this.said}${told || "No documents yet: drop some above."}`);
    this.said = "";
    this.sayFailures();
  }

  // Once a batch.
  sayFailures() {
    const views = [...this.rows.values()];
    const failed = views.filter((view) => view.failed);
    if (!failed.length) this.failures = "";
    if (this.sending || views.some((view) => view.row.state === "looking")) return;
    if (failed.some((view) => !view.alerted)) {
      this.failures = failuresText(failed.map((view) => view.row.state));
    }
    for (const view of failed) view.alerted = true;
    this.showNotice();
  }

  showEarlier(lines) {
    if (!lines.length) {
      this.earlier.replaceChildren(element("p", "", "Nothing else is in the journal."));
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

export default {
  render({ model, el }) {
    const table = new Table(model, el);
    return () => table.stop();
  },
};
