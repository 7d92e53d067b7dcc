// The document of ReviewQueue. It comes in slices, each asked for, is checked by its SHA-256 and
// shown as a blob of a type from the list below, never of one that others name.

const KINDS = {
  "application/pdf": "pdf",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/heic": "heic",
};

class Paper {
  constructor(ask) {
    this.ask = ask;
    this.box = element("div", "argyle-paper");
    this.sheet = element("div", "argyle-sheet");
    this.open = element("a", "", "Open the document in a new tab");
    Object.assign(this.open, { target: "_blank", rel: "noopener", hidden: true });
    this.box.append(this.sheet, this.open);
    this.url = null;
    this.upload = null;
  }

  // Nothing of the last document stays on the page.
  clear(text) {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.upload = null;
    this.open.hidden = true;
    this.open.removeAttribute("href");
    this.sheet.replaceChildren(element("p", "", text));
    delete this.sheet.dataset.sha256;
  }

  begin(facts) {
    this.clear(`Fetching the document (${plural(facts.size, "byte")})`);
    Object.assign(this, { facts, upload: facts.upload, parts: [], received: 0 });
    this.ask({ upload: facts.upload, offset: 0 });
  }

  // True when the document is complete, shown or not.
  async take(slice, bytes) {
    if (slice.upload !== this.upload || slice.offset !== this.received) return false;
    // A copy: the message's memory may be used again.
    this.parts.push(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice());
    this.received += bytes.byteLength;
    const { size, upload } = this.facts;
    if (this.received < size && bytes.byteLength) {
      this.sheet.firstElementChild.textContent =
        `Fetching the document, ${Math.floor((100 * this.received) / size)} %`;
      this.ask({ upload, offset: this.received });
      return false;
    }
    const blob = new Blob(this.parts, { type: this.facts.media_type });
    this.parts = [];
    const problem = await this.faulty(blob);
    if (this.upload !== upload) return false;
    if (problem) this.sheet.replaceChildren(element("p", "", problem));
    else this.show(blob);
    return true;
  }

  async faulty(blob) {
    if (!(this.facts.media_type in KINDS)) return "This is not a PDF, JPEG, PNG or HEIC.";
    // Browsers digest only on secure pages: https, or this machine.
    if (!crypto.subtle) return "";
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    const bytes = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
    this.sheet.dataset.sha256 = bytes.join("");
    return bytes.join("") === this.facts.sha256
      ? ""
      : "The document did not arrive whole: go back and come again.";
  }

  show(blob) {
    this.url = URL.createObjectURL(blob);
    const name = `Document ${shown(this.facts.file_name)}`;
    const pdf = this.facts.media_type === "application/pdf";
    const view = element(pdf ? "iframe" : "img");
    if (pdf) view.title = name;
    else view.alt = name;
    view.addEventListener("error", () => {
      const text = "The browser cannot show this picture. Save it by the link below to look at it.";
      this.sheet.replaceChildren(element("p", "", text));
      this.open.download = `${this.facts.upload}.${KINDS[this.facts.media_type]}`;
      setText(this.open, "Save the document");
    });
    view.src = this.url;
    this.open.removeAttribute("download");
    setText(this.open, "Open the document in a new tab");
    this.open.href = this.url;
    this.open.hidden = false;
    this.sheet.replaceChildren(view);
  }
}
