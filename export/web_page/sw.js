// Keeps the page for offline, and adds the headers that make it cross-origin isolated. PAGE is written above
// this line when the page is made: {version, files}. Another version has other bytes here, so that browsers
// see that there is one.

const CACHE = `livebrush-${PAGE.version}`;
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

self.addEventListener('install', () => self.skipWaiting());

self.addEventListener('activate', (event) => event.waitUntil(begin()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && request.url.startsWith(self.registration.scope)) {
    event.respondWith(answer(event));
  }
});

self.addEventListener('message', (event) => {
  if (event.data.keep) event.waitUntil(keep(event.data.keep, event.ports[0]));
});

async function begin() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('livebrush-') && name !== CACHE);
  await Promise.all([self.clients.claim(), ...old.map((name) => caches.delete(name))]);
}

async function answer(event) {
  const { request } = event;
  const cache = await caches.open(CACHE);
  const address = addressOf(request.url);
  const kept = await cache.match(address);
  if (kept) return isolated(kept);
  const response = await fetch(request.url, { cache: 'no-cache' });
  if (response.ok && isOurs(address)) event.waitUntil(cache.put(address, response.clone()));
  return isolated(response);
}

async function keep(files, port) {
  try {
    const cache = await caches.open(CACHE);
    for (const file of [...PAGE.files, ...files]) {
      const address = addressOf(new URL(file, self.registration.scope).href);
      if (await cache.match(address)) continue;
      await cache.add(new Request(address, { cache: 'no-cache' }));
    }
    port.postMessage(true);
  } catch {
    port.postMessage(false); // no room, or the network went away: the next visit tries again
  }
}

/** Without what comes behind "?" and "#"; the folder is its index.html. */
function addressOf(url) {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/index\.html$/, '/');
}

function isOurs(address) {
  const path = address.slice(self.registration.scope.length);
  return PAGE.files.includes(path) || path === '' || path.startsWith('runtime/');
}

function isolated(response) {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
