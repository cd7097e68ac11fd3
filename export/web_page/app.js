// The page: joins what is on it with the painter.

import { keepForOffline, serveOurselves } from './isolation.js';
import { Painter } from './painter.js';
import { Show } from './show.js';
import { countCameras, openCamera, openFile, openPicture } from './sources.js';
import { fillStyles, listenToKeys, listenToSplit, recall, remember } from './controls.js';
import { cameraTrouble, fileTrouble, painterTrouble } from './words.js';

const $ = (id) => document.getElementById(id);
const facts = { styles: 0, backend: '', offline: 'not yet' };
let page; // page.json
let painter;
let show;
let registration;
let facing = 'user';
let paintedAt = []; // milliseconds, of the last second

if (!window.cannotRun) begin().catch((error) => complain(painterTrouble(error)));

async function begin() {
  registration = await serveOurselves();
  page = await (await fetch('page.json')).json();
  painter = new Painter(tellBackend);
  show = new Show($('canvas'), painter, { painted, failed, shaped });
  listen();
  // All at once: each waits for another thread, or for the network.
  const opened = painter.open({ runtimes: page.runtimes }).then(tellBackend);
  const chosen = choose(styleCalled(recall('style')) ?? page.styles[0]);
  setWho(recall('who') ?? 'all');
  if (await isCameraAllowed()) await startCamera();
  if (!show.source) show.setSource(await openPicture(page.sample));
  await Promise.all([opened, chosen]);
}

/** A camera that was allowed before is opened without a question. */
async function isCameraAllowed() {
  const allowed = await navigator.permissions?.query({ name: 'camera' }).catch(() => null);
  return allowed?.state === 'granted' && recall('camera') !== 'off';
}

function listen() {
  fillStyles($('styles'), page.styles, (style) => choose(style));
  $('start').onclick = $('camera').onclick = toggleCamera;
  $('flip').onclick = turnCamera;
  $('open').onclick = $('welcome-open').onclick = () => $('file').click();
  $('file').onchange = ({ target }) => target.files[0] && showFile(target.files[0]);
  $('shutter').onclick = save;
  $('compare').onclick = toggleCompare;
  $('full').onclick = toggleFull;
  $('full').hidden = !document.documentElement.requestFullscreen;
  $('about-button').onclick = about;
  $('notice-close').onclick = () => ($('notice').hidden = true);
  $('notice-retry').onclick = () => startCamera();
  $('strength').oninput = ({ target }) => setStrength(target.value / 100);
  $('side').onchange = ({ target }) => setSide(target.value);
  $('who').onchange = ({ target }) => setWho(target.value);
  listenToSplit($('split'), $('picture'), setSplit);
  listenToKeys({
    n: () => step(1), p: () => step(-1), v: toggleCompare, s: save, c: toggleCamera, t: turnCamera,
    o: () => $('file').click(), f: toggleFull, h: about, ' ': pause,
    m: () => setWho($('who').options[($('who').selectedIndex + 1) % $('who').options.length].value),
    '+': () => setStrength(show.strength + 0.1), '=': () => setStrength(show.strength + 0.1),
    '-': () => setStrength(show.strength - 0.1),
  });
  for (const kind of ['dragover', 'drop']) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      if (kind === 'drop' && event.dataTransfer.files[0]) showFile(event.dataTransfer.files[0]);
    });
  }
  setStrength(Number(recall('strength') ?? 1));
  setSide(recall('side') ?? 'auto');
}

const styleCalled = (name) => page.styles.find((style) => style.name === name);

let wanted; // the style that was chosen last; it paints once it has loaded

async function choose(style) {
  wanted = style;
  $('title').textContent = style.title;
  $('artist').textContent = [style.artist, style.year].filter(Boolean).join(', ');
  document.querySelector(`input[value="${CSS.escape(style.name)}"]`).checked = true;
  try {
    await painter.load(style);
  } catch (error) {
    return failed(error);
  }
  if (style !== wanted) return; // another was chosen meanwhile
  show.style = style.name;
  remember('style', style.name);
  show.refresh();
}

function step(by) {
  const now = page.styles.indexOf(wanted);
  choose(page.styles.at((now + by) % page.styles.length));
}

async function toggleCamera() {
  if (show.source?.kind !== 'camera') return startCamera();
  remember('camera', 'off');
  show.setSource(await openPicture(page.sample));
  welcome(true);
}

async function startCamera() {
  $('notice').hidden = true;
  try {
    const camera = await openCamera(facing);
    camera.track.onended = () => show.source === camera && complain('The camera was unplugged.', true);
    show.setSource(camera);
    remember('camera', 'on');
    welcome(false);
    $('flip').hidden = (await countCameras()) < 2;
  } catch (error) {
    complain(cameraTrouble(error), true);
  }
}

function turnCamera() {
  if ($('flip').hidden) return;
  facing = facing === 'user' ? 'environment' : 'user';
  show.source.close(); // a phone opens one at a time
  startCamera();
}

async function showFile(file) {
  $('notice').hidden = true;
  try {
    show.setSource(await openFile(file));
    welcome(false);
    $('flip').hidden = true;
  } catch {
    complain(fileTrouble(file));
  }
  $('file').value = '';
}

function welcome(isOn) {
  $('welcome').hidden = !isOn;
  $('rate').hidden = isOn;
  $('camera').setAttribute('aria-pressed', String(show.source.kind === 'camera'));
  $('camera').querySelector('use').setAttribute('href', show.source.kind === 'camera' ? '#i-stop' : '#i-camera');
  if (isOn) $('flip').hidden = true;
}

function setStrength(value) {
  show.strength = Math.min(1, Math.max(0, value));
  const percent = Math.round(show.strength * 100);
  $('strength').value = percent;
  $('strength-said').textContent = `${percent}%`;
  remember('strength', show.strength);
  show.remix();
}

function setSide(value) {
  $('side').value = value;
  show.side = $('side').value || 'auto';
  remember('side', show.side);
  show.refresh();
}

/** Paint everything, only people or only what is around them. */
async function setWho(value) {
  $('who').value = value;
  const wish = ($('who').value ||= 'all');
  remember('who', wish);
  try {
    if (wish !== 'all') await painter.loadPerson(page.person);
  } catch (error) {
    return failed(error);
  }
  if ($('who').value !== wish || show.who === wish) return; // another was chosen meanwhile
  show.who = wish;
  show.refresh();
}

function toggleCompare() {
  setSplit(show.split === null ? 0.5 : null);
}

function setSplit(value) {
  show.split = value;
  $('split').hidden = value === null;
  $('compare').setAttribute('aria-pressed', String(value !== null));
  if (value !== null) {
    $('split').style.left = `${value * 100}%`;
    $('split').setAttribute('aria-valuenow', String(Math.round(value * 100)));
  }
  show.remix();
}

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
}

function pause() {
  say(show.togglePause() ? 'Paused. Space goes on.' : '');
}

async function save() {
  if (!show?.source || $('shutter').disabled) return;
  $('shutter').disabled = true;
  say('Painting it larger');
  try {
    const canvas = await show.save();
    const link = document.createElement('a');
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    link.href = URL.createObjectURL(blob);
    link.download = `livebrush-${show.style}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`Saved, ${canvas.width}×${canvas.height}`);
  } catch (error) {
    complain(painterTrouble(error));
  }
  $('shutter').disabled = false;
}

function painted(ms, width, height) {
  if (!$('curtain').hidden) firstPicture();
  const now = performance.now();
  paintedAt = [...paintedAt.filter((at) => at > now - 1000), now];
  const isLive = show.source.moves && paintedAt.length > 2;
  const rate = (paintedAt.length - 1) / ((now - paintedAt[0]) / 1000);
  $('rate').hidden = !isLive;
  if (isLive) $('rate').textContent = `${rate.toFixed(0)} fps, ${width}×${height}`;
  // For whoever measures the page from outside.
  const { dataset } = $('canvas');
  dataset.count = Number(dataset.count ?? 0) + 1;
  dataset.source = show.source.kind;
  dataset.who = show.who;
  dataset.ms = ms.toFixed(1);
}

function firstPicture() {
  performance.mark('first picture');
  $('curtain').hidden = true;
  $('shutter').disabled = false;
  const files = facts.files ?? [];
  keepForOffline(registration, files).then((kept) => {
    facts.offline = kept ? 'yes, everything is kept' : 'no, this browser does not keep the page';
    document.documentElement.dataset.offline = kept ? 'yes' : 'no';
  });
}

function shaped(width, height) {
  $('stage').style.setProperty('--shape', String(width / height));
}

function tellBackend(found) {
  Object.assign(facts, found);
  const threads = found.backend === 'WASM' ? `, ${found.threads} ${found.threads === 1 ? 'thread' : 'threads'}` : '';
  $('backend').textContent = `${found.backend}${threads}`;
  $('about-button').title = found.why || 'On the graphics card';
}

function about() {
  const rows = {
    'Runs on': $('backend').textContent,
    ...(facts.why ? { 'Why not faster': facts.why } : {}),
    'Paints': $('rate').hidden ? 'a still picture' : $('rate').textContent,
    'Works offline': facts.offline,
    'Networks': `${page.styles.length}, weights in ${page.precision}, by ${page.runtime}`,
  };
  $('facts').replaceChildren(
    ...Object.entries(rows).flatMap(([name, value]) => {
      const [term, description] = [document.createElement('dt'), document.createElement('dd')];
      [term.textContent, description.textContent] = [name, value];
      return [term, description];
    })
  );
  if ($('about').open) $('about').close();
  else $('about').showModal();
}

function failed(error) {
  complain(painterTrouble(error));
}

function complain(text, isRetried = false) {
  $('notice-text').textContent = text;
  $('notice-retry').hidden = !isRetried;
  $('notice').hidden = false;
}

function say(text) {
  $('said').textContent = text;
  clearTimeout(say.timer);
  if (text) say.timer = setTimeout(() => ($('said').textContent = ''), 3000);
}
