// The page of ReviewQueue: what is known of a document beside it, and the verdict on it.

const VERDICTS = [
  ["genuine", "g", "Genuine"],
  ["fraudulent", "f", "Fraudulent"],
  ["unsure", "u", "Unsure"],
];

// ------------------------------------------------------------------ the panel

class ReviewPage {
  constructor(model, el) {
    this.model = model;
    const { panel, notice, status, tell } = panelOf(el, "Review queue");
    Object.assign(this, { panel, status, state: null, facts: null, ready: false });
    panel.tabIndex = 0;
    this.talk = new Talk(
      model,
      (message, buffers) => this.hear(message, buffers),
      () => {
        tell(this.talk.notice);
        this.offer();
      },
    );
    this.paper = new Paper((slice) => this.talk.ask("slice", slice));
    this.about = new About(() => this.talk.ask("case", { upload: this.state.upload, again: true }));
    panel.append(notice, this.head(), this.bar(), this.body(), this.agreement(), status);
    panel.addEventListener("keydown", (event) => this.press(event));
    panel.addEventListener("mouseover", (event) => this.takeKeysBack(event.target));
    this.showProgress(model.get("saved"));
    this.paper.clear("Waiting for the kernel");
    this.offer();
    this.talk.ask("open");
    // Should the news be lost that a document was fetched.
    this.clock = setInterval(() => {
      if (this.fetching) this.talk.ask("case", { upload: this.state.upload });
    }, LOOK_AGAIN_MS);
  }

  stop() {
    clearInterval(this.clock);
    this.talk.stop();
    this.paper.clear("");
  }

  head() {
    const head = element("div", "argyle-head");
    this.count = element("div", "argyle-count");
    this.where = element("p", "argyle-where");
    this.how = element("p", "argyle-how");
    this.judged = element("progress", "argyle-judged");
    this.judged.setAttribute("aria-label", "Documents with your verdict");
    this.count.append(this.where, this.judged, this.how);
    this.reviewer = element("input", "argyle-input");
    this.reviewer.type = "text";
    this.reviewer.autocomplete = "off";
    // Before the field is left, else Tab would go past verdicts that cannot be given yet.
    this.reviewer.addEventListener("input", () => this.offer());
    this.reviewer.addEventListener("change", () =>
      this.talk.ask("open", { reviewer: this.reviewer.value.trim() }),
    );
    this.reviewer.addEventListener("keydown", (event) => {
      // From the name straight to the keys; leaving the field is what writes it down.
      if (event.key === "Enter") this.panel.focus();
    });
    head.append(this.count, labelled("Reviewer (needed for a verdict)", this.reviewer));
    return head;
  }

  bar() {
    const bar = element("div", "argyle-verdicts");
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Your verdict");
    this.verdicts = VERDICTS.map(([verdict, key, name]) => {
      const press = button(name, () => this.judge(verdict));
      press.classList.add("argyle-verdict", `argyle-verdict-${verdict}`);
      return withKey(press, key);
    });
    this.next = withKey(button("Next", () => this.move("skip")), "n");
    this.back = button("Back", () => this.move("back"));
    this.back.classList.add("argyle-back");
    const hint = element(
      "p",
      "argyle-hint",
      "The keys work while the focus is in this panel, outside of the document and of text " +
        "fields, which Esc leaves.",
    );
    bar.append(...this.verdicts, this.back, this.next, hint);
    return bar;
  }

  body() {
    this.note = element("textarea", "argyle-input");
    this.note.rows = 2;
    this.before = element("p", "argyle-before");
    const about = element("div", "argyle-about");
    const [facts, ...rest] = this.about.parts;
    const note = labelled("Note (kept with the verdict)", this.note);
    about.append(facts, this.before, note, ...rest);
    this.case = element("div", "argyle-case");
    this.case.append(this.paper.box, about);
    return this.case;
  }

  agreement() {
    this.agreed = element("div", "argyle-agreement");
    return this.agreed;
  }

  hear(message, buffers) {
    if (message.error) {
      this.judging = null;
      return;
    }
    switch (message.about) {
      case "case":
        this.takeCase(message);
        break;
      case "slice":
        this.paper.take(message, buffers[0]).then((complete) => complete && this.begin());
        break;
      case "ready":
        if (message.upload === this.state?.upload && this.fetching) {
          this.talk.ask("case", { upload: message.upload });
        }
        break;
      default:
        this.takeState(message);
    }
  }

  takeState(state) {
    this.showAnswer(state);
    const wanted = state.about === "open" ? this.wanted : null;
    if (state.about === "open") this.wanted = null;
    if (wanted?.upload === state.upload) this.judge(wanted.verdict);
  }

  showAnswer(state) {
    const said = this.judging && state.about === "judge" ? `Written down: ${this.judging}. ` : "";
    this.judging = null;
    const other = this.state?.upload !== state.upload;
    this.state = state;
    this.case.hidden = !state.upload;
    if (this.reviewer !== document.activeElement) this.reviewer.value = state.reviewer;
    this.showProgress(state);
    this.showAgreement(state.agreement);
    setText(this.before, state.verdict ? `You said before: ${state.verdict}.` : "");
    if (other || said) this.note.value = state.note;
    if (other) {
      this.facts = null;
      this.ready = false;
      this.about.show(null);
      this.paper.clear(state.upload ? "Fetching the document" : "Every document has your verdict.");
      this.fetching = Boolean(state.upload);
      if (state.upload) this.talk.ask("case", { upload: state.upload });
      // The button that was pressed is disabled now, and would swallow the keys.
      const here = document.activeElement;
      if (this.panel.contains(here) && here.tagName === "BUTTON") {
        this.panel.focus({ preventScroll: true });
      }
    }
    const where = state.upload ? `Document ${state.place} of ${state.documents}` : "All judged";
    setText(this.status, said + where);
  }

  takeCase(facts) {
    if (facts.upload !== this.state?.upload) return;
    this.fetching = Boolean(facts.fetching);
    if (facts.fetching) {
      this.facts = null;
      this.about.show(null);
      this.paper.clear("Fetching the document");
      return;
    }
    if (this.facts) return;
    this.facts = facts;
    this.about.show(facts);
    if (facts.size) {
      this.paper.begin(facts);
    } else {
      this.paper.clear("The document is not here.");
      this.begin();
    }
  }

  // The document is before the reviewer's eyes: from now on a verdict can be about it.
  begin() {
    this.ready = true;
    this.offer();
  }

  get open() {
    return Boolean(this.ready && this.state?.upload && !this.judging);
  }

  offer() {
    const named = Boolean(this.reviewer.value.trim());
    for (const press of this.verdicts) press.disabled = !this.open || !named;
    this.next.disabled = !this.state?.upload;
    this.back.disabled = !this.state || this.state.place === 1;
  }

  judge(verdict) {
    if (!this.open || !this.reviewer.value.trim()) return;
    const { upload } = this.state;
    if (this.talk.inFlight.has("open")) {
      // The click that ended the writing of a name: it counts once the name is written down, else
      // the verdict would be the former reviewer's.
      this.wanted = { verdict, upload };
      return;
    }
    this.judging = verdict;
    this.talk.tell("judge", { upload, verdict, note: this.note.value.trim() });
    this.offer();
  }

  move(kind) {
    if (this.state && !this.judging) this.talk.tell(kind);
  }

  press(event) {
    const typing = event.target.matches("input, textarea, select");
    if (typing && event.key === "Escape") this.panel.focus({ preventScroll: true });
    if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const found = VERDICTS.find(([, key]) => key === event.key.toLowerCase());
    if (found) this.judge(found[0]);
    else if (event.key.toLowerCase() === "n" && !this.next.disabled) this.move("skip");
    else return;
    event.preventDefault();
  }

  // A viewer that was clicked keeps the keys, until the mouse comes to another part of the panel.
  takeKeysBack(under) {
    const here = document.activeElement;
    if (here.tagName === "IFRAME" && here !== under && this.panel.contains(here)) {
      handOn(here, this.panel);
    }
  }

  showProgress({ place, documents, said, sampled }) {
    const done = VERDICTS.map(([verdict]) => `${said[verdict]} ${verdict}`).join(", ");
    const all = Object.values(said).reduce((sum, n) => sum + n, 0);
    const where = place > documents ? "All documents judged" : `Document ${place} of ${documents}`;
    const why = sampled
      ? "Drawn by chance: the verdicts can speak for all uploads."
      : "Not a random sample: the verdicts speak for these documents only.";
    setText(this.where, where);
    setText(this.how, `${all} judged: ${done}. ${why}`);
    Object.assign(this.judged, { max: documents, value: all });
  }

  showAgreement(pairs) {
    const lines = pairs.filter((pair) => Number(pair.documents) > 0).map(agreementText);
    const title = element("p", "argyle-title", "Agreement of the reviewers");
    const parts = lines.map((text) => element("p", "", text));
    this.agreed.replaceChildren(...(parts.length ? [title, ...parts] : []));
  }
}

function agreementText(pair) {
  const number = (text) => (text === "" ? "not defined" : Number(text).toFixed(2));
  const interval =
    pair.kappa_ci_low === ""
      ? ""
      : ` (95 % interval ${number(pair.kappa_ci_low)} to ${number(pair.kappa_ci_high)})`;
  return (
    `${shown(pair.reviewer)} and ${shown(pair.other)} agree on ` +
    `${percent(Number(pair.agreed))} of ${plural(Number(pair.documents), "document")}; ` +
    `Cohen's kappa ${number(pair.kappa)}${interval}`
  );
}

function withKey(press, key) {
  press.setAttribute("aria-keyshortcuts", key);
  press.append(" ", element("kbd", "", key));
  return press;
}

function render({ model, el }) {
  const page = new ReviewPage(model, el);
  return () => page.stop();
}

export default { render };
