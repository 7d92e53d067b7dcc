// What was chosen or dropped, and whether it can be a document.

const HEAD_BYTES = 1024;
const SYSTEM_FILE = /^(\.|~\$|Thumbs\.db$|desktop\.ini$)/i;
const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

async function problemOf(file, maxBytes) {
  if (file.size === 0) return "is empty (0 bytes); save or scan it again";
  if (file.size > maxBytes) {
    const limit = `is ${megabytes(file.size)}, over the limit of ${megabytes(maxBytes)}`;
    return `${limit}; split it or scan it at a lower resolution`;
  }
  let head;
  try {
    head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    return "cannot be read by the browser; check that it is a file and that you may open it";
  }
  return isDocument(head)
    ? null
    : "is not a PDF, JPEG, PNG or HEIC by its content; save it as one of these";
}

function isDocument(head) {
  const text = String.fromCharCode(...head);
  if (text.startsWith("\xff\xd8\xff") || text.startsWith("\x89PNG\r\n\x1a\n")) return true;
  if (text.slice(4, 8) === "ftyp" && HEIC.includes(text.slice(8, 12))) return true;
  return text.includes("%PDF-");
}

// One for each widget: what it holds is shared by all views of it, and outlives them.

async function filesOf(transfer) {
  // The entries are gone after the first await.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  for (const entry of entries) await collect(entry, files);
  return files;
}

async function collect(entry, files) {
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // At most a hundred at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some) await collect(inner, files);
  }
}
