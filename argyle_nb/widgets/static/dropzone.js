// The page of DropZone: where documents are dropped, and a row for each that is copied.

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
  const zone = element("section", "argyle-panel argyle-drop");
  zone.setAttribute("aria-label", "Choose documents");
  keepKeys(zone);
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
