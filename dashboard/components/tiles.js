// Pictures to open or choose from. Data holds only text and addresses; nothing of it is ever parsed as HTML.
const CHECK = '<svg viewBox="0 0 24 24" fill="none" stroke="#fff" stroke-width="3.5" aria-hidden="true"><path d="M4 12l6 6L20 6"/></svg>';

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function picture(item) {
  const box = element("div", "picture");
  const blank = element("div", "blank", item.blank || "No picture");
  box.append(blank);
  if (item.image) {
    const image = element("img");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = item.alt || "";
    image.onerror = () => image.remove();
    image.src = item.image;
    box.append(image);
  }
  if (item.corner) box.append(element("span", "corner", item.corner));
  if (item.chosen) {
    const mark = element("span", "chosen");
    mark.innerHTML = CHECK;
    box.append(mark);
  }
  return box;
}

// The three-second preview plays while the pointer rests on a picture, and is fetched only then.
function moving(tile, box, source) {
  if (!source || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let video;
  const start = () => {
    if (!video) {
      video = element("video");
      Object.assign(video, { muted: true, loop: true, playsInline: true, preload: "auto", src: source });
      video.setAttribute("aria-hidden", "true");
      box.querySelector("img")?.after(video);
    }
    video.play().then(() => video.classList.add("on")).catch(() => {});
  };
  const stop = () => { if (video) { video.pause(); video.classList.remove("on"); } };
  tile.addEventListener("pointerenter", start);
  tile.addEventListener("pointerleave", stop);
}

function tile(item, data, act) {
  const made = element(item.href ? "a" : "button", "tile");
  if (item.href) {
    made.href = item.href;
  } else {
    made.type = "button";
    made.disabled = data.disabled;
    if (item.chosen !== undefined && item.chosen !== null) made.setAttribute("aria-pressed", String(item.chosen));
  }
  made.setAttribute("aria-label", item.label);
  const box = picture(item);
  made.append(box);
  moving(made, box, item.preview);
  if (item.title || item.lines.length || item.badges.length) {
    const body = element("div", "body");
    if (item.title) body.append(element("div", "title", item.title));
    for (const line of item.lines) body.append(element("div", "line", line));
    if (item.badges.length) {
      const row = element("div", "badges");
      for (const [text, colour] of item.badges) row.append(element("span", "badge " + colour, text));
      body.append(row);
    }
    made.append(body);
  }
  if (item.act) made.append(element("span", "act", item.act));
  made.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    act(item.id);
  });
  return made;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".tiles");
  const shape = JSON.stringify(data);
  if (root.dataset.shape === shape) return;
  const focused = root.getRootNode().activeElement?.dataset?.id;
  root.dataset.shape = shape;
  root.className = "tiles " + data.layout;
  root.setAttribute("aria-label", data.label);
  root.style.setProperty("--size", data.size + "px");
  root.style.setProperty("--ratio", data.ratio);
  root.replaceChildren(
    ...data.items.map((item) => {
      const made = tile(item, data, (id) => setTriggerValue("picked", id));
      made.dataset.id = item.id;
      return made;
    }),
  );
  if (focused) [...root.children].find((child) => child.dataset.id === focused)?.focus();
}
