// Small parts that all pages are made of. All text of others is set as textContent.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
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
  return share === null ? "–" : `${(100 * share).toFixed(1)}\u00a0%`;
}

// A button about to be disabled or hidden hands the focus on, else keys would go nowhere.
function handOn(from, to) {
  if (from === document.activeElement) to.focus({ preventScroll: true });
}

// Characters that are invisible or turn the writing direction could make a text look like another.
function shown(text) {
  return text.replace(/[\p{C}\u2028\u2029]/gu, "_");
}

// A text of others, as text; a long name may be broken where its parts meet.
function foreign(text) {
  const made = element("bdi");
  for (const part of shown(text).match(/[^_.\/-]*[_.\/-]?/g)) {
    if (part) made.append(part, element("wbr"));
  }
  return made;
}
