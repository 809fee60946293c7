// One video: the adaptive stream where the browser plays it by itself, else the clip over HTTP Range in the same element.
const HLS = "application/vnd.apple.mpegurl";

function sources(video, data) {
  const list = [];
  if (data.hls && video.canPlayType(HLS)) list.push(data.hls);
  if (data.clip) list.push(data.clip);
  return list;
}

// When a source cannot be played, the next one goes on where it stopped.
function playFrom(video, list) {
  let next = 0;
  const load = () => {
    const [at, playing] = [video.currentTime, !video.paused];
    video.src = list[next];
    next += 1;
    if (at > 0) video.addEventListener("loadedmetadata", () => { video.currentTime = at; }, { once: true });
    if (playing || video.autoplay) video.play().catch(() => {});
  };
  video.addEventListener("error", () => {
    if (next < list.length) load();
    else video.dispatchEvent(new CustomEvent("unplayable"));
  });
  load();
}

function drawVideo(box, data) {
  const video = document.createElement("video");
  Object.assign(video, {
    controls: data.controls, muted: data.muted, loop: data.loop, autoplay: data.autoplay, playsInline: true,
    preload: data.autoplay ? "auto" : "metadata", poster: data.poster,
  });
  video.setAttribute("aria-label", data.label);
  const note = document.createElement("p");
  note.className = "note";
  note.setAttribute("role", "status");
  video.addEventListener("unplayable", () => { note.textContent = "This clip cannot be played just now. Reload the page to try again."; });
  box.replaceChildren(video, note);
  const list = sources(video, data);
  if (list.length) playFrom(video, list);
}

function drawPicture(box, data) {
  const image = document.createElement("img");
  image.alt = data.label;
  image.src = data.poster;
  box.replaceChildren(image);
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".player");
  // Addresses are signed anew from hour to hour: only another post, not another signature, starts the video again.
  const shape = JSON.stringify({ ...data, hls: data.hls.split("/").slice(3), clip: data.clip.split("/").slice(3), poster: data.poster.split("/").slice(3) });
  if (box.dataset.shape === shape) return;
  box.dataset.shape = shape;
  box.style.setProperty("--ratio", data.width && data.height ? `${data.width} / ${data.height}` : "9 / 16");
  box.style.setProperty("--height", data.height_px ? `${data.height_px}px` : "none");
  if (data.clip || data.hls) drawVideo(box, data);
  else if (data.poster) drawPicture(box, data);
  else box.replaceChildren();
  return () => { box.querySelector("video")?.pause(); };
}
