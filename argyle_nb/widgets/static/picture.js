// The picture of ScoreExplorer: a histogram or the cumulative share, its bars and its cut-offs.

const TALL = 230;
const AXIS = { left: 52, right: 14, top: 44, bottom: 34 };
const SCORES = 101;
const CHARACTER = 8;
const CUT_ROW = 15;
const SVG = "http://www.w3.org/2000/svg";

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
