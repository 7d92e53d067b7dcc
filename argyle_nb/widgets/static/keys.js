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

