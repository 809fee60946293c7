// Draws the uploads of this tab. Names come from people: they are only ever set as text.
const STATES = {
  waiting: "Waiting for its turn",
  offline: "Waiting for the server",
  paused: "Paused",
  finishing: "Finishing",
  done: "Uploaded",
};
const UNITS = ["bytes", "KB", "MB", "GB"];

function sizeText(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

function timeText(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min left`;
  return `${(seconds / 3600).toFixed(1)} h left`;
}

function stateText(transfer) {
  if (transfer.state === "failed" || (transfer.problem && transfer.state !== "offline")) return transfer.problem;
  const parts = [];
  if (transfer.state === "sending") {
    parts.push(`${sizeText(transfer.sent)} of ${sizeText(transfer.size)}`);
    if (transfer.speed) parts.push(`${sizeText(transfer.speed)}/s`, timeText((transfer.size - transfer.sent) / transfer.speed));
  } else {
    parts.push(transfer.problem || STATES[transfer.state]);
    if (transfer.state === "offline" || transfer.state === "paused") parts.push(`${sizeText(transfer.sent)} of ${sizeText(transfer.size)} sent`);
    if (transfer.state === "done") parts.push(sizeText(transfer.size));
  }
  return parts.join(" · ");
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, label, act, className = "") {
  const made = element("button", className, text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

// A row keeps its elements, so that focus and screen readers are not disturbed while numbers change.
class Row {
  constructor(transfer) {
    this.transfer = transfer;
    this.root = element("li", "row");
    this.bar = element("div", "bar");
    this.bar.setAttribute("role", "progressbar");
    this.bar.setAttribute("aria-label", `Upload of ${transfer.name}`);
    this.bar.setAttribute("aria-valuemin", "0");
    this.bar.setAttribute("aria-valuemax", "100");
    this.fill = element("i");
    this.bar.append(this.fill);
    this.text = element("div", "text");
    this.toggle = button("", "", () => (["paused", "failed"].includes(this.transfer.state) ? this.transfer.resume() : this.transfer.pause()));
    this.cancel = button("", "", () => this.transfer.cancel(), "quiet");
    const actions = element("div", "actions");
    actions.append(this.toggle, this.cancel);
    const name = element("div", "name", transfer.name);
    name.title = transfer.name;
    this.root.append(name, actions, this.bar, this.text);
    this.draw();
  }

  draw() {
    const { transfer } = this;
    const percent = transfer.size ? Math.floor((100 * transfer.sent) / transfer.size) : 0;
    const shown = transfer.state === "done" || transfer.state === "finishing" ? 100 : percent;
    this.root.dataset.state = transfer.state;
    this.fill.style.width = `${shown}%`;
    this.bar.setAttribute("aria-valuenow", String(shown));
    const text = stateText(transfer);
    if (this.text.textContent !== text) this.text.textContent = text;
    const [act, hidden] = { paused: ["Resume"], failed: ["Try again"], done: ["", true], finishing: ["", true] }[transfer.state] ?? ["Pause"];
    if (this.toggle.textContent !== act) this.toggle.textContent = act;
    this.toggle.setAttribute("aria-label", `${act} ${transfer.name}`);
    this.toggle.hidden = Boolean(hidden);
    const away = transfer.state === "done" ? "Hide" : transfer.state === "failed" ? "Remove" : "Cancel";
    if (this.cancel.textContent !== away) this.cancel.textContent = away;
    this.cancel.setAttribute("aria-label", `${away} ${transfer.name}`);
    this.cancel.hidden = transfer.state === "finishing";
  }
}

class View {
  constructor(root) {
    Object.assign(this, { root, rows: new Map(), announced: new Map(), discarded: new Set(), reported: "", due: false });
    this.input = root.querySelector("input");
    this.zone = root.querySelector(".zone");
    this.list = root.querySelector(".transfers");
    this.left = root.querySelector(".unfinished");
    this.live = root.querySelector("[aria-live]");
    root.querySelector(".choose").addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      this.take([...this.input.files]);
      this.input.value = "";
    });
    let depth = 0;
    const over = (on) => this.zone.classList.toggle("over", on);
    this.zone.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; over(true); });
    this.zone.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) over(false); });
    this.zone.addEventListener("dragover", (event) => event.preventDefault());
    this.zone.addEventListener("drop", (event) => {
      event.preventDefault();
      depth = 0;
      over(false);
      this.take([...event.dataTransfer.files]);
    });
    this.listener = () => this.soon();
  }

  update(data, setStateValue) {
    Object.assign(this, { data, setStateValue });
    this.input.multiple = data.multiple;
    this.input.disabled = data.disabled;
    this.root.querySelector(".choose").disabled = data.disabled;
    this.root.querySelector(".choose").textContent = data.label;
    this.root.querySelector(".hint").textContent = data.hint;
    this.root.querySelector(".drop").textContent = data.multiple ? "or drop them here" : "or drop it here";
    engine.listeners.add(this.listener);
    this.draw();
  }

  take(files) {
    if (this.data.disabled) return;
    for (const file of this.data.multiple ? files : files.slice(0, 1)) engine.add(file, this.data.scope, this.data.post);
  }

  // At most ten drawings a second, however quickly bytes go out.
  soon() {
    if (this.due) return;
    this.due = true;
    setTimeout(() => { this.due = false; this.draw(); }, 100);
  }

  draw() {
    const mine = engine.transfers.filter((transfer) => transfer.scope === this.data.scope);
    for (const [key, row] of this.rows) {
      if (!mine.some((transfer) => transfer.key === key)) {
        row.root.remove();
        this.rows.delete(key);
      }
    }
    for (const transfer of mine) {
      if (!this.rows.has(transfer.key)) {
        const row = new Row(transfer);
        this.rows.set(transfer.key, row);
        this.list.append(row.root);
      }
      this.rows.get(transfer.key).draw();
      this.announce(transfer);
    }
    this.list.hidden = mine.length === 0;
    this.drawUnfinished(mine);
    this.report();
  }

  announce(transfer) {
    if (this.announced.get(transfer.key) === transfer.state) return;
    this.announced.set(transfer.key, transfer.state);
    const said = { sending: "uploading", done: "uploaded", failed: transfer.problem, offline: "waiting for the server", paused: "paused" }[transfer.state];
    if (said) this.live.textContent = `${transfer.name}: ${said}`;
  }

  drawUnfinished(mine) {
    const active = new Set(mine.map((transfer) => transfer.id));
    const finished = new Set(engine.completed.map((one) => one.upload));
    const left = this.data.unfinished.filter((one) => !active.has(one.id) && !finished.has(one.id) && !this.discarded.has(one.id));
    const shape = left.map((one) => one.id + one.held).join();
    this.left.hidden = left.length === 0;
    if (this.left.dataset.shape === shape) return;
    this.left.dataset.shape = shape;
    const rows = left.map((one) => {
      const row = element("li", "row");
      const actions = element("div", "actions");
      actions.append(
        button("Choose file", `Choose ${one.name} again to go on`, () => this.input.click()),
        button("Discard", `Discard ${one.name}`, () => this.discard(one), "quiet"),
      );
      const text = `${Math.floor((100 * one.held) / one.size)}% of ${sizeText(one.size)} is here. Choose the same file again to go on.`;
      row.append(element("div", "name", one.name), actions, element("div", "text", text));
      return row;
    });
    this.left.querySelector("ul").replaceChildren(...rows);
  }

  async discard(one) {
    this.discarded.add(one.id);
    this.draw();
    await ask("DELETE", `/${one.id}`).catch(() => { this.discarded.delete(one.id); this.draw(); });
  }

  report() {
    const mine = engine.completed.filter((one) => one.scope === this.data.scope);
    const shape = mine.map((one) => one.upload).join();
    if (shape === this.reported || !mine.length) return;
    this.reported = shape;
    this.setStateValue("completed", mine.map(({ upload, post, title, name }) => ({ upload, post, title, name })));
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".uploader");
  const view = (root.feedroomView ??= new View(root));
  view.update(data, setStateValue);
  return () => engine.listeners.delete(view.listener);
}
