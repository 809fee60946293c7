// A page of the feed as the app shows it: one slot fills the screen, the visible one plays muted, a tap stops and starts it. For who
// prefers less motion nothing starts by itself or glides.
// Titles, captions and names come from people: they are only ever set as text.
const ICONS = {
  like: '<path d="M12 20.5S3.5 15.6 3.5 9.4A4.7 4.7 0 0 1 12 6.8a4.7 4.7 0 0 1 8.5 2.6c0 6.2-8.5 11.1-8.5 11.1z"/>',
  share: '<path d="M14 5l6 6-6 6v-4c-5 0-8 1.6-10 5 .4-5.6 3.8-9 10-9z"/>',
  not_interested: '<circle cx="12" cy="12" r="8.5"/><path d="M6 6l12 12"/>',
  sound_off: '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z"/><path d="M16 9.5l5 5m0-5l-5 5"/>',
  sound_on: '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z"/><path d="M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11"/>',
};
// Asked each time: the setting may change while the page is open.
const lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const bring = (slot) => slot?.scrollIntoView({ behavior: lessMotion() ? "auto" : "smooth", block: "nearest" });
const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(label, className, text, onClick) {
  const made = element("button", className, text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", onClick);
  return made;
}

function productCard(slot, act) {
  const product = slot.product;
  const card = element("div", "card");
  const image = element(product.image ? "img" : "div", product.image ? "" : "none");
  if (product.image) { image.src = product.image; image.alt = product.name; image.loading = "lazy"; }
  const open = button(`Look at ${product.name}`, "open", undefined, () => act("product_click", slot));
  open.append(element("div", "name", product.name));
  const price = element("div", "price", product.price);
  if (product.list_price) price.append(element("s", "", product.list_price));
  open.append(price, element("div", product.in_stock ? "stock" : "stock out", product.stock));
  const buy = element("div", "buy");
  buy.append(
    button(`Buy ${product.name}`, "", "Buy", () => act("order", slot)),
    button(`Add ${product.name} to the cart`, "", "Add to cart", () => act("add_to_cart", slot)),
  );
  for (const each of buy.children) each.disabled = !product.in_stock;
  card.append(image, open, buy);
  return card;
}

function drawSlot(slot, data, act) {
  const made = element("article", "slot");
  made.dataset.slot = slot.position;
  made.setAttribute("aria-posinset", slot.position + 1);
  made.setAttribute("aria-setsize", data.slots.length);
  made.setAttribute("aria-label", `Slot ${slot.position + 1}: ${slot.title}`);
  if (slot.video) {
    const video = element("video");
    Object.assign(video, { muted: true, loop: true, playsInline: true, preload: "none", poster: slot.poster });
    video.dataset.clip = slot.video;
    video.dataset.hls = slot.hls;
    video.setAttribute("aria-label", slot.title);
    made.append(video);
  } else if (slot.poster) {
    const image = element("img");
    image.src = slot.poster;
    image.alt = slot.title;
    image.loading = "lazy";
    made.append(image);
  } else {
    made.append(element("div", "still", `${slot.title}: the media is not there yet`));
  }
  const tap = button("Play or pause", "tap", undefined, () => made.dispatchEvent(new CustomEvent("tapped")));
  const paused = element("div", "paused");
  paused.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.5v13l11-6.5z"/></svg>';
  // Beside the words, not at the top: clips have their own titles there.
  const chips = element("div", "chips");
  chips.append(element("span", "chip place", `${slot.position + 1} / ${data.slots.length}`));
  chips.append(element("span", `chip ${slot.kind}`, slot.kind_label));
  if (slot.sponsored) chips.append(element("span", "chip", "Sponsored"));
  if (slot.ai_generated) chips.append(element("span", "chip", "AI-generated"));
  if (slot.fresh) chips.append(element("span", "chip fresh", "New on this page"));
  const rail = element("div", "rail");
  for (const [kind, words] of [["like", "Like"], ["share", "Share"], ["not_interested", "Skip"]]) {
    const press = button(`${words}: ${slot.title}`, kind, undefined, () => act(kind, slot));
    press.innerHTML = icon(kind);
    press.append(element("span", "", words));
    rail.append(press);
  }
  const who = element("div", "who");
  who.append(element("span", "", slot.publisher_name), button(`Follow ${slot.publisher_name}`, "follow", "Follow", () => act("follow", slot)));
  const words = element("div", "words");
  words.append(chips, who);
  if (slot.caption) words.append(element("div", "caption", slot.caption));
  if (slot.product) words.append(productCard(slot, act));
  const bar = element("div", "bar");
  bar.append(element("i"));
  made.append(tap, element("div", "shade"), paused, rail, words, bar);
  return made;
}

function marks(root, data) {
  for (const slot of data.slots) {
    const made = root.querySelector(`[data-slot="${slot.position}"]`);
    if (!made) continue;
    made.querySelector(".like").setAttribute("aria-pressed", String(data.liked.includes(slot.post)));
    const follow = made.querySelector(".follow");
    const follows = data.follows.includes(slot.publisher);
    follow.setAttribute("aria-pressed", String(follows));
    follow.textContent = follows ? "Following" : "Follow";
  }
}

// Chromium and Safari play HLS themselves; every other browser gets the 720p file by byte range.
function load(video) {
  if (video.src) return;
  const native = video.canPlayType("application/vnd.apple.mpegurl");
  video.src = native && video.dataset.hls ? video.dataset.hls : video.dataset.clip;
  video.addEventListener("error", () => { if (video.src !== video.dataset.clip && video.dataset.clip) { video.src = video.dataset.clip; video.play().catch(() => {}); } }, { once: true });
}

function mount(root, state) {
  const feed = root.querySelector(".feed");
  const sound = root.querySelector(".sound");
  const slots = [...feed.querySelectorAll(".slot")];
  const showSound = () => { sound.innerHTML = icon(state.muted ? "sound_off" : "sound_on"); sound.setAttribute("aria-label", state.muted ? "Sound on" : "Sound off"); };
  const play = (slot) => {
    const video = slot.querySelector("video");
    if (!video) return;
    load(video);
    video.muted = state.muted;
    slot.classList.remove("stopped");
    video.play().catch(() => slot.classList.add("stopped"));
  };
  const stop = (slot) => slot.querySelector("video")?.pause();
  let told;
  const seen = (slot) => {
    state.visible = Number(slot.dataset.slot ?? -1);
    slots.forEach((each) => { if (each !== slot) stop(each); });
    if (lessMotion()) slot.classList.toggle("stopped", slot.querySelector("video") !== null);
    else play(slot);
    const next = slots[slots.indexOf(slot) + 1]?.querySelector("video");
    if (next) next.preload = "metadata";
    clearTimeout(told);
    if (state.visible >= 0) told = setTimeout(() => state.tell(state.visible), 350);
  };
  const watcher = new IntersectionObserver(
    (entries) => entries.forEach((entry) => { if (entry.isIntersecting) seen(entry.target); else stop(entry.target); }),
    { root: feed, threshold: 0.6 },
  );
  slots.forEach((slot) => {
    watcher.observe(slot);
    const video = slot.querySelector("video");
    slot.addEventListener("tapped", () => {
      if (!video) return;
      if (video.paused) play(slot);
      else { video.pause(); slot.classList.add("stopped"); }
    });
    video?.addEventListener("timeupdate", () => { slot.querySelector(".bar i").style.width = `${(100 * video.currentTime) / (video.duration || 1)}%`; });
  });
  sound.onclick = () => { state.muted = !state.muted; showSound(); slots.forEach((slot) => { const video = slot.querySelector("video"); if (video) video.muted = state.muted; }); };
  feed.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); bring(slots[Math.min(slots.length - 1, Math.max(0, state.visible + step))]); }
    if (event.key === " " && event.target === feed) { event.preventDefault(); slots[state.visible]?.dispatchEvent(new CustomEvent("tapped")); }
  };
  showSound();
  return () => { watcher.disconnect(); clearTimeout(told); slots.forEach(stop); };
}

const held = new WeakMap();

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".phone");
  let state = held.get(root);
  if (!state || state.page !== data.page) {
    state?.leave();
    state = { page: data.page, visible: 0, muted: state?.muted ?? true, jump: data.jump?.number ?? 0 };
    const act = (kind, slot) => setTriggerValue("act", { kind, slot: slot.position });
    const feed = root.querySelector(".feed");
    feed.replaceChildren(...data.slots.map((slot) => drawSlot(slot, data, act)));
    const last = element("article", "slot last");
    last.setAttribute("aria-label", data.end);
    last.append(element("div", "", data.end));
    if (data.more) last.append(button("Next page", "", "Next page", () => setTriggerValue("next", true)));
    feed.append(last);
    feed.scrollTop = 0;
    held.set(root, state);
    state.leave = mount(root, state);
  }
  state.tell = (visible) => { if (visible !== state.told) { state.told = visible; setStateValue("visible", [data.page, visible]); } };
  marks(root, data);
  if (data.jump && data.jump.number !== state.jump) {
    state.jump = data.jump.number;
    bring(root.querySelector(`[data-slot="${data.jump.slot}"]`));
  }
  return () => { if (!root.isConnected) { held.get(root)?.leave(); held.delete(root); } };
}
