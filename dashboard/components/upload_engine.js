// Sends files in parts and survives what happens on the way. One engine per tab: it goes on while people visit other pages.
const PARALLEL = 3;
const LONGEST_WAIT = 10_000;
const WINDOW = 5_000;
const HEADERS = { "X-Feedroom": "upload" };

class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const isPassing = (status) => status === 0 || status === 408 || status === 429 || status >= 500;
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const fingerprintOf = (file) => `${file.name}:${file.size}:${file.lastModified}`;

function problemIn(text, status) {
  try {
    const problem = JSON.parse(text);
    if (problem.field === "size" && problem.value === 0) return "The file is empty. Export it again.";
    return problem.detail ? problem.detail[0].toUpperCase() + problem.detail.slice(1) + "." : problem.title;
  } catch {
    return status === 401 ? "You are signed out." : `The server answered ${status}.`;
  }
}

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch("/api/uploads" + path, {
      method,
      headers: body ? { ...HEADERS, "Content-Type": "application/json" } : HEADERS,
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, "The server does not answer.");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, problemIn(text, answer.status));
  return text ? JSON.parse(text) : null;
}

// XMLHttpRequest, because fetch does not tell how much of a body has gone out.
function sendPart(id, number, blob, onProgress, requests) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    requests.set(number, request);
    request.open("PUT", `/api/uploads/${id}/parts/${number}`);
    request.setRequestHeader("X-Feedroom", "upload");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.timeout = 300_000;
    request.onloadend = () => {
      requests.delete(number);
      if (request.status === 204) resolve();
      else reject(new Refused(request.status, request.status ? problemIn(request.responseText, request.status) : "The server does not answer."));
    };
    request.send(blob);
  });
}

// States: waiting, sending, offline (tries again by itself), paused, finishing, done, failed.
class Transfer {
  constructor(engine, file, scope, post) {
    Object.assign(this, { engine, file, scope, post, name: file.name, size: file.size, fingerprint: fingerprintOf(file) });
    Object.assign(this, { key: crypto.randomUUID(), id: null, state: "waiting", problem: "", result: null, partSize: 0, parts: 0 });
    Object.assign(this, { held: new Set(), loaded: new Map(), requests: new Map(), samples: [], failures: 0, running: 0, round: 0 });
  }

  get sent() {
    let bytes = 0;
    for (const number of this.held) bytes += this.length(number);
    for (const loaded of this.loaded.values()) bytes += loaded;
    return Math.min(bytes, this.size);
  }

  length(number) {
    return Math.min(this.partSize, this.size - (number - 1) * this.partSize);
  }

  // Bytes per second over the last few seconds; 0 when unknown.
  get speed() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    return last && last.at - first.at > 400 ? Math.max(0, ((last.sent - first.sent) * 1000) / (last.at - first.at)) : 0;
  }

  sample() {
    const now = performance.now();
    this.samples.push({ at: now, sent: this.sent });
    while (this.samples[0].at < now - WINDOW) this.samples.shift();
    this.engine.changed();
  }

  become(state, problem = "") {
    if (state !== "sending") this.samples = [];
    Object.assign(this, { state, problem });
    this.engine.changed();
  }

  pause() {
    this.round += 1;
    this.abort();
    this.become("paused");
  }

  resume() {
    this.round += 1;
    this.failures = 0;
    this.become("waiting");
    this.engine.start();
  }

  abort() {
    for (const request of this.requests.values()) request.abort();
    this.loaded.clear();
  }

  async cancel() {
    this.round += 1;
    this.abort();
    this.engine.drop(this);
    if (this.id && this.state !== "done") await ask("DELETE", `/${this.id}`).catch(() => {});
  }

  // One attempt from wherever it stands to the post; returns early when it was paused or cancelled meanwhile.
  async run() {
    const round = (this.round += 1);
    const over = () => this.round !== round;
    while (!over()) {
      try {
        await this.begin();
        if (over()) return;
        this.become("sending");
        await this.sendAll(over);
        if (over()) return;
        this.become("finishing");
        this.result = await ask("POST", `/${this.id}/complete`);
        if (over()) return;
        this.become("done");
        this.engine.finished(this);
        return;
      } catch (error) {
        if (over()) return;
        this.abort();
        if (!(await this.survives(error))) return;
      }
    }
  }

  async begin() {
    const { name, size, fingerprint, post } = this;
    const answer = await ask("POST", "", { name, size, content_type: this.file.type, fingerprint, post });
    Object.assign(this, { id: answer.id, partSize: answer.part_size, parts: answer.parts, held: new Set(answer.held) });
    this.loaded.clear();
  }

  async sendAll(over) {
    const pending = [];
    for (let number = 1; number <= this.parts; number += 1) if (!this.held.has(number)) pending.push(number);
    let failed = null;
    const worker = async () => {
      while (pending.length && !failed && !over()) {
        const number = pending.shift();
        try {
          await this.sendOne(number);
        } catch (error) {
          failed ??= error;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, pending.length) }, worker));
    if (failed) throw failed;
  }

  async sendOne(number) {
    const start = (number - 1) * this.partSize;
    const blob = this.file.slice(start, start + this.length(number));
    const onProgress = (loaded) => {
      this.loaded.set(number, Math.min(loaded, this.length(number)));
      this.sample();
    };
    try {
      await sendPart(this.id, number, blob, onProgress, this.requests);
    } finally {
      this.loaded.delete(number);
    }
    this.held.add(number);
    this.failures = 0;
    this.sample();
  }

  // Whether to try again, after a wait that grows. What the file or the account is to blame for is not tried again.
  async survives(error) {
    const gone = error.status === 404 || error.status === 409;
    if (error.status === 401) {
      this.become("paused", "You are signed out. Sign in in another tab, then resume.");
      return false;
    }
    if (isPassing(error.status) && !(await this.isReadable())) {
      this.become("failed", "The file was changed or moved since you chose it. Choose it again.");
      return false;
    }
    if (!isPassing(error.status) && !(gone && this.failures < 2) && !(error.status === 422 && this.id && this.failures < 3)) {
      this.become("failed", error.message);
      return false;
    }
    this.failures += 1;
    this.become("offline", error.status === 429 ? error.message : "");
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(this.failures, 5));
    await sleep(wait * (0.75 + Math.random() / 2));
    return true;
  }

  async isReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }
}

class Engine {
  constructor() {
    Object.assign(this, { transfers: [], completed: [], listeners: new Set(), drawn: 0 });
    addEventListener("beforeunload", (event) => {
      if (this.transfers.some((transfer) => ["waiting", "sending", "offline", "finishing"].includes(transfer.state))) event.preventDefault();
    });
    addEventListener("online", () => this.changed());
  }

  add(file, scope, post) {
    const known = this.transfers.find((one) => one.fingerprint === fingerprintOf(file) && one.scope === scope && one.state !== "done");
    if (known) {
      known.file = file;
      if (["paused", "failed"].includes(known.state)) known.resume();
      return;
    }
    this.transfers.push(new Transfer(this, file, scope, post));
    this.start();
  }

  // Files go one after the other, so that the first is a post while the last is still on its way.
  async start() {
    this.changed();
    if (this.busy) return;
    this.busy = true;
    let next;
    while ((next = this.transfers.find((transfer) => transfer.state === "waiting"))) {
      await next.run();
    }
    this.busy = false;
  }

  finished(transfer) {
    this.completed.push({ upload: transfer.id, post: transfer.result.post, title: transfer.result.title, name: transfer.name, scope: transfer.scope });
    setTimeout(() => this.drop(transfer), 6_000);
    this.changed();
  }

  drop(transfer) {
    this.transfers = this.transfers.filter((one) => one !== transfer);
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
  }
}

const engine = (window.feedroomUploads ??= new Engine());
