// The browser's side of ScoreExplorer. Each question holds the whole view, so that it can be asked
// again at any time; the kernel counts, this draws.

const TYPING_MS = 250;
const WORKING_MS = 500;
// So many parts of a download are on their way at a time: one is written while another travels.
const PARTS_IN_FLIGHT = 4;
const KEPT_MS = 60_000;
const MANY = [
  ["document_type", "Document type"],
  ["level", "Level"],
  ["status", "Status"],
  ["signal", "Signal or reason code"],
];
const TYPED = [
  ["user", "Borrower (any ID)"],
  ["text", "Search names and IDs"],
  ["created_from", "Created on or after (UTC)"],
  ["created_before", "Created before (UTC)"],
];
const FILTER_NAMES = Object.fromEntries([...MANY, ...TYPED, ["scores", "the selected bar"]]);
Object.assign(FILTER_NAMES, { user: "Borrower", text: "Search" });
const COLUMNS = [
  ["file_name", "File name", "file_name"],
  ["score", "Score", "ocr_authenticity_score"],
  ["level", "Level", "authenticity_level"],
  ["borrower", "Borrower", "borrower"],
  ["document_type", "Type", "document_type"],
  ["status", "Status", "status"],
  ["created_at", "Created (UTC)", "created_at"],
];
const DECISIONS = [
  ["reject", "Reject"],
  ["review", "Review"],
  ["pass", "Pass"],
];
const WITHOUT_SCORE = {
  in_progress: "in progress",
  processing_failed: "processing failed",
  not_enabled: "not enabled",
  unsupported_type: "type not scored",
  detect_pending: "pending at Ocrolus",
  detect_unable_to_process: "not processable by Ocrolus",
  detect_unsupported: "not supported by Ocrolus",
  detect_deleted: "deleted at Ocrolus",
  not_started: "not started",
  no_score_returned: "no score returned",
  invalid_score: "invalid score",
};
const STATUS_NAMES = { ...WITHOUT_SCORE, scored: "scored" };
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
    for (const [filter, name] of TYPED) {
      const type = { user: "text", text: "search" }[filter] ?? "date";
      this[filter] = this.input(type, name, filter);
      this.grid.append(this[filter].around);
    }
    this.clear = button("Clear filters", () => this.changed(null));
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

  // The kernel knows signals and reason codes by their names.
  offer(options, names) {
    const groups = MANY.filter(([name]) => options[name].length > 0);
    this.lists.replaceChildren(
      ...groups.map(([name, legend]) => {
        const group = element("fieldset", "argyle-group");
        group.append(element("legend", "", legend));
        const list = element("div", "argyle-choices");
        this.boxes.set(name, new Map());
        list.append(...options[name].map(([value, uploads]) =>
          this.choice(name, value, uploads, names[value] ?? STATUS_NAMES[value] ?? value),
        ));
        group.append(list);
        return group;
      }),
    );
  }

  choice(name, value, uploads, text) {
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
      foreign(text),
      element("span", "argyle-number", uploads.toLocaleString("en")),
    );
    return label;
  }

  show(view) {
    for (const [name, boxes] of this.boxes) {
      for (const [value, box] of boxes) box.checked = view[name].includes(value);
    }
    for (const [name] of TYPED) {
      // What somebody is typing is newer than what the kernel was asked.
      if (this[name] !== document.activeElement) this[name].value = view[name];
    }
    const count = [...MANY, ...TYPED].filter(([name]) => view[name].length).length;
    setText(this.summary, count ? `Filters (${count} active)` : "Filters (none)");
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
    this.box = element("div", "argyle-chart");
    this.svg = drawn("svg", { "aria-hidden": "true", height: TALL, width: "100%" });
    this.keys = element("div", "argyle-bars");
    this.keys.setAttribute("role", "group");
    this.keys.setAttribute("aria-label", "Bars: select one to list its documents");
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
      const label = this.cumulative ? `${100 * share}%` : (most * share).toLocaleString("en");
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
    if (!this.cumulative) {
      parts.push(drawn("text", { x: 0, y: AXIS.top - 8, class: "argyle-tick argyle-tick-name" }, "Uploads"));
    }
    parts.push(drawn("text", title, "Authenticity score (0-100)"));
    return parts;
  }

  // A bar that a threshold goes through has both colours.
  bars() {
    const [reject, pass] = this.cuts;
    const zones = [
      ["reject", 0, reject],
      ["review", reject, pass],
      ["pass", pass, SCORES],
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

  // The name stands on the side that the threshold is about, if there is room.
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

// ------------------------------------------------------------------ thresholds and shares

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
      setText(interval, found.share === null ? "" : `95% CI ${ends.join(" to ")}`);
    }
  }
}

// ------------------------------------------------------------------ the table

// Arrow keys walk from row to row, so that a page of the table is two steps of Tab and not many.
class Table {
  constructor(acts) {
    this.acts = acts;
    // What was selected since, and of which rows that are on their way know nothing.
    this.newer = new Map();
    this.box = element("div", "argyle-table-box");
    this.caption = element("caption");
    this.heads = new Map();
    this.every = element("input");
    this.every.type = "checkbox";
    this.every.setAttribute("aria-label", "Select all rows of this page");
    this.every.addEventListener("change", () => this.select(this.boxes(), this.every.checked));
    const head = wrap("tr", wrap("th", this.every));
    for (const [column, name, sorted] of COLUMNS) {
      const cell = element("th", `argyle-${column}`);
      cell.scope = "col";
      const arrow = element("span", "argyle-arrow");
      arrow.setAttribute("aria-hidden", "true");
      const press = button(name, () => this.acts.sort(this.column(sorted)), "argyle-sort");
      press.append(arrow);
      cell.append(press);
      this.heads.set(sorted, { cell, arrow });
      head.append(cell);
    }
    this.rows = element("tbody");
    this.rows.addEventListener("keydown", (event) => this.walk(event));
    const table = element("table", "argyle-table");
    table.append(this.caption, wrap("thead", head), this.rows);
    this.empty = element("div", "argyle-empty");
    this.scroll = region(element("div", "argyle-scroll"), "Uploads in view");
    this.scroll.append(table, this.empty);
    this.before = button("Previous page", () => this.acts.turn(-1));
    this.after = button("Next page", () => this.acts.turn(1));
    this.place = element("span", "argyle-place");
    this.all = button("Show all scores", () => this.acts.lift("scores"));
    const bar = element("div", "argyle-pager");
    bar.append(this.before, this.place, this.after, this.all);
    this.box.append(this.scroll, bar);
  }

  // What names the borrower is one of two columns of the frame.
  column(sorted) {
    return sorted === "borrower" ? this.borrower : sorted;
  }

  boxes() {
    return [...this.rows.querySelectorAll("input")];
  }

  select(boxes, selected) {
    const uploads = boxes.map((box) => box.closest("tr").dataset.upload);
    for (const box of boxes) box.checked = selected;
    for (const upload of uploads) this.newer.set(upload, selected);
    this.acts.select(uploads, selected);
    this.showEvery();
  }

  showEvery() {
    const boxes = this.boxes();
    const selected = boxes.filter((box) => box.checked).length;
    this.every.checked = selected > 0 && selected === boxes.length;
    this.every.indeterminate = selected > 0 && selected < boxes.length;
    this.every.disabled = !boxes.length;
  }

  row(row) {
    const line = element("tr");
    line.dataset.upload = row.upload;
    const name = row.file_name || row.upload;
    const box = element("input");
    Object.assign(box, { type: "checkbox", checked: this.newer.get(row.upload) ?? row.selected });
    box.setAttribute("aria-label", `Select ${shown(name)}`);
    box.addEventListener("change", () => this.select([box], box.checked));
    line.append(wrap("td", box));
    for (const [column] of COLUMNS) {
      const isName = column === "file_name";
      const cell = element("td", `${isName ? "" : "argyle-short "}argyle-${column}`);
      const text = (column === "status" && STATUS_NAMES[row.status]) || row[column] || "–";
      if (isName) {
        const press = button("", () => this.acts.open(row), "argyle-open");
        press.append(foreign(row.file_name || "no file name"));
        press.title = `Open upload ${shown(row.upload)}`;
        cell.append(press);
      } else {
        cell.append(element("bdi", "", shown(text)));
        cell.title = column === "borrower" ? shown(text) : "";
      }
      line.append(cell);
    }
    // By mouse the whole row opens, but for its box.
    line.addEventListener("click", (event) => {
      const own = event.target.closest("button, input") || event.target.querySelector("input");
      if (!own && !String(getSelection())) this.acts.open(row);
    });
    return line;
  }

  walk(event) {
    const kind = event.target.tagName.toLowerCase();
    const here = event.target.closest("tr");
    const lines = [...this.rows.children];
    const at = lines.indexOf(here);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = lines[steps[event.key]];
    if (!next) return;
    this.makeCurrent(next);
    next.querySelector(kind).focus();
  }

  makeCurrent(line) {
    for (const other of this.rows.children) {
      const index = other === line ? 0 : -1;
      for (const control of other.querySelectorAll("input, button")) control.tabIndex = index;
    }
  }

  // The row of an upload, if it is on this page.
  find(upload) {
    return [...this.rows.children].find((line) => line.dataset.upload === upload);
  }

  showOpen(upload) {
    for (const line of this.rows.children) {
      const open = line.dataset.upload === upload;
      line.classList.toggle("argyle-is-open", open);
      line.querySelector("button").setAttribute("aria-expanded", String(open));
      if (open) this.makeCurrent(line);
    }
  }

  show(table, view, open) {
    const had = this.rows.contains(document.activeElement) ? document.activeElement : null;
    const hadUpload = had?.closest("tr").dataset.upload;
    this.rows.replaceChildren(...table.rows.map((row) => this.row(row)));
    if (this.rows.children.length) this.makeCurrent(this.rows.firstElementChild);
    this.showOpen(open);
    this.showEvery();
    if (had) (this.find(hadUpload)?.querySelector(had.tagName) ?? this.scroll).focus();
    for (const [name, { cell, arrow }] of this.heads) {
      const here = this.column(name) === view.sort_by;
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

  // Without rows: which filter to take away, and what there would be then.
  showLifts(lifts, uploads) {
    const had = this.empty.contains(document.activeElement);
    const parts = [];
    const helpful = lifts.filter(([, found]) => found).sort((one, other) => other[1] - one[1]);
    if (uploads === 0) parts.push(element("p", "", "The table passed to ScoreExplorer is empty."));
    else if (lifts.length) parts.push(element("p", "", "No uploads match all filters."));
    parts.push(
      ...helpful.map(([name, found]) =>
        button(`Clear ${FILTER_NAMES[name]}: ${plural(found, "upload")}`, () =>
          this.acts.lift(name),
        ),
      ),
    );
    if (lifts.length > 1 && !helpful.length) {
      parts.push(element("p", "", "Clearing one filter is not enough."));
      parts.push(button("Clear all filters", () => this.acts.lift(null)));
    }
    this.empty.replaceChildren(...parts);
    this.empty.hidden = !parts.length;
    if (had) this.scroll.focus();
  }
}

// ------------------------------------------------------------------ the opened upload

class Opened {
  constructor(ask, closed) {
    this.ask = ask;
    this.upload = null;
    this.box = element("section", "argyle-opened");
    this.box.hidden = true;
    this.title = element("p", "argyle-title");
    const close = button("Close", () => closed());
    const head = element("div", "argyle-opened-head");
    head.append(this.title, close);
    this.paper = new Paper((slice) => this.ask("slice", slice, sliceKey(slice)));
    this.about = new About(() => this.ask("case", { upload: this.upload, again: true }));
    const [facts, problem, again, ...lists] = this.about.parts;
    const about = element("div", "argyle-about");
    about.append(facts, problem, again, ...lists);
    this.box.append(head, about, this.paper.box);
    // Should the news be lost that a document was fetched.
    this.clock = setInterval(() => this.fetching && this.askCase(), LOOK_AGAIN_MS);
  }

  open(row) {
    Object.assign(this, { upload: row.upload, row, facts: null });
    this.title.replaceChildren(foreign(row.file_name || "no file name"));
    this.box.setAttribute("aria-label", `Upload ${shown(row.file_name || row.upload)}`);
    this.about.show(null);
    this.paper.clear("Downloading the document");
    this.box.hidden = false;
    this.askCase();
  }

  close() {
    this.upload = null;
    this.fetching = false;
    this.box.hidden = true;
    this.paper.clear("");
    this.about.show(null);
  }

  stop() {
    clearInterval(this.clock);
    this.close();
  }

  askCase() {
    this.ask("case", { upload: this.upload });
  }

  hear(message, buffers) {
    if (message.upload !== this.upload) return;
    if (message.about === "ready") this.askCase();
    else if (message.about === "slice") this.paper.take(message, buffers[0]);
    else if (message.about === "case") this.takeCase(message);
  }

  takeCase(facts) {
    this.fetching = Boolean(facts.fetching);
    if (this.facts) return;
    this.about.show({ ...facts, borrower: this.row.borrower });
    if (facts.fetching) this.paper.clear("Downloading the document");
    if (facts.fetching) return;
    if (!facts.problem) this.facts = facts;
    if (facts.size) this.paper.begin(facts);
    else if (facts.offline) {
      this.paper.clear(
        "The document and its OCR data are downloaded through the client. To see them here: " +
          "anb.ScoreExplorer(uploads, signals, client=client)",
      );
    } else this.paper.clear("Document not available.");
  }
}

// ------------------------------------------------------------------ taking uploads along

// The parts of a CSV file, put together in the browser and handed to it as a download.
class Download {
  constructor(ask, tell) {
    Object.assign(this, { ask, tell, file: null });
    this.bar = element("progress", "argyle-export-bar");
    this.bar.setAttribute("aria-label", "Download");
    this.bar.hidden = true;
  }

  begin(file) {
    Object.assign(this, { file, blobs: [], next: 0, arrived: 0 });
    Object.assign(this.bar, { hidden: false, max: file.parts, value: 0 });
    this.tell(`Preparing ${file.name}`);
    for (let i = 0; i < PARTS_IN_FLIGHT; i++) this.askNext();
  }

  askNext() {
    if (this.next >= this.file.parts) return;
    const part = this.next++;
    this.ask("part", { upload: this.file.file, part }, `part-${part}`);
  }

  take({ part }, bytes) {
    if (!this.file || this.blobs[part]) return;
    this.blobs[part] = new Blob([bytes]);
    this.arrived += 1;
    this.bar.value = this.arrived;
    if (this.arrived === this.file.parts) this.end();
    else this.askNext();
  }

  end() {
    const { name, uploads } = this.file;
    const url = URL.createObjectURL(new Blob(this.blobs, { type: "text/csv" }));
    const link = element("a");
    Object.assign(link, { href: url, download: name });
    link.click();
    // The browser may ask first where to put it.
    setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
    this.stop();
    this.tell(`Download of ${name} started: ${plural(uploads, "upload")}`);
  }

  stop() {
    this.file = null;
    this.blobs = [];
    this.bar.hidden = true;
  }
}

// What is done with the selected uploads, or with all in view.
class Actions {
  constructor(acts) {
    this.box = element("div", "argyle-export");
    this.review = button("Review", acts.review);
    this.save = button("Download", () => acts.save(this.names.checked));
    this.names = element("input");
    this.names.type = "checkbox";
    const withNames = element("label", "argyle-choice");
    withNames.append(this.names, element("span", "", "Include file names (may be personal data)"));
    this.clear = button("Clear selection", acts.clear);
    this.box.append(this.review, this.save, withNames, this.clear);
  }

  show(inView, selected, fallback) {
    const many = selected || inView;
    const what = selected ? `${many.toLocaleString("en")} selected` : plural(many, "upload");
    setText(this.review, `Review ${what}`);
    setText(this.save, `Download ${what} as CSV`);
    if (!many) for (const press of [this.review, this.save]) handOn(press, fallback);
    if (!selected) handOn(this.clear, fallback);
    this.review.disabled = this.save.disabled = !many;
    this.clear.hidden = !selected;
  }
}

// A ReviewQueue below the explorer, where the front end can show one widget in another.
class QueueBox {
  constructor(host, closed) {
    Object.assign(this, { host, shown: "" });
    this.box = element("div", "argyle-panel argyle-review-below");
    this.box.hidden = true;
    this.text = element("p");
    this.text.tabIndex = -1;
    const line = "queue = explorer.review(client)";
    const hint = wrap("p", "In a cell, the same is ", element("code", "", line));
    this.close = button("Close the review", closed);
    this.place = element("div");
    const head = element("div", "argyle-opened-head");
    head.append(this.text, this.close);
    this.box.append(head, hint, this.place);
    keepKeys(this.box);
  }

  async show(ref, isNew = false) {
    if (ref === this.shown && !isNew) return;
    this.end?.abort();
    this.shown = ref;
    this.place.replaceChildren();
    this.box.hidden = !ref && !isNew;
    setText(this.text, "Review queue");
    if (isNew) {
      this.box.scrollIntoView({ block: "nearest" });
      this.text.focus({ preventScroll: true });
    }
    if (!ref && isNew) setText(this.text, "To review these uploads, run this line in a cell:");
    if (!ref) return;
    this.end = new AbortController();
    try {
      const queue = await this.host.getWidget(ref);
      await queue.render({ el: this.place, signal: this.end.signal });
    } catch {
      setText(this.text, "The queue can't be shown here. Run this line in a cell:");
    }
  }

  stop() {
    this.end?.abort();
  }
}

// ------------------------------------------------------------------ the panel

function described(picture) {
  const without = picture.unscored.reduce((sum, [, uploads]) => sum + uploads, 0);
  const why = picture.unscored.map(
    ([reason, n]) => `${n.toLocaleString("en")} ${WITHOUT_SCORE[reason] ?? reason}`,
  );
  const rest = without ? `, ${without.toLocaleString("en")} without a score (${why.join(", ")})` : "";
  return (
    `${(picture.scored + without).toLocaleString("en")} of ${plural(picture.uploads, "upload")} ` +
    `shown: ${picture.scored.toLocaleString("en")} scored${rest}. Level preset: ${picture.preset}.`
  );
}

const NOTHING = {
  ...Object.fromEntries(MANY.map(([name]) => [name, []])),
  ...Object.fromEntries(TYPED.map(([name]) => [name, ""])),
  scores: null,
};

class ExplorerPage {
  constructor(model, el, host) {
    const { panel, notice, status, tell } = panelOf(el, "Score explorer", model);
    Object.assign(this, { panel, status, view: null, page: 0, cumulative: false, selected: 0 });
    this.talk = new Talk(model, (message, buffers) => this.hear(message, buffers), () =>
      tell(this.talk.notice),
    );
    const ask = (...question) => this.talk.ask(...question);
    this.filters = new Filters((changes) => this.look(changes ?? NOTHING));
    this.picture = new Picture((scores) =>
      this.look({ scores: same(this.view?.scores, scores) ? null : scores }),
    );
    this.cuts = new Cuts((reject_below, pass_from) =>
      this.look({ reject_below, pass_from }, this.page),
    );
    this.table = new Table({
      sort: (column) => this.sort(column),
      turn: (step) => this.look({}, this.page + step),
      lift: (name) => this.look(name ? { [name]: NOTHING[name] } : NOTHING),
      open: (row) => this.open(row),
      select: (uploads, selected) => this.talk.tell("select", { uploads, selected }),
    });
    this.opened = new Opened(ask, () => this.closeOpened());
    this.download = new Download(ask, (text) => setText(status, text));
    this.actions = new Actions({
      review: () => this.talk.tell("review"),
      save: (file_names) => this.download.file || ask("export", { file_names }),
      clear: () => this.clearSelection(),
    });
    this.summary = element("p", "argyle-summary");
    const kinds = kindOfPicture((chosen) => {
      this.cumulative = chosen;
      this.drawPicture();
    });
    this.code = codeBox((text) => setText(status, text));
    const both = element("div", "argyle-beside");
    this.table.box.append(this.actions.box, this.download.bar, status);
    both.append(this.table.box, this.opened.box);
    panel.append(notice, this.filters.box, kinds, this.summary, this.picture.box, this.cuts.box);
    panel.append(this.cuts.tiles, both, this.code.box);
    both.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.opened.upload) this.closeOpened();
    });
    this.queue = new QueueBox(host, () => this.talk.tell("review", { open: false }));
    el.append(this.queue.box);
    this.offered = "";
    this.draw(model.get("saved"), null);
    this.filters.show({ ...NOTHING, ...model.get("saved").filters });
    this.actions.show(0, 0, this.table.scroll);
    ask("look", { page: 0 });
  }

  stop() {
    clearTimeout(this.working);
    this.talk.stop();
    this.opened.stop();
    this.queue.stop();
    this.picture.observer.disconnect();
  }

  look(changes, page = 0) {
    if (!this.view) {
      // The kernel is still to say which view it has.
      this.early = { ...this.early, ...changes };
      return;
    }
    this.view = { ...this.view, ...changes };
    this.page = page;
    this.cuts.show(this.view.reject_below, this.view.pass_from);
    this.drawPicture();
    this.talk.ask("look", { view: this.view, page });
    this.working ??= setTimeout(() => {
      setText(this.status, "Working");
      this.panel.classList.add("argyle-working");
    }, WORKING_MS);
  }

  sort(column) {
    const ascending = this.view?.sort_by === column ? !this.view.ascending : true;
    this.look({ sort_by: column, ascending });
  }

  open(row) {
    if (this.opened.upload === row.upload) {
      this.closeOpened();
      return;
    }
    this.panel.classList.add("argyle-has-opened");
    this.opened.open(row);
    this.table.showOpen(row.upload);
    // In a narrow window it stands below, out of sight.
    const { bottom } = this.table.box.getBoundingClientRect();
    const { top } = this.opened.box.getBoundingClientRect();
    if (top >= bottom) this.opened.box.scrollIntoView();
    setText(this.status, `Opened ${shown(row.file_name || row.upload)}`);
  }

  closeOpened() {
    const line = this.table.find(this.opened.upload);
    this.opened.close();
    this.panel.classList.remove("argyle-has-opened");
    this.table.showOpen(null);
    setText(this.status, "");
    (line?.querySelector("button") ?? this.table.scroll).focus();
  }

  clearSelection() {
    for (const box of this.table.boxes()) box.checked = false;
    this.table.newer.clear();
    this.table.showEvery();
    this.talk.tell("select", { uploads: [] });
  }

  drawPicture() {
    const { picture } = this.picture;
    const cuts = this.view ? [this.view.reject_below, this.view.pass_from] : this.picture.cuts;
    if (picture) this.picture.show(picture, cuts, this.view?.scores, this.cumulative);
  }

  draw(found, chosen) {
    const options = JSON.stringify(found.options);
    if (this.offered !== options) this.filters.offer(found.options, found.names);
    this.offered = options;
    this.table.borrower = found.borrower;
    setText(this.summary, described(found));
    this.picture.show(found, [...found.cuts], chosen, this.cumulative);
    this.cuts.show(...found.cuts);
    this.cuts.showShares(found.shares);
  }

  hear(message, buffers) {
    if (message.about === "look") this.endWorking();
    if (message.error) {
      if (message.about === "part") this.download.stop();
      return;
    }
    switch (message.about) {
      case "look":
        this.takeLook(message);
        break;
      case "select":
        if (!this.talk.tells(({ kind }) => kind === "select")) this.table.newer.clear();
        this.showSelected(message.selected);
        break;
      case "export":
        this.download.begin(message);
        break;
      case "part":
        this.download.take(message, buffers[0]);
        break;
      case "review":
        this.queue.show(message.queue, message.open);
        break;
      default:
        this.opened.hear(message, buffers);
    }
  }

  endWorking() {
    if (this.talk.inFlight.has("look")) return;
    clearTimeout(this.working);
    this.working = null;
    this.panel.classList.remove("argyle-working");
  }

  takeLook(message) {
    const { view, table, picture } = message;
    // Of an older question only the numbers are news, while a slider is being moved.
    if (this.talk.inFlight.has("look")) {
      this.cuts.showShares(picture.shares);
      return;
    }
    const first = this.view === null;
    this.view = view;
    this.page = table.page;
    this.filters.show(view);
    this.table.borrower = picture.borrower;
    this.table.show(table, view, this.opened.upload);
    this.table.showLifts(message.lifts, picture.uploads);
    this.inView = table.uploads;
    this.showSelected(message.selected);
    this.code.show(message.code);
    if (!first) setText(this.status, said(message));
    this.draw(picture, view.scores);
    if (!first) return;
    this.queue.show(message.queue);
    if (this.early) this.look(this.early);
  }

  showSelected(selected) {
    this.actions.show(this.inView, selected, this.table.scroll);
  }
}

function said({ table, picture }) {
  const parts = DECISIONS.map(([name, title]) => {
    return `${title.toLowerCase()} ${percent(picture.shares[name].share)}`;
  });
  const listed = `${plural(table.uploads, "upload")} in the table`;
  return picture.scored ? `${listed}; ${parts.join(", ")}` : listed;
}

function same(one, other) {
  return Boolean(one) && one[0] === other[0] && one[1] === other[1];
}

function kindOfPicture(changed) {
  const group = element("fieldset", "argyle-kinds");
  group.append(element("legend", "", "Chart"));
  const name = `argyle-kind-${Math.random()}`;
  for (const [text, value] of [
    ["Histogram", false],
    ["Cumulative distribution", true],
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
  const text = region(element("pre"), "Code for this view");
  const copy = button("Copy", () =>
    navigator.clipboard.writeText(text.textContent).then(
      () => told("Code copied"),
      () => told("Your browser blocked copying. Select the code and copy it manually."),
    ),
  );
  const given = element("p", "", "uploads and signals are the tables you passed to ScoreExplorer.");
  box.append(element("summary", "", "Show code"), given, text, copy);
  return { box, show: (code) => setText(text, code) };
}

function render({ model, el, host }) {
  const page = new ExplorerPage(model, el, host);
  return () => page.stop();
}

export default { render };
