// The WebSocket to the page's server. It comes back by itself, with growing pauses, for as long as it takes.

const HEADER_BYTES = 16;
const PAUSES_MS = [300, 600, 1200, 2500, 5000];
const REFUSED_MS = 15000;
const PING_MS = 2000;

export class Connection extends EventTarget {
  #socket = null;
  #tries = 0;
  #timer = 0;
  #camera = false;
  #wants = { pictures: true, original: false };
  #offsets = []; // of the server's clock and ours, with how long each question took
  session = "main";

  constructor() {
    super();
    setInterval(() => this.#ping(), PING_MS);
  }

  // Connects anew: to the show for all, or with a camera of one's own.
  open(camera) {
    this.#camera = camera;
    this.#tries = 0;
    this.#connect();
  }

  get ready() {
    return this.#socket !== null && this.#socket.readyState === WebSocket.OPEN;
  }

  get waiting() { // bytes that the network has not taken yet
    return this.#socket === null ? 0 : this.#socket.bufferedAmount;
  }

  set(change) { this.#tell({ type: "set", change }); }

  got(number) { this.#tell({ type: "got", number }); }

  offer(sdp) { this.#tell({ type: "offer", sdp }); }

  want(wants) {
    this.#wants = { ...this.#wants, ...wants };
    this.#tell({ type: "want", ...this.#wants });
  }

  sendPicture(blob) { if (this.ready) this.#socket.send(blob); }

  // How old something is that was captured at a time of the server's clock; null while that is not known.
  ageOf(capturedMs) {
    if (!this.#offsets.length) return null;
    const best = this.#offsets.reduce((one, other) => (other.took < one.took ? other : one));
    return performance.now() + best.offset - capturedMs;
  }

  #connect() {
    clearTimeout(this.#timer);
    if (this.#socket !== null) {
      this.#socket.onclose = this.#socket.onmessage = null;
      this.#socket.close();
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws${this.#camera ? "?camera=1" : ""}`);
    let refused = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#offsets = [];
      this.#ping();
      if (!this.#wants.pictures || this.#wants.original) this.want({});
      this.#emit("open");
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") {
        this.#picture(data);
        return;
      }
      const message = JSON.parse(data);
      refused ||= message.type === "refused";
      if (message.type === "hello") {
        this.session = message.session;
        this.#tries = 0;
      }
      if (message.type === "pong") this.#pong(message);
      else this.#emit(message.type, message);
    };
    socket.onclose = () => {
      this.#socket = null;
      if (!refused) this.#emit("lost");
      const pause = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)];
      this.#timer = setTimeout(() => this.#connect(), refused ? REFUSED_MS : pause);
    };
    this.#socket = socket;
  }

  #picture(data) {
    const view = new DataView(data);
    const originalBytes = view.getUint32(4, true);
    const jpeg = (from, to) => new Blob([new Uint8Array(data, from, to - from)], { type: "image/jpeg" });
    const middle = HEADER_BYTES + originalBytes;
    this.#emit("picture", {
      number: view.getUint32(0, true),
      capturedMs: view.getFloat64(8, true),
      original: originalBytes ? jpeg(HEADER_BYTES, middle) : null,
      painting: jpeg(middle, data.byteLength),
    });
  }

  #ping() { this.#tell({ type: "ping", at: performance.now() }); }

  #pong({ at, now }) {
    const here = performance.now();
    this.#offsets.push({ took: here - at, offset: now - (at + here) / 2 });
    if (this.#offsets.length > 8) this.#offsets.shift();
  }

  #tell(message) { if (this.ready) this.#socket.send(JSON.stringify(message)); }

  #emit(name, detail = {}) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
