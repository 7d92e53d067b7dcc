// The browser's side of ScoreExplorer. Each question holds the whole view, so that it can be asked
// again at any time; the kernel counts, this draws.

const TYPING_MS = 250;
const MANY = [
  ["document_type", "Document type"],
  ["level", "Level"],
  ["status", "Status"],
  ["signal", "Signal or reason code"],
];
const COLUMNS = [
  ["file_name", "File name", "file_name"],
  ["document_type", "Type", "document_type"],
  ["score", "Score", "ocr_authenticity_score"],
  ["level", "Level", "authenticity_level"],
  ["status", "Status", null],
  ["user", "User or account", "user"],
  ["created_at", "Created (UTC)", "created_at"],
];
const DECISIONS = [
  ["rejected", "Rejected"],
  ["reviewed", "To review"],
  ["passed", "Passed"],
];
const TALL = 230;
const AXIS = { left: 52, right: 14, top: 44, bottom: 34 };
const SCORES = 101;
const CHARACTER = 8;
const CUT_ROW = 15;
const SVG = "http://www.w3.org/2000/svg";

// ------------------------------------------------------------------ filters

class Filters {
  constructor(changed) {
    this.changed = changed;
    this.boxes = new Map();
    this.box = element("details", "argyle-filters");
    this.box.open = true;
    this.summary = element("summary", "", "Filters");
    this.grid = element("div", "argyle-filter-grid");
    this.lists = element("div", "argyle-lists");
    this.since = this.input("date", "Created from (UTC)", "since");
    this.until = this.input("date", "Created until (UTC)", "until");
    this.user = this.input("text", "User or account id", "user");
    this.text = this.input("search", "Search ids, file names", "text");
    this.clear = button("Clear filters", () => this.changed(null));
    this.grid.append(...[this.since, this.until, this.user, this.text].map((i) => i.around));
    this.grid.append(this.clear);
    this.box.append(this.summary, this.lists, this.grid);
  }

  input(type, name, filter) {
    const made = element("input", "argyle-input");
    made.type = type;
    made.autocomplete = "off";
    made.around = labelled(name, made);
    let timer = null;
    made.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.changed({ [filter]: made.value.trim() }), TYPING_MS);
    });
    return made;
  }

  offer(options) {
    const groups = MANY.filter(([name]) => options[name].length > 0);
    this.lists.replaceChildren(
      ...groups.map(([name, legend]) => {
        const group = element("fieldset", "argyle-group");
        group.append(element("legend", "", legend));
        const list = element("div", "argyle-choices");
        this.boxes.set(name, new Map());
        list.append(...options[name].map(([value, uploads]) => this.choice(name, value, uploads)));
        group.append(list);
        return group;
      }),
    );
  }

  choice(name, value, uploads) {
    const box = element("input");
    box.type = "checkbox";
    box.addEventListener("change", () => {
      const all = this.boxes.get(name);
      this.changed({ [name]: [...all].filter(([, other]) => other.checked).map(([key]) => key) });
    });
    this.boxes.get(name).set(value, box);
    const label = element("label", "argyle-choice");
    label.append(
      box,
      foreign(value),
      element("span", "argyle-number", uploads.toLocaleString("en")),
    );
    return label;
  }

  show(view) {
    for (const [name, boxes] of this.boxes) {
      for (const [value, box] of boxes) box.checked = view[name].includes(value);
    }
    for (const name of ["since", "until", "user", "text"]) {
      // What somebody is typing is newer than what the kernel was asked.
      if (this[name] !== document.activeElement) this[name].value = view[name];
    }
    const set = [...MANY.map(([name]) => name), "since", "until", "user", "text"];
    const count = set.filter((name) => view[name].length).length;
    setText(this.summary, count ? `Filters (${count} set)` : "Filters (none set: all uploads)");
    if (!count) handOn(this.clear, this.summary);
    this.clear.disabled = !count;
  }
}

// ------------------------------------------------------------------ the picture

function drawn(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// The next of 1, 2, 5, 10, 20, ...
function roundUp(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= most);
}

class Picture {
  constructor(choose) {
    this.choose = choose;
    this.box = element("div", "argyle-picture");
    this.svg = drawn("svg", { "aria-hidden": "true", height: TALL, width: "100%" });
    this.keys = element("div", "argyle-bars");
    this.keys.setAttribute("role", "group");
    this.keys.setAttribute("aria-label", "Bars: choose one to see its documents");
    this.keys.addEventListener("keydown", (event) => this.walk(event));
    this.box.append(this.svg, this.keys);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.box);
  }

  show(picture, cuts, chosen, cumulative) {
    Object.assign(this, { picture, cuts, chosen, cumulative });
    this.draw();
    this.label();
  }

  draw() {
    const wide = this.box.clientWidth;
    if (!this.picture || !wide) return;
    this.svg.setAttribute("viewBox", `0 0 ${wide} ${TALL}`);
    this.plotWide = wide - AXIS.left - AXIS.right;
    this.plotTall = TALL - AXIS.top - AXIS.bottom;
    const parts = [...this.bands(), ...this.axes()];
    parts.push(...(this.cumulative ? this.rising() : this.bars()), ...this.cutLines());
    this.svg.replaceChildren(...parts);
  }

  x(score) {
    return AXIS.left + (this.plotWide * score) / SCORES;
  }

  y(part) {
    return AXIS.top + this.plotTall * (1 - part);
  }

  bands() {
    return this.picture.bands.flatMap(([low, high, level], i) => {
      const width = this.x(high + 1) - this.x(low);
      const band = drawn("rect", {
        x: this.x(low),
        y: 2,
        width: Math.max(0, width - 1),
        height: 18,
        class: `argyle-band argyle-band-${i % 2}`,
      });
      const middle = { x: this.x(low) + width / 2, y: 15, class: "argyle-band-name" };
      return width > 8 * level.length ? [band, drawn("text", middle, level)] : [band];
    });
  }

  axes() {
    const most = roundUp(Math.max(...this.picture.bars.map((bar) => bar[2])));
    this.most = most;
    const parts = [];
    for (const share of [0, 0.5, 1]) {
      const y = this.y(share);
      if (!this.cumulative && most === 1 && share === 0.5) continue;
      const label = this.cumulative ? `${100 * share} %` : (most * share).toLocaleString("en");
      parts.push(
        drawn("line", { x1: this.x(0), x2: this.x(SCORES), y1: y, y2: y, class: "argyle-grid" }),
        drawn("text", { x: AXIS.left - 6, y: y + 4, class: "argyle-tick argyle-tick-y" }, label),
      );
    }
    for (let score = 0; score <= 100; score += 10) {
      const at = { x: this.x(score + 0.5), y: TALL - AXIS.bottom + 16, class: "argyle-tick" };
      parts.push(drawn("text", at, String(score)));
    }
    const title = { x: this.x(SCORES / 2), y: TALL - 3, class: "argyle-tick" };
    parts.push(drawn("text", title, "authenticity score (0 to 100)"));
    return parts;
  }

  // A bar that a cut-off goes through has both colours.
  bars() {
    const [reject, pass] = this.cuts;
    const zones = [
      ["rejected", 0, reject],
      ["reviewed", reject, pass],
      ["passed", pass, SCORES],
    ];
    const parts = [];
    for (const [low, high, uploads] of this.picture.bars) {
      const top = this.y(uploads / this.most);
      const aside = this.chosen && this.chosen[0] !== low ? " argyle-aside" : "";
      for (const [decision, from, to] of zones) {
        const left = Math.max(low, from);
        const right = Math.min(high + 1, to);
        if (left >= right || !uploads) continue;
        const x = this.x(left) + (left === low ? 1 : 0);
        const width = this.x(right) - (right === high + 1 ? 1 : 0) - x;
        const height = this.y(0) - top;
        const shape = { x, y: top, width, height, class: `argyle-bar-${decision}${aside}` };
        parts.push(drawn("rect", shape));
      }
    }
    return parts;
  }

  rising() {
    const steps = this.picture.rising.map(
      (share, score) => `H${this.x(score)}V${this.y(share)}`,
    );
    if (!steps.length) return [];
    const path = `M${this.x(0)} ${this.y(0)}${steps.join("")}H${this.x(SCORES)}`;
    return [drawn("path", { d: path, class: "argyle-rising" })];
  }

  cutLines() {
    const [reject, pass] = this.cuts;
    const wide = this.plotWide > 400;
    const below = this.cutLine(reject, wide ? `reject below ${reject}` : `< ${reject}`, false);
    const above = this.cutLine(pass, wide ? `pass from ${pass}` : `≥ ${pass}`, true);
    // Names that would lie over each other stand one below the other.
    const row = below.until > above.from && above.until > below.from ? CUT_ROW : 0;
    above.name.setAttribute("y", AXIS.top - 8 + row);
    return [below.line, below.name, above.line, above.name];
  }

  // The name stands on the side that the cut-off is about, if there is room.
  cutLine(cut, text, rightwards) {
    const x = this.x(cut);
    const long = CHARACTER * text.length;
    const room = rightwards ? this.x(SCORES) - x : x;
    const right = room > long ? rightwards : !rightwards;
    const from = right ? x + 4 : x - 4 - long;
    const anchor = right ? "start" : "end";
    const at = { x: right ? from : x - 4, y: AXIS.top - 8, "text-anchor": anchor };
    const ends = { x1: x, x2: x, y1: AXIS.top - 18, y2: this.y(0), class: "argyle-cut" };
    return {
      from,
      until: from + long,
      line: drawn("line", ends),
      name: drawn("text", { ...at, class: "argyle-cut-name" }, text),
    };
  }

  // Real buttons over the whole height: a low bar is as easy to hit as a high one.
  label() {
    const { bars } = this.picture;
    if (this.keys.children.length !== bars.length) {
      this.keys.replaceChildren(
        ...bars.map(([low, high]) => {
          const key = button("", () => this.choose([low, high]), "argyle-bar-key");
          key.style.flexGrow = high - low + 1;
          key.tabIndex = -1;
          return key;
        }),
      );
      this.keys.firstElementChild.tabIndex = 0;
    }
    bars.forEach(([low, high, uploads], i) => {
      const key = this.keys.children[i];
      const pressed = this.chosen?.[0] === low;
      key.setAttribute("aria-label", `Scores ${low} to ${high}: ${plural(uploads, "upload")}`);
      key.title = key.getAttribute("aria-label");
      key.setAttribute("aria-pressed", String(pressed));
    });
  }

  walk(event) {
    const keys = [...this.keys.children];
    const here = keys.indexOf(event.target);
    const steps = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: keys.length - 1 };
    const next = keys[steps[event.key]];
    if (here < 0 || !(event.key in steps)) return;
    event.preventDefault();
    if (!next) return;
    keys.forEach((key) => (key.tabIndex = key === next ? 0 : -1));
    next.focus();
  }
}

// ------------------------------------------------------------------ cut-offs and shares

class Cuts {
  constructor(changed) {
    this.box = element("div", "argyle-cuts");
    this.reject = this.slider("Reject below", (cut) => changed(cut, Math.max(cut, this.pass.at)));
    this.pass = this.slider("Pass from", (cut) => changed(Math.min(cut, this.reject.at), cut));
    this.tiles = element("dl", "argyle-shares");
    this.box.append(this.reject.around, this.pass.around);
    this.values = new Map(
      DECISIONS.map(([decision, name]) => {
        const tile = element("div", `argyle-tile argyle-tile-${decision}`);
        const value = element("dd", "argyle-share");
        const uploads = element("dd");
        const interval = element("dd", "argyle-interval");
        tile.append(element("dt", "", name), value, uploads, interval);
        this.tiles.append(tile);
        return [decision, { value, uploads, interval }];
      }),
    );
  }

  slider(name, moved) {
    const range = element("input", "argyle-range");
    const number = element("strong", "argyle-cut-number");
    Object.assign(range, { type: "range", min: 0, max: SCORES, step: 1 });
    const around = labelled(`${name} `, range, "argyle-slider");
    number.setAttribute("aria-hidden", "true");
    around.firstElementChild.append(number);
    range.addEventListener("input", () => moved(Number(range.value)));
    return {
      around,
      get at() {
        return Number(range.value);
      },
      show(cut) {
        range.value = cut;
        setText(number, String(cut));
      },
    };
  }

  show(reject, pass) {
    this.reject.show(reject);
    this.pass.show(pass);
  }

  showShares(shares) {
    for (const [decision, { value, uploads, interval }] of this.values) {
      const found = shares[decision];
      const ends = [found.share_ci_low, found.share_ci_high].map(percent);
      setText(value, percent(found.share));
      setText(uploads, plural(found.uploads, "upload"));
      setText(interval, found.share === null ? "" : `95 % interval ${ends.join(" to ")}`);
    }
  }
}

// ------------------------------------------------------------------ the table

class Table {
  constructor(sort, turn, all) {
    this.box = element("div", "argyle-table-box");
    this.caption = element("caption");
    this.heads = new Map();
    const head = element("tr");
    for (const [, name, sorted] of COLUMNS) {
      const cell = element("th");
      cell.scope = "col";
      if (sorted) {
        const arrow = element("span", "argyle-arrow");
        arrow.setAttribute("aria-hidden", "true");
        const press = button(name, () => sort(sorted), "argyle-sort");
        press.append(arrow);
        cell.append(press);
        this.heads.set(sorted, { cell, arrow });
      } else {
        cell.textContent = name;
      }
      head.append(cell);
    }
    this.rows = element("tbody");
    const table = element("table", "argyle-table");
    table.append(this.caption, wrap("thead", head), this.rows);
    this.scroll = region(element("div", "argyle-scroll"), "Uploads in view");
    this.scroll.append(table);
    this.before = button("Previous page", () => turn(-1));
    this.after = button("Next page", () => turn(1));
    this.place = element("span", "argyle-place");
    this.all = button("Show all scores", all);
    const bar = element("div", "argyle-pager");
    bar.append(this.before, this.place, this.after, this.all);
    this.box.append(this.scroll, bar);
  }

  show(table, view) {
    this.rows.replaceChildren(
      ...table.rows.map((row) => {
        const line = element("tr");
        for (const [name] of COLUMNS) {
          const kind = name === "file_name" ? "" : "argyle-short ";
          const cell = element("td", `${kind}argyle-${name}`);
          const text = row[name] || "–";
          cell.append(kind ? element("bdi", "", shown(text)) : foreign(text));
          if (name === "file_name") cell.title = `upload ${shown(row.upload)}`;
          if (name === "user") cell.title = shown(text);
          line.append(cell);
        }
        return line;
      }),
    );
    for (const [name, { cell, arrow }] of this.heads) {
      const here = name === view.sort_by;
      const order = view.ascending ? "ascending" : "descending";
      if (here) cell.setAttribute("aria-sort", order);
      else cell.removeAttribute("aria-sort");
      setText(arrow, here ? (view.ascending ? " ▲" : " ▼") : "");
    }
    const which = view.scores ? ` with scores ${view.scores[0]} to ${view.scores[1]}` : " in view";
    setText(this.caption, `${plural(table.uploads, "upload")}${which}`);
    setText(this.place, `Page ${table.page + 1} of ${table.pages.toLocaleString("en")}`);
    const [first, last] = [table.page === 0, table.page + 1 >= table.pages];
    // What is still disabled takes no focus.
    this.before.disabled = this.after.disabled = false;
    if (first) handOn(this.before, last ? this.scroll : this.after);
    if (last) handOn(this.after, first ? this.scroll : this.before);
    if (!view.scores) handOn(this.all, this.scroll);
    this.before.disabled = first;
    this.after.disabled = last;
    this.all.hidden = !view.scores;
  }
}

// ------------------------------------------------------------------ the panel

function described(picture) {
  const without = picture.unscored.reduce((sum, [, uploads]) => sum + uploads, 0);
  const why = picture.unscored.map(([reason, n]) => `${reason.replace("_", " ")} ${n}`).join(", ");
  const rest = without ? `; ${without.toLocaleString("en")} without a score (${why})` : "";
  return (
    `${(picture.scored + without).toLocaleString("en")} of ${plural(picture.uploads, "upload")}: ` +
    `${picture.scored.toLocaleString("en")} with a score${rest}. Levels: ${picture.preset}.`
  );
}

function render({ model, el }) {
  const { panel, notice, status, tell } = panelOf(el, "Score explorer");
  let view = null;
  let page = 0;
  let cumulative = false;
  const look = (changes, turned = 0) => {
    if (!view) return;
    view = { ...view, ...changes };
    page = turned;
    cuts.show(view.reject_below, view.pass_from);
    picture.show(picture.picture, [view.reject_below, view.pass_from], view.scores, cumulative);
    talk.ask("look", { view, page });
  };
  const nothing = Object.fromEntries(MANY.map(([name]) => [name, []]));
  const empty = { ...nothing, since: "", until: "", user: "", text: "", scores: null };

  const filters = new Filters((changes) => look(changes ?? empty));
  const picture = new Picture((scores) => look({ scores: same(view?.scores, scores) ? null : scores }));
  const cuts = new Cuts((reject_below, pass_from) => look({ reject_below, pass_from }, page));
  const table = new Table(
    (column) => {
      const ascending = view?.sort_by === column ? !view.ascending : true;
      look({ sort_by: column, ascending });
    },
    (step) => look({}, page + step),
    () => look({ scores: null }),
  );
  const summary = element("p", "argyle-summary");
  const kinds = kindOfPicture((chosen) => {
    cumulative = chosen;
    if (picture.picture) picture.show(picture.picture, picture.cuts, picture.chosen, cumulative);
  });
  const names = element("input");
  names.type = "checkbox";
  const exporting = element("div", "argyle-export");
  const save = button("Export what I see to CSV", () =>
    talk.ask("export", { file_names: names.checked }),
  );
  const withNames = element("label", "argyle-choice");
  withNames.append(names, element("span", "", "with file names (may be personal data)"));
  exporting.append(save, withNames);
  const code = codeBox((text) => setText(status, text));
  panel.append(notice, filters.box, kinds, summary, picture.box, cuts.box, cuts.tiles);
  panel.append(table.box, exporting, code.box, status);

  let offered = "";
  const draw = (found, chosen) => {
    const options = JSON.stringify(found.options);
    if (offered !== options) filters.offer(found.options);
    offered = options;
    setText(summary, described(found));
    picture.show(found, [...found.cuts], chosen, cumulative);
    cuts.show(...found.cuts);
    cuts.showShares(found.shares);
  };

  const heard = (message) => {
    if (message.about === "export" && message.file) {
      setText(status, `${plural(message.uploads, "upload")} written to ${message.file}`);
    }
    if (message.about !== "look" || message.error) return;
    // Of an older question only the numbers are news, while a slider is being moved.
    if (!talk.inFlight.has("look")) {
      const first = view === null;
      view = message.view;
      page = message.table.page;
      filters.show(view);
      table.show(message.table, view);
      code.show(message.code);
      if (!first) setText(status, said(message));
      draw(message.picture, view.scores);
    } else {
      cuts.showShares(message.picture.shares);
    }
  };
  const talk = new Talk(model, heard, () => tell(talk.notice));
  draw(model.get("saved"), null);
  filters.show({ ...empty, ...model.get("saved").filters });
  talk.ask("look", { page: 0 });
  return () => {
    talk.stop();
    picture.observer.disconnect();
  };
}

function said({ table, picture }) {
  const parts = DECISIONS.map(([name, title]) => {
    return `${title.toLowerCase()} ${percent(picture.shares[name].share)}`;
  });
  return `${plural(table.uploads, "upload")} in the table; ${parts.join(", ")}`;
}

function same(one, other) {
  return Boolean(one) && one[0] === other[0] && one[1] === other[1];
}

function kindOfPicture(changed) {
  const group = element("fieldset", "argyle-kinds");
  group.append(element("legend", "", "Picture"));
  const name = `argyle-kind-${Math.random()}`;
  for (const [text, value] of [
    ["Histogram", false],
    ["Cumulative share", true],
  ]) {
    const radio = element("input");
    Object.assign(radio, { type: "radio", name, checked: !value });
    radio.addEventListener("change", () => changed(value));
    const label = element("label", "argyle-choice");
    label.append(radio, element("span", "", text));
    group.append(label);
  }
  return group;
}

function codeBox(told) {
  const box = element("details", "argyle-code");
  const text = region(element("pre"), "Code of this view");
  const copy = button("Copy", () =>
    navigator.clipboard.writeText(text.textContent).then(
      () => told("Code copied"),
      () => told("The browser did not allow copying: select the code instead"),
    ),
  );
  const given = element("p", "", "frame and signals are what this panel was given.");
  box.append(element("summary", "", "Show me the code"), given, text, copy);
  return { box, show: (code) => setText(text, code) };
}

export default { render };
