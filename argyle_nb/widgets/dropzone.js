// The browser's side of DropZone: reads files in slices, sends each as a message with a binary
// buffer, and keeps at most a few of them unacknowledged. Every message may be repeated without
// harm, so whatever gets no answer is simply asked again. All text is set as textContent.

const ASK_AGAIN_MS = [5000, 10000, 15000];
const TELL_AGAIN_MS = 15000;
const SILENCE_MS = 15000;
const STALE_MS = 3000;
const SHOW_MS = 100;
const HEAD_BYTES = 1024;
const HASH_AHEAD_BYTES = 4 << 20;
const SYSTEM_FILE = /^(\.|~\$|Thumbs\.db$|desktop\.ini$)/i;
const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
const NO_ANSWER =
  "No answer from the kernel. If a cell is running, copying goes on after it; " +
  "if the kernel was restarted, run this cell again.";
const GONE = "The kernel was restarted or has stopped: run this cell again.";
const STOPPED = Symbol("stopped");

// ------------------------------------------------------------------ SHA-256, a slice at a time
// (FIPS 180-4). The browser's own digest takes only whole files, and only on secure pages.

const K = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  return Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));
})();
const START = [2, 3, 5, 7, 11, 13, 17, 19].map((p) => fraction(Math.sqrt(p)));

function fraction(x) {
  return ((x - Math.floor(x)) * 0x100000000) | 0;
}

export class Sha256 {
  constructor() {
    this.state = Int32Array.from(START);
    this.words = new Int32Array(64);
    this.rest = new Uint8Array(64);
    this.restLength = 0;
    this.length = 0;
  }

  update(bytes) {
    this.length += bytes.length;
    let from = 0;
    if (this.restLength) {
      from = Math.min(64 - this.restLength, bytes.length);
      this.rest.set(bytes.subarray(0, from), this.restLength);
      this.restLength += from;
      if (this.restLength < 64) return;
      this.blocks(this.rest, 0, 64);
    }
    const whole = from + ((bytes.length - from) & ~63);
    this.blocks(bytes, from, whole);
    this.rest.set(bytes.subarray(whole));
    this.restLength = bytes.length - whole;
  }

  blocks(bytes, from, to) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const w = this.words;
    const s = this.state;
    for (; from < to; from += 64) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(from + 4 * i);
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15];
        const y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let a = s[0];
      let b = s[1];
      let c = s[2];
      let d = s[3];
      let e = s[4];
      let f = s[5];
      let g = s[6];
      let h = s[7];
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      s[0] += a;
      s[1] += b;
      s[2] += c;
      s[3] += d;
      s[4] += e;
      s[5] += f;
      s[6] += g;
      s[7] += h;
    }
  }

  copy() {
    const twin = new Sha256();
    twin.state.set(this.state);
    twin.rest.set(this.rest);
    twin.restLength = this.restLength;
    twin.length = this.length;
    return twin;
  }

  // Ends the digest: nothing can be added afterwards.
  hex() {
    const bits = this.length * 8;
    const padding = new Uint8Array((this.restLength < 56 ? 64 : 128) - this.restLength);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 0x100000000));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    return Array.from(this.state, (n) => (n >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

// ------------------------------------------------------------------ the files and their copying

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

// One for each widget: what it holds is shared by all views of it, and outlives them.
class Copier {
  constructor(model) {
    this.model = model;
    this.rows = new Map();
    this.sources = new Map();
    this.queue = [];
    this.running = null;
    this.waiting = null;
    this.untold = new Map();
    this.views = new Set();
    this.silentSince = null;
    this.said = "";
    this.heard = (message) => this.hear(message);
    this.merge = () => this.takeRows(model.get("rows") ?? []);
    this.greet = () => this.hello();
    model.on("msg:custom", this.heard);
    model.on("change:rows", this.merge);
    model.on("comm_live_update", this.greet);
    this.clock = setInterval(() => this.look(), 1000);
    this.merge();
    this.hello();
  }

  stop() {
    this.stopped = true;
    clearInterval(this.clock);
    this.model.off("msg:custom", this.heard);
    this.model.off("change:rows", this.merge);
    this.model.off("comm_live_update", this.greet);
    this.running?.abort.abort();
  }

  get rules() {
    return this.model.get("rules");
  }

  async choose(files) {
    const skipped = files.filter((file) => SYSTEM_FILE.test(file.name));
    const chosen = files.filter((file) => !SYSTEM_FILE.test(file.name));
    for (const file of chosen) await this.add(file);
    const names = skipped.map((file) => shown(file.name)).join(", ");
    this.say(
      `${count(chosen.length, "file")} chosen` + (names ? `; skipped as system files: ${names}` : ""),
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
      this.tell({ kind: "refuse", file: key, name, size, reason: problem });
    } else {
      this.sources.set(key, file);
      this.queue.push(key);
      // Said at once, so that a file that still waits is not forgotten when the page is reloaded.
      this.tell({ kind: "begin", file: key, name, size, modified });
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
    this.tell({ kind: "cancel", file: key });
    this.say(`${shown(row.name)} cancelled`);
    this.show();
  }

  // False when the page no longer has the file: it must be chosen again.
  retry(key) {
    if (!this.sources.has(key)) return false;
    Object.assign(this.rows.get(key), { state: "waiting", message: "" });
    this.untold.delete(key);
    this.queue.push(key);
    this.show();
    this.run();
    return true;
  }

  remove(key) {
    this.drop(key);
    this.tell({ kind: "remove", file: key });
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
    this.say(`${count(here, "file")} copied to the notebook` + (not ? `, ${not} not` : ""));
  }

  async copy(key, signal) {
    const file = this.sources.get(key);
    const row = this.rows.get(key);
    try {
      row.startedAt = performance.now();
      const { name, size, lastModified: modified } = file;
      const begun = await this.ask({ kind: "begin", file: key, name, size, modified }, signal);
      row.startedAt = performance.now();
      row.startedFrom = begun.row.received;
      const { digest, offset } = await this.goOn(key, file, begun.row.received, signal);
      await this.sendSlices(key, file, digest, offset, signal);
      await this.ask({ kind: "finish", file: key, sha256: digest.hex() }, signal);
      this.sources.delete(key);
    } catch (error) {
      if (error === STOPPED) return;
      const reason = this.gone
        ? "the kernel is gone"
        : `cannot be read by the browser (${error.name}); choose it again`;
      this.sources.delete(key);
      Object.assign(row, { state: "failed", message: reason });
      this.tell({ kind: "fail", file: key, reason });
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
    const { row } = await this.ask({ kind: "prove", file: key, offset, sha256 }, signal);
    return row.received === offset ? { digest, offset } : { digest: new Sha256(), offset: 0 };
  }

  async sendSlices(key, file, digest, offset, signal) {
    const { slice_bytes: sliceBytes, unacknowledged } = this.rules;
    const sent = [];
    const send = (part) => this.send({ kind: "slice", file: key, offset: part.at }, part.bytes);
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
        (await this.next(key, null, ASK_AGAIN_MS[0], signal)) ??
        (await this.ask({ kind: "where", file: key }, signal));
      const { received } = heard.row;
      while (sent.length && sent[0].at < received) sent.shift();
      // An answer to "where" comes after the answers to all that was sent before it.
      if (heard.about === "where" || (heard.ahead && resentAt !== received)) {
        resentAt = received;
        sent.forEach(send);
      }
    }
  }

  // False when there is no kernel any more that knows this widget.
  send(content, bytes) {
    try {
      this.model.send(content, undefined, bytes ? [bytes] : undefined);
      this.gone = false;
    } catch {
      this.gone = true;
    }
    return !this.gone;
  }

  // Said again until it is answered, without waiting for it.
  tell(content) {
    this.silentSince ??= performance.now();
    this.untold.set(content.file, { content, at: performance.now() });
    this.send(content);
  }

  async ask(content, signal) {
    for (let tries = 0; ; tries++) {
      if (!this.send(content)) throw new Error("no kernel");
      const wait = ASK_AGAIN_MS[Math.min(tries, ASK_AGAIN_MS.length - 1)];
      const heard = await this.next(content.file, content.kind, wait, signal);
      if (heard) return heard;
    }
  }

  // The next message about a file; null when none came in time. Only one file is on its way.
  next(file, about, ms, signal) {
    this.silentSince ??= performance.now();
    return new Promise((resolve, reject) => {
      const done = (settle) => (value) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        this.waiting = null;
        settle(value);
      };
      const stop = () => done(reject)(STOPPED);
      const timer = setTimeout(() => done(resolve)(null), ms);
      this.waiting = { file, about, resolve: done(resolve), reject: done(reject) };
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
    });
  }

  hear(message) {
    this.silentSince = null;
    this.notice = "";
    if (message.row) this.takeAnswer(message);
    else if (message.rows) message.rows.forEach((row) => this.takeAnswer({ ...message, row }));
    else this.untold.delete("");
    this.show();
  }

  takeAnswer({ about, row, ahead }) {
    const known = this.rows.get(row.file);
    const untold = this.untold.get(row.file)?.content.kind;
    if (untold === about) this.untold.delete(row.file);
    if (row.state === "gone") this.drop(row.file);
    // Answers to slices that were sent before the file was cancelled are old news.
    else if (known && (!untold || untold === about) && !this.queue.includes(row.file)) {
      Object.assign(known, row, { movedAt: performance.now() });
    }
    const waiting = this.waiting;
    if (waiting?.file !== row.file || about === "cancel") return;
    if (row.state !== "receiving" && row.state !== "arrived") waiting.reject(STOPPED);
    else if (!waiting.about || waiting.about === about) waiting.resolve({ about, row, ahead });
  }

  takeRows(rows) {
    for (const row of rows) {
      const known = this.rows.get(row.file);
      if (!known) {
        if (this.untold.get(row.file)?.content.kind !== "remove") this.rows.set(row.file, { ...row });
      } else if (!this.sources.has(row.file)) {
        if (known.received !== row.received) known.movedAt = performance.now();
        Object.assign(known, row);
      }
    }
    this.show();
  }

  // Tells the kernel that somebody is here, and moves the talk to where cells do not block it.
  hello() {
    this.tell({ kind: "hello", file: "" });
  }

  look() {
    const now = performance.now();
    for (const untold of this.untold.values()) {
      if (now - untold.at < TELL_AGAIN_MS) continue;
      untold.at = now;
      this.send(untold.content);
    }
    const silent = this.silentSince !== null && now - this.silentSince > SILENCE_MS;
    this.notice = this.gone ? GONE : silent ? NO_ANSWER : "";
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

function megabytes(bytes) {
  if (bytes < 1e3) return count(bytes, "byte");
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) =>
    b.toString(16).padStart(2, "0"),
  ).join("");
}

// Characters that are invisible or turn the writing direction could make a name look like another.
function shown(name) {
  return name.replace(/[\p{C}\u2028\u2029]/gu, "_");
}

// ------------------------------------------------------------------ what was dropped

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

// ------------------------------------------------------------------ the view

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function button(label, name, act) {
  const made = element("button", "argyle-button", label);
  made.type = "button";
  if (name) made.setAttribute("aria-label", name);
  made.addEventListener("click", act);
  return made;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

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
    actions.replaceChildren(...labels.map((label) => button(label, `${label} ${named}`, act[label])));
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
  const zone = element("section", "argyle-panel argyle-drop");
  zone.setAttribute("aria-label", "Choose documents");
  keepKeys(zone);
  const files = picker(copier, false);
  const folder = picker(copier, true);
  const pickFile = () => files.click();
  const area = element("div", "argyle-area");
  const chooseFiles = button("Choose files", null, pickFile);
  const buttons = element("div", "argyle-buttons");
  buttons.append(chooseFiles, button("Choose a folder", null, () => folder.click()));
  const limit = megabytes(copier.rules.max_bytes).replace(".0 ", " ");
  area.append(
    element("p", "argyle-invitation", "Drop documents here, or"),
    buttons,
    element("p", "argyle-hint", `PDF, JPEG, PNG or HEIC, up to ${limit} each. They are copied to ` +
      "the notebook's kernel; nothing is sent to Argyle by this."),
    files,
    folder,
  );
  const status = element("p", "argyle-status");
  status.setAttribute("role", "status");
  status.setAttribute("aria-live", "polite");
  const notice = element("p", "argyle-notice");
  notice.setAttribute("role", "alert");
  const list = element("ul", "argyle-list");
  list.setAttribute("aria-label", "Chosen files");
  zone.append(area, notice, list, status);
  el.append(zone);

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
    setText(notice, copier.notice ?? "");
    notice.hidden = !copier.notice;
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
