// Brings the parts of the page together.

import { Camera } from "./camera.js";
import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { Gallery } from "./gallery.js";
import { listen } from "./keys.js";
import { Rtc } from "./rtc.js";
import { Stage } from "./stage.js";

const at = (id) => document.getElementById(id);
const TOAST_MS = 4000, REST_MS = 3000;

const address = new URL(location.href);
if (address.searchParams.has("token")) { // it is in a cookie now, and need not be seen or bookmarked
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

const connection = new Connection();
const stage = new Stage();
const camera = new Camera(connection);
const rtc = new Rtc(connection);
const controls = new Controls((values) => connection.set(values));
const gallery = new Gallery((style) => controls.change({ style }), say);
const latencies = [];

function say(text) {
  const toast = document.createElement("p");
  toast.textContent = text;
  at("toasts").append(toast);
  while (at("toasts").children.length > 3) at("toasts").firstChild.remove();
  setTimeout(() => toast.remove(), TOAST_MS);
}

function tellStatus(state, text) {
  at("status").dataset.state = state;
  if (at("status-text").textContent !== text) at("status-text").textContent = text;
}

// --- what the server says

connection.addEventListener("hello", ({ detail }) => {
  controls.onlyWatches = detail.watches;
  document.documentElement.toggleAttribute("data-watches", detail.watches);
  if (!camera.on || detail.session !== "main") return; // its second greeting: the camera's show has begun
  camera.startSending(); // at once; WebRTC takes over when it gets through
  if (!address.searchParams.has("jpeg")) rtc.open(camera.stream, showTrack, backToJpegs).catch(() => rtc.close());
});
connection.addEventListener("state", async ({ detail: { state } }) => {
  controls.show(state);
  const { painting } = controls.state;
  at("title").textContent = state.painting.title;
  at("artist").textContent = state.painting.painted_by || (state.painting.mix_with ? "a mix of two styles" : "");
  at("canvas").setAttribute("aria-label", `The live painting, in the style of ${state.painting.title}`);
  document.title = `${state.painting.title} – Livebrush`;
  stage.paused = state.paused;
  showPressed("pause", state.paused, "Pause", "Play");
  at("pause").querySelector("use").setAttribute("href", state.paused ? "#i-play" : "#i-pause");
  showPressed("record", state.recording, "Record", "Stop");
  at("rec").hidden = !state.recording;
  const source = state.own_camera ? "Your camera" : state.source === "demo" ? "Demo scene" : state.source;
  if (state.trouble) tellStatus("trouble", state.trouble);
  else if (painting.loading) tellStatus("live", `Loading ${painting.loading}…`);
  else tellStatus("live", source);
  showFilms(state.recordings);
  controls.list(await gallery.refresh(state.gallery));
  gallery.show(controls.state.painting);
});
connection.addEventListener("figures", ({ detail: { figures } }) => {
  at("f-fps").textContent = figures.fps.toFixed(1);
  const sorted = latencies.toSorted((one, other) => one - other);
  const latency = sorted.length ? sorted[sorted.length >> 1] : figures.latency_ms;
  at("f-latency").textContent = `${Math.round(latency)} ms`;
  at("f-dropped").textContent = `${figures.dropped + figures.late}`;
  at("f-engine").textContent = `${figures.engine}, ${Math.round(figures.network_ms)} ms`;
  at("f-size").textContent = figures.size === figures.network_size ? figures.size : `${figures.size}, painted at ${figures.network_size}`;
  if (at("f-size").dataset.way) at("f-size").textContent += `, ${at("f-size").dataset.way}`;
  at("f-viewers").textContent = `${figures.viewers}`;
  const seconds = Math.floor(figures.recording_s ?? 0);
  at("rec-time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
});
connection.addEventListener("news", ({ detail }) => say(detail.text));
connection.addEventListener("error", ({ detail }) => say(detail.text));
connection.addEventListener("refused", ({ detail }) => {
  if (detail.watches && camera.on) { // a link for watching has no place for a camera
    chooseSource(false);
    return;
  }
  stage.wait(`Sorry, ${detail.text}.`, "refused");
  tellStatus("trouble", "Full");
});
connection.addEventListener("lost", () => {
  stage.wait("The connection is lost. Trying again…");
  tellStatus("trouble", "Connecting");
});

// The painting comes as a video track now: no more JPEGs, either way.
function showTrack(video) {
  camera.stopSending();
  connection.want({ pictures: false });
  latencies.length = 0;
  at("f-size").dataset.way = "WebRTC";
  const draw = () => {
    if (!rtc.on || video.srcObject === null) return;
    stage.show(video, stage.split ? camera.video : null, { width: video.videoWidth, height: video.videoHeight });
    next();
  };
  const next = () => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(draw) : requestAnimationFrame(draw));
  next();
}

function backToJpegs() {
  delete at("f-size").dataset.way;
  connection.want({ pictures: !document.hidden });
  if (camera.on) camera.startSending();
}

let decoding = false;
connection.addEventListener("picture", async ({ detail }) => {
  // Of two that come at once the newer one is shown; both were got.
  connection.got(detail.number);
  if (decoding) return;
  decoding = true;
  try {
    const [painting, original] = await Promise.all(
      [detail.painting, detail.original].map((blob) => (blob === null ? null : createImageBitmap(blob))),
    );
    stage.show(painting, original, painting);
    const age = connection.ageOf(detail.capturedMs);
    if (age !== null && latencies.push(age) > 30) latencies.shift();
  } catch {
    // A picture that cannot be decoded is left out; the next one comes.
  } finally {
    decoding = false;
  }
});

// --- what the viewer does

function showPressed(id, pressed, off, on) {
  at(id).setAttribute("aria-pressed", pressed);
  at(id).querySelector("span").textContent = pressed ? on : off;
}

function showFilms(films) {
  at("films").hidden = films.length === 0;
  const list = at("film-list");
  if (list.children.length === films.length && list.dataset.last === films.at(-1)?.name) return;
  list.dataset.last = films.at(-1)?.name ?? "";
  list.replaceChildren(...films.map(({ name, seconds }, place) => {
    const link = Object.assign(document.createElement("a"), { href: `/api/recordings/${encodeURIComponent(name)}`, download: name });
    link.innerHTML = '<svg aria-hidden="true"><use href="#i-down"/></svg>';
    const length = Object.assign(document.createElement("span"), { textContent: `${seconds.toFixed(1)} s` });
    link.append(`Recording ${place + 1}`, length);
    const item = document.createElement("li");
    item.append(link);
    return item;
  }).reverse());
}

async function takeSnapshot() {
  const answer = await fetch(`/api/snapshot.png?session=${encodeURIComponent(connection.session)}`);
  if (!answer.ok) {
    say("There is no picture to keep yet.");
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  const style = controls.state?.painting.style ?? "painting";
  link.download = `livebrush_${style}_${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  say("Saved a snapshot.");
}

// What changes the show for all; a link for watching does not.
const change = (action) => () => (controls.onlyWatches ? say("This link is for watching only.") : action());

function togglePause() { controls.change({ paused: !controls.state?.paused }); }
function toggleRecord() { controls.change({ recording: !controls.state?.recording }); }

function toggleSplit() {
  stage.turnSplit(!stage.split);
  at("split").setAttribute("aria-pressed", stage.split);
  connection.want({ original: stage.split });
  if (stage.split) at("split-at").focus();
}

async function toggleFull() {
  const wall = document.querySelector(".wall");
  if (document.fullscreenElement) await document.exitFullscreen();
  else if (wall.classList.contains("alone")) wall.classList.remove("alone");
  else if (wall.requestFullscreen) await wall.requestFullscreen().catch(() => wall.classList.add("alone"));
  else wall.classList.add("alone"); // a phone that gives the screen to videos only
  showFull();
}

function showFull() {
  const alone = document.querySelector(".wall").classList.contains("alone");
  at("full").setAttribute("aria-pressed", alone || document.fullscreenElement !== null);
  stage.draw();
}

async function chooseSource(own) {
  rtc.close();
  camera.close();
  delete at("f-size").dataset.way;
  connection.want({ pictures: !document.hidden });
  stage.forget();
  connection.session = "main";
  if (own) {
    try {
      stage.wait("Asking for your camera…");
      await camera.open();
    } catch (error) {
      say(error.message);
      own = false;
    }
  }
  document.querySelector(`input[name=source][value=${own ? "camera" : "show"}]`).checked = true;
  try { sessionStorage.setItem("livebrush-source", own ? "camera" : "show"); } catch { /* nothing is kept */ }
  at("source-hint").textContent = own
    ? "Only you see this. The pictures go to this page's machine, are painted there, and are not kept."
    : "Everybody who has this page open sees the same picture.";
  stage.mirrored = own;
  stage.wait("Waiting for the first painting");
  connection.open(own);
}

for (const radio of document.querySelectorAll("input[name=source]")) {
  radio.addEventListener("change", () => chooseSource(radio.value === "camera"));
}
at("pause").addEventListener("click", togglePause);
at("split").addEventListener("click", toggleSplit);
at("snapshot").addEventListener("click", takeSnapshot);
at("record").addEventListener("click", toggleRecord);
at("full").addEventListener("click", toggleFull);
at("again").addEventListener("click", () => chooseSource(camera.on));
at("canvas").addEventListener("dblclick", toggleFull);
document.addEventListener("fullscreenchange", showFull);
at("panel").addEventListener("submit", (event) => event.preventDefault());
at("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("livebrush-theme", theme); } catch { /* nothing is kept */ }
});
document.addEventListener("visibilitychange", () => connection.want({ pictures: !document.hidden && !rtc.on }));

let resting = 0;
for (const kind of ["pointermove", "pointerdown", "keydown"]) {
  addEventListener(kind, () => {
    const wall = document.querySelector(".wall");
    wall.classList.remove("resting");
    clearTimeout(resting);
    resting = setTimeout(() => wall.classList.add("resting"), REST_MS);
  }, { passive: true });
}

const nudge = (name, by, value) => controls.state && controls.change({ [name]: Math.min(Math.max(Math.round((value + by) * 20) / 20, 0), 1) });
const stronger = (by) => nudge("strength", by, controls.state?.strength);
const mixMore = (by) => {
  if (controls.state?.painting.mix_with) nudge("mix", by, controls.state.painting.mix);
  else say("Choose a second style first.");
};
const changes = {
  n: () => gallery.step(1, controls.state?.painting.style),
  p: () => gallery.step(-1, controls.state?.painting.style),
  "+": () => stronger(0.1), "=": () => stronger(0.1), "-": () => stronger(-0.1), _: () => stronger(-0.1),
  "]": () => mixMore(0.1), "[": () => mixMore(-0.1),
  c: () => controls.change({ original_colors: !controls.state?.original_colors }),
  m: () => controls.change({ mask: controls.state?.mask === "off" ? "person" : "off" }),
  b: () => controls.change({ swapped: !controls.state?.swapped }),
  " ": togglePause, r: toggleRecord, u: () => gallery.ask(),
};
listen({
  ...Object.fromEntries(Object.entries(changes).map(([key, action]) => [key, change(action)])),
  v: toggleSplit, s: takeSnapshot, f: toggleFull,
});

let before = null;
try { before = sessionStorage.getItem("livebrush-source"); } catch { /* nothing is kept */ }
chooseSource(before === "camera");
