// What the panels have in common; each panel's own file follows below in the same module.
// All text of others is set as textContent.

const ASK_AGAIN_MS = 4000;
// What carries files may wait behind others of its kind.
const SEND_AGAIN_MS = 20000;
const LOOK_MS = 500;
const SILENCE = {
  ms: 8000,
  notice:
    "The kernel is not responding. If a cell is running, the panel resumes when it finishes. If " +
    "the kernel restarted or you just opened the notebook, run this cell again.",
};

const LOST = "The connection to the kernel is lost. The panel resumes once it is back.";
const ENDED = "The kernel restarted or stopped. Run this cell again.";

// ------------------------------------------------------------------ elements

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// An element with others in it.
function wrap(tag, ...parts) {
  const made = element(tag);
  made.append(...parts);
  return made;
}

function tableHead(names) {
  const cells = names.map((name) => Object.assign(element("th", "", name), { scope: "col" }));
  return wrap("thead", wrap("tr", ...cells));
}

// What scrolls can be reached, and scrolled, by the keyboard.
function region(node, name) {
  node.tabIndex = 0;
  node.setAttribute("role", "region");
  node.setAttribute("aria-label", name);
  return node;
}

function button(label, act, className = "argyle-button") {
  const made = element("button", className, label);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// A label around its control, so that the text can be clicked as well.
function labelled(text, control, className = "argyle-labelled") {
  const label = element("label", className);
  label.append(element("span", "argyle-label", text), control);
  return label;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function plural(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function megabytes(bytes) {
  if (bytes < 1e3) return plural(bytes, "byte");
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function percent(share) {
  return share === null ? "–" : `${(100 * share).toFixed(1)}%`;
}

// A button about to be disabled or hidden hands the focus on, else keys would go nowhere.
function handOn(from, to) {
  if (from === document.activeElement) to.focus({ preventScroll: true });
}

// Characters that are invisible or turn the writing direction could make a text look like another.
function shown(text) {
  return text.replace(/[\p{C}\u2028\u2029]/gu, "_");
}

// A text of others, as text; a long name may be broken where its parts meet, a number may not.
function foreign(text) {
  const made = element("bdi");
  const marked = shown(text).replace(/[_\/:-]|\.(?!\d)|[a-z](?=[A-Z])/g, "$&\0");
  for (const part of marked.split("\0")) {
    if (part) made.append(part, element("wbr"));
  }
  return made;
}

// A value of others, in one piece where there is room.
function foreignValue(text) {
  return element("bdi", "", shown(text));
}

// ------------------------------------------------------------------ the keyboard

// Keys pressed in a panel are the panel's, but for the shortcut that saves the notebook.
//
// JupyterLab catches its shortcuts before an element sees the key. The attribute keeps them away;
// stopPropagation is for front ends that listen behind the element.
function keepKeys(panel) {
  const away = (keep) => panel.toggleAttribute("data-lm-suppress-shortcuts", keep);
  const isSave = (event) =>
    (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s";
  const look = (event) => {
    if (panel.isConnected) away(!isSave(event));
    else window.removeEventListener("keydown", look, true);
  };
  away(true);
  // Before JupyterLab looks, which listens on the document.
  panel.addEventListener("focusin", () => window.addEventListener("keydown", look, true));
  panel.addEventListener("focusout", () => window.removeEventListener("keydown", look, true));
  for (const kind of ["keydown", "keypress", "keyup"]) {
    panel.addEventListener(kind, (event) => isSave(event) || event.stopPropagation());
  }
}

// ------------------------------------------------------------------ questions to the kernel

// Asks the kernel. What gets no answer is asked again under the same number.
//
// `ask` is for what is only looked up, or where only the last word counts: one question of a kind
// (or about one thing, the key) is on its way at a time, and of those that came meanwhile the last
// is asked next. `tell` is for what changes something: all stand in one line, none is left out, and
// each leaves when the one before has its answer.
class Talk {
  constructor(model, heard, changed, silence = SILENCE) {
    Object.assign(this, { model, heard, changed, silence });
    this.session = Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
    this.count = 0;
    this.heardAt = 0;
    this.gone = false;
    this.inFlight = new Map();
    this.waiting = new Map();
    this.changes = [];
    this.change = null;
    this.notice = "";
    this.troubled = "";
    this.hear = (message, buffers) => this.take(message, buffers);
    model.on("msg:custom", this.hear);
    this.clock = setInterval(() => this.look(), LOOK_MS);
    // Front ends that are no JupyterLab may not tell.
    this.kernel = model.widget_manager?.kernel;
    this.watch = () => this.lookAtConnection();
    this.kernel?.statusChanged?.connect(this.watch);
    this.kernel?.connectionStatusChanged?.connect(this.watch);
  }

  stop() {
    clearInterval(this.clock);
    this.model.off("msg:custom", this.hear);
    this.kernel?.statusChanged?.disconnect(this.watch);
    this.kernel?.connectionStatusChanged?.disconnect(this.watch);
  }

  // A lost connection is called that at once, and not taken for a silent kernel.
  lookAtConnection() {
    const { status, connectionStatus } = this.kernel;
    if (["restarting", "autorestarting", "dead", "terminating"].includes(status)) this.say(ENDED);
    else if (this.notice === ENDED) return;
    else if (connectionStatus !== "connected") this.say(LOST);
    else if (this.notice === LOST) this.say("");
  }

  ask(kind, content = {}, key = kind, buffers = undefined) {
    if (this.inFlight.has(key)) this.waiting.set(key, { ...content, kind });
    else this.begin(key, { ...content, kind }, buffers);
  }

  // What an earlier change brought about is said no longer.
  tell(kind, content = {}) {
    if (this.troubled) this.say("");
    this.changes.push({ ...content, kind });
    this.goOn();
  }

  // Whether such a change is still on its way.
  tells(isSuch) {
    return (this.change !== null && isSuch(this.change)) || this.changes.some(isSuch);
  }

  // Takes such changes back that have not left yet.
  takeBack(kind) {
    this.changes = this.changes.filter((change) => change.kind !== kind);
  }

  goOn() {
    if (this.change || !this.changes.length) return;
    this.change = this.changes.shift();
    this.begin(this.change.kind, this.change);
  }

  begin(key, content, buffers) {
    const message = { ...content, number: `${this.session}-${this.count++}` };
    const now = performance.now();
    this.inFlight.set(key, { message, buffers, firstAt: now, at: now });
    this.send(message, buffers);
  }

  // Where the kernel was shut down, sending is an error.
  send(message, buffers) {
    try {
      this.model.send(message, undefined, buffers);
      this.gone = false;
    } catch {
      this.gone = true;
      this.say(this.silence.notice);
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
    this.heardAt = performance.now();
    if (number && !this.end(number)) return;
    if (error) this.say(error, about);
    else if (this.notice === this.silence.notice || this.troubled === about) this.say("");
    this.heard(message, buffers);
    this.goOn();
    this.changed();
  }

  // False for the answer to a question that has its answer.
  end(number) {
    const isAnswered = ([, { message }]) => message.number === number;
    const [key, flight] = [...this.inFlight].find(isAnswered) ?? [];
    if (!flight) return false;
    this.inFlight.delete(key);
    if (this.change?.kind === key) this.change = null;
    const next = this.waiting.get(key);
    this.waiting.delete(key);
    if (next) this.begin(key, next);
    return true;
  }

  look() {
    const now = performance.now();
    for (const flight of this.inFlight.values()) {
      const silentFor = now - Math.max(flight.firstAt, this.heardAt);
      const isCalled = [this.silence.notice, LOST, ENDED].includes(this.notice);
      if (silentFor > this.silence.ms && !isCalled) {
        this.say(this.silence.notice);
      }
      if (now - flight.at < (flight.buffers ? SEND_AGAIN_MS : ASK_AGAIN_MS)) continue;
      flight.at = now;
      this.send(flight.message, flight.buffers);
    }
  }
}

// ------------------------------------------------------------------ the frame of a panel

// While the panel is in the page, its static fallback is not.
function hideFallback(model) {
  const selector = `.${model.get("fallback_class")}`;
  const rule = `${selector}, .jp-OutputArea-child:has(${selector}) { display: none !important; }`;
  return element("style", "", rule);
}

function panelOf(el, name, model) {
  const panel = element("section", "argyle-panel");
  panel.setAttribute("aria-label", name);
  keepKeys(panel);
  const notice = element("p", "argyle-notice");
  notice.setAttribute("role", "alert");
  notice.hidden = true;
  const status = element("p", "argyle-status");
  status.setAttribute("role", "status");
  el.append(panel, hideFallback(model));
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
