// What the panels have in common; each panel's own file follows below in the same module.
// All text of others is set as textContent.

const ASK_AGAIN_MS = 4000;
const SILENCE_MS = 8000;
const LOOK_MS = 500;
const NO_ANSWER =
  "No answer from the kernel. If a cell is running, this goes on after it; if the kernel was " +
  "restarted or the notebook was just opened, run this cell again.";

// Asks the kernel. What gets no answer is asked again under the same number.
//
// `ask` is for what is only looked up: one question of a kind is on its way at a time, and of those
// that came meanwhile the last is asked next. `tell` is for what changes something: all stand in
// one line, none is left out, and each leaves when the one before has its answer.
class Talk {
  constructor(model, heard, changed) {
    this.model = model;
    this.heard = heard;
    this.changed = changed;
    this.session = Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
    this.count = 0;
    this.flying = new Map();
    this.waiting = new Map();
    this.line = [];
    this.told = null;
    this.notice = "";
    this.troubled = "";
    this.hear = (message, buffers) => this.take(message, buffers);
    model.on("msg:custom", this.hear);
    this.clock = setInterval(() => this.look(), LOOK_MS);
  }

  stop() {
    clearInterval(this.clock);
    this.model.off("msg:custom", this.hear);
  }

  ask(kind, content = {}) {
    if (this.flying.has(kind)) this.waiting.set(kind, content);
    else this.fly(kind, content);
  }

  // What an earlier change brought about is said no longer.
  tell(kind, content = {}) {
    if (this.troubled) this.say("");
    this.line.push({ ...content, kind });
    this.goOn();
  }

  // Whether such a change is still on its way.
  tells(isSuch) {
    return (this.told !== null && isSuch(this.told)) || this.line.some(isSuch);
  }

  // Takes such changes back that have not left yet.
  takeBack(kind) {
    this.line = this.line.filter((told) => told.kind !== kind);
  }

  goOn() {
    if (this.told || !this.line.length) return;
    this.told = this.line.shift();
    this.fly(this.told.kind, this.told);
  }

  fly(kind, content) {
    const message = { ...content, kind, number: `${this.session}-${this.count++}` };
    const now = performance.now();
    this.flying.set(kind, { message, firstAt: now, at: now });
    this.send(message);
  }

  // Where the kernel was shut down, sending is an error.
  send(message) {
    try {
      this.model.send(message);
    } catch {
      this.say(NO_ANSWER);
    }
  }

  // A trouble stays until the next change, or until the same is answered without one.
  say(notice, kind = "") {
    this.notice = notice;
    this.troubled = kind;
    this.changed();
  }

  take(message, buffers) {
    const { about, number, error } = message;
    if (number !== undefined) {
      if (this.flying.get(about)?.message.number !== number) return;
      this.flying.delete(about);
      if (this.told?.kind === about) this.told = null;
      const next = this.waiting.get(about);
      this.waiting.delete(about);
      if (next) this.fly(about, next);
    }
    if (error) this.say(error, about);
    else if (this.notice === NO_ANSWER || this.troubled === about) this.say("");
    this.heard(message, buffers);
    this.goOn();
    this.changed();
  }

  look() {
    const now = performance.now();
    for (const flight of this.flying.values()) {
      if (now - flight.firstAt > SILENCE_MS && this.notice !== NO_ANSWER) {
        this.say(NO_ANSWER);
      }
      if (now - flight.at < ASK_AGAIN_MS) continue;
      flight.at = now;
      this.send(flight.message);
    }
  }
}

// The frame of a panel.
function panelOf(el, name) {
  const panel = element("section", "argyle-panel");
  panel.setAttribute("aria-label", name);
  keepKeys(panel);
  const notice = element("p", "argyle-notice");
  notice.setAttribute("role", "alert");
  notice.hidden = true;
  const status = element("p", "argyle-status");
  status.setAttribute("role", "status");
  el.append(panel);
  return {
    panel,
    notice,
    status,
    tell(text) {
      setText(notice, text);
      notice.hidden = !text;
    },
  };
}
