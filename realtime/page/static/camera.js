// The visitor's own camera: its pictures go to the server as JPEGs, no faster than the network takes them.

const WIDE = 640, FPS = 30, QUALITY = 0.82;
const MOST_WAITING = 200000; // bytes; beyond them the network is slower than the camera
const MOST_UNDER_WAY = 3;

export class Camera {
  #connection;
  #video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  #canvas = document.createElement("canvas");
  #stream = null;
  #underWay = 0;
  #sentAt = 0;
  #timer = 0;
  #busy = false;

  constructor(connection) {
    this.#connection = connection;
    connection.addEventListener("took", () => { this.#underWay = Math.max(0, this.#underWay - 1); });
    connection.addEventListener("open", () => { this.#underWay = 0; });
  }

  get on() { return this.#stream !== null; }

  get video() { return this.#video; }

  get stream() { return this.#stream; }

  // Asks for the camera; throws an Error with one line for people.
  async open() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("This browser gives the camera only to pages with https.");
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: WIDE }, height: { ideal: 360 }, frameRate: { ideal: FPS }, facingMode: "user" },
        audio: false,
      });
    } catch (error) {
      const says = {
        NotAllowedError: "The camera was not allowed. Allow it in the browser, and choose again.",
        NotFoundError: "No camera was found.",
        NotReadableError: "Another program uses the camera.",
      };
      throw new Error(says[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  close() {
    this.stopSending();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.#video.srcObject = null;
  }

  startSending() {
    this.stopSending();
    this.#underWay = 0;
    this.#timer = setInterval(() => this.#send(), 1000 / FPS / 2);
  }

  stopSending() { clearInterval(this.#timer); }

  #send() {
    const now = performance.now();
    const { videoWidth, videoHeight } = this.#video;
    if (this.#busy || !videoWidth || !this.#connection.ready || document.hidden) return;
    if (now - this.#sentAt < 1000 / FPS - 8) return;
    if (this.#underWay >= MOST_UNDER_WAY || this.#connection.waiting > MOST_WAITING) return;
    const scale = Math.min(1, WIDE / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0, width, height);
    this.#busy = true;
    this.#sentAt = now;
    this.#canvas.toBlob((blob) => {
      this.#busy = false;
      if (blob === null) return;
      this.#underWay += 1;
      this.#connection.sendPicture(blob);
    }, "image/jpeg", QUALITY);
  }
}
