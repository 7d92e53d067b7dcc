// How files come from the browser to the kernel. Small ones come whole, several in one message;
// of a large one each slice is a message. A few messages at most are unacknowledged, and every
// message may be repeated without harm.

const SILENT_COPY = {
  ms: 15000,
  notice:
    "The kernel is not responding. If a cell is running, copying resumes when it finishes. " +
    "If the kernel restarted, run this cell again.",
};
const STOPPED = Symbol("stopped");
const SLICE_PATIENCE_MS = 5000;
const STALE_MS = 3000;
const SHOW_MS = 100;
const SHOW_AGAIN_MS = 1000;
const HASH_AHEAD_BYTES = 4 << 20;
const HEAD_BYTES = 1024;
const FILES_ANNOUNCED_AT_ONCE = 500;
const SYSTEM_FILE = /^(\.|~\$|Thumbs\.db$|desktop\.ini$)/i;
const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
// What the answers to these say of a file is news; of the others the page knows it.
const PROGRESS = ["begin", "whole", "prove", "slice", "where", "finish"];
const COPY_STATES = ["copying", "failed", "cancelled"];

// ------------------------------------------------------------------ copying

// One for each widget: what it holds is shared by all views of it, and outlives them. A file has a
// row here from the moment it is chosen until the kernel tells what it made of it.
class Copier {
  constructor(model) {
    this.model = model;
    this.rows = new Map();
    this.sources = new Map();
    this.known = new Map();
    this.small = [];
    this.large = [];
    this.running = null;
    this.waiting = null;
    this.packs = 0;
    this.views = new Set();
    this.said = "";
    const heard = (message) => this.hear(message);
    this.talk = new Talk(model, heard, () => this.checkKernel(), SILENT_COPY);
    this.clock = setInterval(() => this.show(), SHOW_AGAIN_MS);
  }

  stop() {
    this.stopped = true;
    clearInterval(this.clock);
    this.talk.stop();
    this.running?.abort.abort();
  }

  get rules() {
    return this.model.get("rules");
  }

  get isCopying() {
    return this.small.length > 0 || this.large.length > 0 || this.packs > 0 || this.running !== null;
  }

  choose(files) {
    const skipped = files.filter((file) => SYSTEM_FILE.test(file.name));
    const chosen = files.filter((file) => !SYSTEM_FILE.test(file.name));
    const again = new Map([...this.open()].map((row) => [fingerprint(row), row.file]));
    const added = chosen.map((file) => this.add(file, again.get(fingerprint(file))));
    // Said at once, so that a file that still waits is not forgotten when the page is reloaded.
    const announced = added.filter((row) => row.state === "copying");
    for (let at = 0; at < announced.length; at += FILES_ANNOUNCED_AT_ONCE) {
      const part = announced.slice(at, at + FILES_ANNOUNCED_AT_ONCE);
      this.talk.ask("announce", { files: part.map(described) }, `announce ${part[0].file}`);
    }
    const names = skipped.map((file) => shown(file.name)).join(", ");
    this.say(
      `${plural(chosen.length, "file")} chosen` + (names ? `; skipped system files: ${names}` : ""),
    );
    this.run();
  }

  // Files that were begun, by this page or before it was loaded anew.
  *open() {
    for (const row of [...this.known.values(), ...this.rows.values()]) {
      const isOpen = row.state === "copying" && !this.sources.has(row.file);
      if (isOpen || row.state === "failed" || row.state === "cancelled") yield row;
    }
  }

  add(file, key = newKey()) {
    const { name, size, lastModified: modified } = file;
    const row = { file: key, name, size, modified, received: 0, message: "", state: "copying" };
    const problem = sizeProblem(file, this.rules.max_bytes);
    this.rows.set(key, row);
    if (problem) this.refuse(key, problem);
    else this.queue(key, file);
    return row;
  }

  queue(key, file) {
    this.sources.set(key, file);
    (file.size <= this.rules.slice_bytes ? this.small : this.large).push(key);
  }

  refuse(key, reason) {
    const row = this.rows.get(key);
    Object.assign(row, { state: "invalid", message: reason });
    this.sources.delete(key);
    this.talk.ask("refuse", { files: [{ ...described(row), reason }] }, key);
    this.show();
  }

  cancel(keys) {
    const taken = new Set(keys);
    this.small = this.small.filter((key) => !taken.has(key));
    this.large = this.large.filter((key) => !taken.has(key));
    if (taken.has(this.running?.key)) this.running.abort.abort();
    for (const key of keys) {
      if (this.rows.has(key)) Object.assign(this.rows.get(key), { state: "cancelled", received: 0 });
    }
    this.talk.ask("cancel", { files: keys.map((file) => ({ file })) }, keys[0]);
    this.show();
  }

  cancelAll() {
    const keys = [...this.rows.values()].filter((row) => row.state === "copying");
    if (keys.length) this.cancel(keys.map((row) => row.file));
  }

  // False when the page no longer has the file: it must be chosen again.
  retry(key) {
    if (!this.sources.has(key)) return false;
    Object.assign(this.rows.get(key), { state: "copying", message: "", received: 0 });
    this.queue(key, this.sources.get(key));
    this.show();
    this.run();
    return true;
  }

  drop(key) {
    this.rows.delete(key);
    this.sources.delete(key);
    this.known.delete(key);
    this.small = this.small.filter((other) => other !== key);
    this.large = this.large.filter((other) => other !== key);
    if (this.running?.key === key) this.running.abort.abort();
  }

  run() {
    this.sendPacks();
    this.copyLarge();
  }

  // ---------------------------------------------------------------- small files

  async sendPacks() {
    if (this.packing) return;
    this.packing = true;
    while (this.small.length && !this.stopped) {
      if (this.packs < this.rules.unacknowledged) await this.sendPack(this.nextPack());
      else await new Promise((resolve) => (this.wake = resolve));
    }
    this.packing = false;
  }

  nextPack() {
    let bytes = 0;
    const fits = (key, place) => {
      bytes += this.sources.get(key).size;
      const { slice_bytes: most, files_in_a_message: count } = this.rules;
      return place === 0 || (bytes <= most && place < count);
    };
    const end = this.small.findIndex((key, place) => !fits(key, place));
    return this.small.splice(0, end < 0 ? this.small.length : end);
  }

  async sendPack(keys) {
    const read = await Promise.all(keys.map((key) => this.readWhole(key)));
    const pack = read.filter((one) => one?.row.state === "copying");
    if (!pack.length) return;
    const files = pack.map(({ row, sha256 }) => ({ ...described(row), sha256 }));
    const buffers = pack.map(({ bytes }) => bytes);
    this.packs++;
    this.talk.ask("whole", { files }, `pack ${files[0].file}`, buffers);
  }

  async readWhole(key) {
    const file = this.sources.get(key);
    const row = this.rows.get(key);
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (this.rows.get(key) !== row) return null;
      if (!isDocument(bytes.subarray(0, HEAD_BYTES))) this.refuse(key, NOT_A_DOCUMENT);
      const digest = new Sha256();
      digest.update(bytes);
      return { row, bytes, sha256: digest.hex() };
    } catch (error) {
      this.fail(key, unreadable(error));
      return null;
    }
  }

  fail(key, reason) {
    this.sources.delete(key);
    Object.assign(this.rows.get(key) ?? {}, { state: "failed", message: reason });
    this.talk.ask("fail", { file: key, reason }, key);
  }

  // ---------------------------------------------------------------- large files

  async copyLarge() {
    if (this.running) return;
    while (this.large.length && !this.stopped) {
      this.running = { key: this.large.shift(), abort: new AbortController() };
      await this.copy(this.running.key, this.running.abort.signal);
      this.running = null;
      this.show();
    }
  }

  async copy(key, signal) {
    const file = this.sources.get(key);
    const row = this.rows.get(key);
    try {
      if (!isDocument(await read(file, 0, HEAD_BYTES))) {
        this.refuse(key, NOT_A_DOCUMENT);
        return;
      }
      const begun = await this.ask("begin", { file: key, files: [described(row)] }, signal);
      row.startedAt = performance.now();
      row.startedFrom = begun.row.received;
      const { digest, offset } = await this.goOn(key, file, begun.row.received, signal);
      await this.sendSlices(key, file, digest, offset, signal);
      await this.ask("finish", { file: key, sha256: digest.hex() }, signal);
      this.sources.delete(key);
    } catch (error) {
      if (error === STOPPED) return;
      this.fail(key, this.talk.gone ? "The kernel has stopped" : unreadable(error));
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
      this.talk.send({ kind: "slice", file: key, offset: part.at }, [part.bytes]);
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
  ask(kind, content, signal) {
    this.talk.ask(kind, content, content.file);
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

  // ---------------------------------------------------------------- what the kernel says

  hear(message) {
    const { about } = message;
    if (about === "files") this.hearNews(message);
    if (PROGRESS.includes(about)) for (const row of message.rows) this.takeAnswer(message, row);
    if (about !== "whole" || !message.number) return;
    this.packs--;
    this.wake?.();
  }

  // Once the kernel tells a document's state, it is no longer a file on its way.
  hearNews({ files, changes = [], gone = [] }) {
    for (const row of files) this.known.set(row.file, { ...NEW_ROW, ...row });
    for (const change of changes) Object.assign(this.known.get(change.file) ?? {}, change);
    for (const key of gone) this.drop(key);
    for (const { file } of [...files, ...changes]) this.handOver(file);
  }

  // It may be told before the answer comes that it has arrived.
  handOver(key) {
    const told = this.known.get(key)?.state;
    const isOver = this.rows.get(key)?.state === "arrived" || !this.sources.has(key);
    if (told && isOver && !COPY_STATES.includes(told)) this.rows.delete(key);
  }

  takeAnswer({ about, ahead }, row) {
    if (row.state === "gone") this.drop(row.file);
    // Answers to what was said before, slices too, are old news.
    if (this.talk.inFlight.has(row.file)) return;
    const local = this.rows.get(row.file);
    if (local && local.state !== "cancelled") Object.assign(local, row, { movedAt: performance.now() });
    if (row.state === "arrived") this.sources.delete(row.file);
    this.handOver(row.file);
    const waiting = this.waiting;
    if (waiting?.file !== row.file) return;
    if (row.state !== "copying" && row.state !== "arrived") waiting.reject(STOPPED);
    else if (!waiting.about || waiting.about === about) waiting.resolve({ about, row, ahead });
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

  // A file on its way as a row of the list: in words, and how far it is.
  describe(row) {
    const fraction = row.size ? row.received / row.size : 0;
    return { ...NEW_ROW, ...row, fraction, message: this.words(row, Math.floor(100 * fraction)) };
  }

  words(row, percent) {
    if (row.state === "arrived") return "Checking the file";
    if (row.state !== "copying") return row.message;
    if (row.checking) return `Verifying the ${percent}% already copied`;
    const isWaiting = this.small.includes(row.file) || this.large.includes(row.file);
    if (isWaiting) return "Waiting to be copied";
    return `Copying to the Jupyter server, ${percent}%${speed(row)}`;
  }
}

const NOT_A_DOCUMENT =
  "The file is not a PDF, JPEG, PNG or HEIC file (checked by content, not by name). " +
  "Convert it and try again.";

function unreadable(error) {
  return `The browser can't read the file (${error.name}). Choose it again.`;
}

function fingerprint({ name, size, modified, lastModified }) {
  return `${size} ${modified ?? lastModified} ${name}`;
}

function described({ file, name, size, modified }) {
  return { file, name, size, modified };
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

function wholeMegabytes(bytes) {
  return megabytes(bytes).replace(".0 ", " ");
}

function sizeProblem(file, maxBytes) {
  if (file.size === 0) return "The file is empty (0 bytes). Save or scan it again.";
  if (file.size <= maxBytes) return null;
  const sizes = `The file is ${megabytes(file.size)}; the limit is ${wholeMegabytes(maxBytes)}.`;
  return `${sizes} Split it or scan it at a lower resolution.`;
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
  return (await Promise.all(entries.map(collected))).flat();
}

async function collected(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    // At most a hundred at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return files.flat();
    files.push(...(await Promise.all(some.map(collected))));
  }
}

// ------------------------------------------------------------------ where they are dropped

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

// Gives the area where files are dropped, and what opens the file chooser.
function dropArea(copier) {
  const files = picker(copier, false);
  const folder = picker(copier, true);
  const pickFile = () => files.click();
  const area = element("div", "argyle-area");
  const buttons = element("div", "argyle-buttons");
  buttons.append(
    button("Choose files", pickFile),
    button("Choose a folder", () => folder.click()),
  );
  const limit = wholeMegabytes(copier.rules.max_bytes);
  area.append(
    element("p", "argyle-invitation", "Drop documents here, or"),
    buttons,
    element(
      "p",
      "argyle-hint",
      `PDF, JPEG, PNG or HEIC, up to ${limit} each. Files are copied to the Jupyter server first. ` +
        "Nothing is uploaded until you select Upload.",
    ),
    files,
    folder,
  );
  return { area, pickFile };
}

// Dropped anywhere on the panel, a file is taken.
function watchDrops(panel, area, copier) {
  let depth = 0;
  const mark = () => area.classList.toggle("argyle-over", depth > 0);
  const on = (kind, act) =>
    panel.addEventListener(kind, (event) => {
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
      (error) => copier.say(`Can't read the dropped files (${error.name}). Choose them with the button.`),
    );
  });
}
