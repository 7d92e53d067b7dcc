// Copies files to the kernel: reads files in slices, sends each as a message with a binary
// buffer, and keeps at most a few of them unacknowledged. Every message may be repeated without
// harm, so whatever gets no answer is simply asked again. All text is set as textContent.

const ASK_AGAIN_MS = [5000, 10000, 15000];
const TELL_AGAIN_MS = 15000;
const SILENCE_MS = 15000;
const STALE_MS = 3000;
const SHOW_MS = 100;
const HASH_AHEAD_BYTES = 4 << 20;
const NO_ANSWER =
  "No answer from the kernel. If a cell is running, copying goes on after it; " +
  "if the kernel was restarted, run this cell again.";
const GONE = "The kernel was restarted or has stopped: run this cell again.";
const STOPPED = Symbol("stopped");

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
    this.say(`${plural(here, "file")} copied to the notebook` + (not ? `, ${not} not` : ""));
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

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) =>
    b.toString(16).padStart(2, "0"),
  ).join("");
}
