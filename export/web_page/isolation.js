// The service worker: it keeps the page for offline, and isolates it from other pages, which threads need.

const TRIED = 'livebrush-isolating';

/** Register it. Reloads the page, once, if that makes threads possible; then this never resolves. */
export async function serveOurselves() {
  if (!('serviceWorker' in navigator)) return null;
  let registration;
  try {
    registration = await navigator.serviceWorker.register('sw.js', { updateViaCache: 'none' });
  } catch {
    return null; // private windows of some browsers: the page works, with one thread
  }
  if (!window.crossOriginIsolated && !sessionStorage.getItem(TRIED)) {
    sessionStorage.setItem(TRIED, 'yes');
    await navigator.serviceWorker.ready;
    location.reload();
    await new Promise(() => {});
  }
  sessionStorage.removeItem(TRIED);
  return registration;
}

/** Keep these files, and all of the page, for when there is no network; resolves when they are kept. */
export async function keepForOffline(registration, files) {
  const worker = registration?.active;
  if (!worker) return false;
  const { port1, port2 } = new MessageChannel();
  const answered = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
  });
  worker.postMessage({ keep: files }, [port2]);
  return answered;
}
