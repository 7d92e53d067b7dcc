// The page of DropZone: files are read in slices, each slice is a message with a binary buffer, and
// at most a few are unacknowledged. Every message may be repeated without harm.

const SILENT_COPY = {
  ms: 15000,
  notice:
    "No answer from the kernel. If a cell is running, copying goes on after it; " +
    "if the kernel was restarted, run this cell again.",
};
const GONE = "The kernel was restarted or has stopped: run this cell again.";
const STOPPED = Symbol("stopped");
const SLICE_PATIENCE_MS = 5000;
const STALE_MS = 3000;
const SHOW_MS = 100;
const SHOW_AGAIN_MS = 1000;
const HASH_AHEAD_BYTES = 4 << 20;
const HEAD_BYTES = 1024;
const SYSTEM_FILE = /^(\.|~\$|Thumbs\.db$|desktop\.ini$)/i;
const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

// ------------------------------------------------------------------ copying

// One for each widget: what it holds is shared by all views of it, and outlives them.
class Copier {
  constructor(model) {
    this.model = model;
    this.rows = new Map();
    this.sources = new Map();
    this.queue = [];
    this.running = null;
    this.waiting = null;
    this.views = new Set();
    this.said = "";
    const heard = (message) => this.hear(message);
    this.talk = new Talk(model, heard, () => this.checkKernel(), SILENT_COPY);
    this.merge = () => this.takeRows(model.get("rows") ?? []);
    // Tells the kernel that somebody is here, and moves the talk to where cells do not block it.
    this.greet = () => this.talk.ask("hello");
    model.on("change:rows", this.merge);
    model.on("comm_live_update", this.greet);
    this.clock = setInterval(() => this.show(), SHOW_AGAIN_MS);
    this.merge();
    this.greet();
  }

  stop() {
    this.stopped = true;
    clearInterval(this.clock);
    this.talk.stop();
    this.model.off("change:rows", this.merge);
    this.model.off("comm_live_update", this.greet);
    this.running?.abort.abort();
  }

  get rules() {
    return this.model.get("rules");
  }

  get notice() {
    return this.talk.gone ? GONE : this.talk.notice;
  }

  async choose(files) {
    const skipped = files.filter((file) => SYSTEM_FILE.test(file.name));
    const chosen = files.filter((file) => !SYSTEM_FILE.test(file.name));
    for (const file of chosen) await this.add(file);
    const names = skipped.map((file) => shown(file.name)).join(", ");
    this.say(
      `${plural(chosen.length, "file")} chosen` + (names ? `; skipped as system files: ${names}` : ""),
    );
    this.run();
  }

  async add(file) {
    const again = [...this.rows.values()].find((row) => this.goesOn(row, file));
    const key = again?.file ?? newKey();
    const { name, size, lastModified: modified } = file;
    const row = again ?? { file: key, name, size, modified, received: 0, message: "" };
    const problem = await problemOf(file, this.rules.max_bytes);
    this.rows.set(key, Object.assign(row, { state: problem ? "refused" : "waiting" }));
    row.message = problem ?? "";
    if (problem) {
      this.tell("refuse", { file: key, name, size, reason: problem });
    } else {
      this.sources.set(key, file);
      this.queue.push(key);
      // Said at once, so that a file that still waits is not forgotten when the page is reloaded.
      this.tell("begin", { file: key, name, size, modified });
    }
    this.show();
  }

  // A file that was begun, by this page or before it was loaded anew.
  goesOn(row, file) {
    const same =
      row.name === file.name && row.size === file.size && row.modified === file.lastModified;
    const open = row.state === "receiving" && !this.sources.has(row.file);
    return same && (open || row.state === "failed" || row.state === "cancelled");
  }

  cancel(key) {
    const row = this.rows.get(key);
    this.queue = this.queue.filter((other) => other !== key);
    if (this.running?.key === key) this.running.abort.abort();
    row.state = "cancelled";
    row.received = 0;
    this.tell("cancel", { file: key });
    this.say(`${shown(row.name)} cancelled`);
    this.show();
  }

  // False when the page no longer has the file: it must be chosen again.
  retry(key) {
    if (!this.sources.has(key)) return false;
    Object.assign(this.rows.get(key), { state: "waiting", message: "" });
    this.queue.push(key);
    this.show();
    this.run();
    return true;
  }

  remove(key) {
    this.drop(key);
    this.tell("remove", { file: key });
    this.show();
  }

  drop(key) {
    this.rows.delete(key);
    this.sources.delete(key);
    this.queue = this.queue.filter((other) => other !== key);
    if (this.running?.key === key) this.running.abort.abort();
  }

  async run() {
    if (this.running) return;
    while (this.queue.length && !this.stopped) {
      this.running = { key: this.queue.shift(), abort: new AbortController() };
      await this.copy(this.running.key, this.running.abort.signal);
      this.running = null;
      this.show();
    }
    const states = [...this.rows.values()].map((row) => row.state);
    const here = states.filter((state) => state === "arrived").length;
    const not = states.length - here;
    this.say(`${plural(here, "file")} copied to the notebook` + (not ? `, ${not} not` : ""));
  }

  async copy(key, signal) {
    const file = this.sources.get(key);
    const row = this.rows.get(key);
    try {
      row.startedAt = performance.now();
      const { name, size, lastModified: modified } = file;
      const begun = await this.ask("begin", { file: key, name, size, modified }, signal);
      row.startedAt = performance.now();
      row.startedFrom = begun.row.received;
      const { digest, offset } = await this.goOn(key, file, begun.row.received, signal);
      await this.sendSlices(key, file, digest, offset, signal);
      await this.ask("finish", { file: key, sha256: digest.hex() }, signal);
      this.sources.delete(key);
    } catch (error) {
      if (error === STOPPED) return;
      const reason = this.talk.gone
        ? "the kernel is gone"
        : `cannot be read by the browser (${error.name}); choose it again`;
      this.sources.delete(key);
      Object.assign(row, { state: "failed", message: reason });
      this.tell("fail", { file: key, reason });
    }
  }

  // Shows the kernel that the first part is the same; if it is not, it starts over.
  async goOn(key, file, offset, signal) {
    const digest = new Sha256();
    if (!offset) return { digest, offset };
    this.rows.get(key).checking = true;
    this.show();
    try {
      for (let at = 0; at < offset; at += HASH_AHEAD_BYTES) {
        digest.update(await read(file, at, Math.min(at + HASH_AHEAD_BYTES, offset)));
        if (signal.aborted) throw STOPPED;
      }
    } finally {
      this.rows.get(key).checking = false;
    }
    const sha256 = digest.copy().hex();
    const { row } = await this.ask("prove", { file: key, offset, sha256 }, signal);
    return row.received === offset ? { digest, offset } : { digest: new Sha256(), offset: 0 };
  }

  async sendSlices(key, file, digest, offset, signal) {
    const { slice_bytes: sliceBytes, unacknowledged } = this.rules;
    const sent = [];
    const send = (part) =>
      this.talk.send({ kind: "slice", file: key, offset: part.at }, part.bytes);
    let next = offset;
    let resentAt = null;
    while (next < file.size || sent.length) {
      while (next < file.size && sent.length < unacknowledged) {
        const bytes = await read(file, next, Math.min(next + sliceBytes, file.size));
        if (signal.aborted) throw STOPPED;
        while (sent.length && sent[0].at < this.rows.get(key).received) sent.shift();
        digest.update(bytes);
        sent.push({ at: next, bytes });
        send(sent.at(-1));
        next += bytes.length;
      }
      const heard =
        (await this.next(key, null, signal, SLICE_PATIENCE_MS)) ??
        (await this.ask("where", { file: key }, signal));
      const { received } = heard.row;
      while (sent.length && sent[0].at < received) sent.shift();
      // An answer to "where" comes after the answers to all that was sent before it.
      if (heard.about === "where" || (heard.ahead && resentAt !== received)) {
        resentAt = received;
        sent.forEach(send);
      }
    }
  }

  // Of a file only the last word counts.
  tell(kind, content) {
    this.talk.ask(kind, content, content.file);
  }

  ask(kind, content, signal) {
    this.tell(kind, content);
    return this.next(content.file, kind, signal);
  }

  // The next message about a file; null when none came in time. Only one file is on its way.
  next(file, about, signal, ms) {
    return new Promise((resolve, reject) => {
      const done = (settle) => (value) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        this.waiting = null;
        settle(value);
      };
      const stop = () => done(reject)(STOPPED);
      const timer = ms && setTimeout(() => done(resolve)(null), ms);
      this.waiting = { file, about, resolve: done(resolve), reject: done(reject) };
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      else this.checkKernel();
    });
  }

  // Without a kernel that knows this widget nothing will come any more.
  checkKernel() {
    if (this.talk.gone) this.waiting?.reject(new Error("no kernel"));
    this.show();
  }

  hear(message) {
    for (const row of message.rows ?? [message.row]) if (row) this.takeAnswer(message, row);
  }

  takeAnswer({ about, ahead }, row) {
    if (row.state === "gone") this.drop(row.file);
    // Answers to what was said before, slices too, are old news.
    if (this.talk.inFlight.has(row.file)) return;
    const known = this.rows.get(row.file);
    if (known && !this.queue.includes(row.file)) {
      Object.assign(known, row, { movedAt: performance.now() });
    }
    const waiting = this.waiting;
    if (waiting?.file !== row.file) return;
    if (row.state !== "receiving" && row.state !== "arrived") waiting.reject(STOPPED);
    else if (!waiting.about || waiting.about === about) waiting.resolve({ about, row, ahead });
  }

  takeRows(rows) {
    for (const row of rows) {
      const known = this.rows.get(row.file);
      if (!known) {
        // What this page does not know and yet talks about is being removed.
        if (!this.talk.inFlight.has(row.file)) this.rows.set(row.file, { ...row });
      } else if (!this.sources.has(row.file)) {
        if (known.received !== row.received) known.movedAt = performance.now();
        Object.assign(known, row);
      }
    }
    this.show();
  }

  say(text) {
    this.said = text;
    this.show();
  }

  show() {
    this.showing ??= setTimeout(() => {
      this.showing = null;
      this.views.forEach((view) => view());
    }, SHOW_MS);
  }

  // In words, and what can be done: at most one of cancel, retry, choose again; or remove.
  describe(row) {
    const percent = row.size ? Math.floor((100 * row.received) / row.size) : 0;
    const stale = performance.now() - (row.movedAt ?? -STALE_MS) > STALE_MS;
    switch (row.state) {
      case "waiting":
        return { icon: "…", text: "waiting", actions: ["Cancel"] };
      case "receiving":
        if (row.checking) {
          const text = `checking the ${percent} % that are here already`;
          return { icon: "↻", text, actions: ["Cancel"], bar: true };
        }
        if (!this.sources.has(row.file)) {
          const text = stale
            ? `stopped at ${percent} %: choose the same file again to go on`
            : `copying to the notebook, ${percent} %`;
          return { icon: "‖", text, actions: ["Choose again", "Cancel"], bar: true };
        }
        return {
          icon: "↑",
          text: `copying to the notebook, ${percent} %${speed(row)}`,
          actions: ["Cancel"],
          bar: true,
        };
      case "arrived":
        return { icon: "✓", text: "in the notebook", actions: ["Remove"] };
      case "refused":
        return { icon: "✕", text: `refused: ${row.message}`, actions: ["Remove"], bad: true };
      case "cancelled":
        return { icon: "–", text: "cancelled", actions: ["Retry", "Remove"] };
      default:
        return { icon: "⚠", text: `failed: ${row.message}`, actions: ["Retry", "Remove"], bad: true };
    }
  }
}

async function read(file, from, to) {
  return new Uint8Array(await file.slice(from, to).arrayBuffer());
}

function speed(row) {
  const seconds = (performance.now() - row.startedAt) / 1000;
  const bytes = row.received - (row.startedFrom ?? 0);
  return seconds > 1 && bytes > 0 ? `, ${megabytes(bytes / seconds)}/s` : "";
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) =>
    b.toString(16).padStart(2, "0"),
  ).join("");
}

// ------------------------------------------------------------------ what was chosen or dropped

async function problemOf(file, maxBytes) {
  if (file.size === 0) return "is empty (0 bytes); save or scan it again";
  if (file.size > maxBytes) {
    const limit = `is ${megabytes(file.size)}, over the limit of ${megabytes(maxBytes)}`;
    return `${limit}; split it or scan it at a lower resolution`;
  }
  let head;
  try {
    head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    return "cannot be read by the browser; check that it is a file and that you may open it";
  }
  return isDocument(head)
    ? null
    : "is not a PDF, JPEG, PNG or HEIC by its content; save it as one of these";
}

function isDocument(head) {
  const text = String.fromCharCode(...head);
  if (text.startsWith("\xff\xd8\xff") || text.startsWith("\x89PNG\r\n\x1a\n")) return true;
  if (text.slice(4, 8) === "ftyp" && HEIC.includes(text.slice(8, 12))) return true;
  return text.includes("%PDF-");
}

async function filesOf(transfer) {
  // The entries are gone after the first await.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  for (const entry of entries) await collect(entry, files);
  return files;
}

async function collect(entry, files) {
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // At most a hundred at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some) await collect(inner, files);
  }
}

// ------------------------------------------------------------------ the page

function picker(copier, folder) {
  const input = element("input");
  input.type = "file";
  input.multiple = true;
  input.hidden = true;
  input.tabIndex = -1;
  input.setAttribute("aria-hidden", "true");
  if (folder) input.webkitdirectory = true;
  else input.accept = copier.rules.accept;
  input.addEventListener("change", () => {
    const files = [...input.files];
    // Else the same file could not be chosen again.
    input.value = "";
    copier.choose(files);
  });
  return input;
}

function rowView(copier, key, pickFile, announced) {
  const item = element("li", "argyle-row");
  const icon = element("span", "argyle-icon");
  icon.setAttribute("aria-hidden", "true");
  const name = element("bdi", "argyle-name");
  const size = element("span", "argyle-size");
  const bar = element("progress", "argyle-bar");
  bar.max = 1;
  const state = element("span", "argyle-state");
  const actions = element("span", "argyle-actions");
  item.append(icon, name, size, bar, state, actions);
  const act = {
    Cancel: () => copier.cancel(key),
    Retry: () => copier.retry(key) || pickFile(),
    "Choose again": pickFile,
    Remove: () => copier.remove(key),
  };
  let offered = "";

  function offer(labels, named) {
    if (offered === labels.join()) return;
    offered = labels.join();
    const had = actions.contains(document.activeElement);
    const buttons = labels.map((label) => button(label, act[label]));
    for (const made of buttons) made.setAttribute("aria-label", `${made.textContent} ${named}`);
    actions.replaceChildren(...buttons);
    if (had) actions.firstElementChild?.focus();
  }

  function update(row) {
    const { icon: mark, text, actions: labels, bar: moving, bad } = copier.describe(row);
    const named = shown(row.name);
    setText(icon, mark);
    setText(name, named);
    name.title = named;
    setText(size, megabytes(row.size));
    bar.hidden = !moving;
    bar.value = row.size ? row.received / row.size : 0;
    bar.setAttribute("aria-label", `Copying ${named} to the notebook`);
    if (bad && announced && !item.dataset.bad) state.setAttribute("role", "alert");
    if (!bad) state.removeAttribute("role");
    announced = true;
    setText(state, text);
    item.dataset.state = row.state;
    if (bad) item.dataset.bad = "true";
    else delete item.dataset.bad;
    offer(labels, named);
  }

  return { item, update };
}

function render(copier, el) {
  const { panel: zone, notice, status, tell } = panelOf(el, "Choose documents");
  zone.classList.add("argyle-drop");
  const files = picker(copier, false);
  const folder = picker(copier, true);
  const pickFile = () => files.click();
  const area = element("div", "argyle-area");
  const chooseFiles = button("Choose files", pickFile);
  const buttons = element("div", "argyle-buttons");
  buttons.append(chooseFiles, button("Choose a folder", () => folder.click()));
  const limit = megabytes(copier.rules.max_bytes).replace(".0 ", " ");
  area.append(
    element("p", "argyle-invitation", "Drop documents here, or"),
    buttons,
    element("p", "argyle-hint", `PDF, JPEG, PNG or HEIC, up to ${limit} each. They are copied to ` +
      "the notebook's kernel; nothing is sent to Argyle by this."),
    files,
    folder,
  );
  const list = element("ul", "argyle-list");
  list.setAttribute("aria-label", "Chosen files");
  zone.append(area, notice, list, status);

  const views = new Map();
  let drawn = false;
  const isShown = (row) => row && !(copier.rules.hand_over && row.state === "arrived");
  const show = () => {
    for (const [key, view] of views) {
      if (!isShown(copier.rows.get(key))) removeRow(key, view);
    }
    for (const [key, row] of copier.rows) {
      if (!isShown(row)) continue;
      if (!views.has(key)) {
        views.set(key, rowView(copier, key, pickFile, drawn));
        list.append(views.get(key).item);
      }
      views.get(key).update(row);
    }
    list.hidden = views.size === 0;
    tell(copier.notice);
    setText(status, copier.said);
    drawn = true;
  };

  function removeRow(key, view) {
    const had = view.item.contains(document.activeElement);
    const next = view.item.nextElementSibling ?? view.item.previousElementSibling;
    view.item.remove();
    views.delete(key);
    if (had) (next?.querySelector("button") ?? chooseFiles).focus();
  }

  watchDrops(zone, area, copier);
  copier.views.add(show);
  show();
  return () => copier.views.delete(show);
}

function watchDrops(zone, area, copier) {
  let depth = 0;
  const mark = () => area.classList.toggle("argyle-over", depth > 0);
  const on = (kind, act) =>
    zone.addEventListener(kind, (event) => {
      // Else the browser opens the file, and the notebook is gone.
      event.preventDefault();
      event.stopPropagation();
      act(event);
      mark();
    });
  on("dragenter", () => depth++);
  on("dragover", (event) => (event.dataTransfer.dropEffect = "copy"));
  on("dragleave", () => (depth = Math.max(0, depth - 1)));
  on("drop", (event) => {
    depth = 0;
    filesOf(event.dataTransfer).then(
      (files) => copier.choose(files),
      (error) => copier.say(`What was dropped cannot be read (${error.name})`),
    );
  });
}

export default () => {
  let copier = null;
  return {
    initialize({ model }) {
      copier = new Copier(model);
      return () => copier.stop();
    },
    render({ el }) {
      return render(copier, el);
    },
  };
};
