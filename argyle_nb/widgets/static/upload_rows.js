// One document of UploadPanel's table: its type, its user, and how far it is.

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
const SEARCH_HINT = "a name of your own, an e-mail address or an id";

function options(select, types, first) {
  const choices = first === null ? types : ["", ...types];
  select.replaceChildren(
    ...choices.map((type) => {
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
    if (!this.type.options.length) options(this.type, this.table.types, "type?");
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
    for (const signal of row.signals) {
      const line = element("li");
      line.append(foreign(signal));
      list.append(line);
    }
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
