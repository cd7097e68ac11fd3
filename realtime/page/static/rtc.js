// WebRTC: the camera's track goes to the server, the painting comes back as one. Where that does not get
// through within a few seconds, the JPEGs of camera.js go on.

const GATHER_MS = 1500, CONNECT_MS = 20000;

export class Rtc {
  #connection;
  #peer = null;
  #video = null;
  #timer = 0;

  constructor(connection) {
    this.#connection = connection;
    connection.addEventListener("answer", async ({ detail }) => {
      try {
        await this.#peer?.setRemoteDescription({ type: "answer", sdp: detail.sdp });
      } catch { // an answer that this browser does not take
        this.close();
      }
    });
  }

  get on() { return this.#video !== null; }

  // Tries; calls begins(video) when the painting arrives, ends() if it no longer does.
  async open(stream, begins, ends) {
    this.close();
    if (typeof RTCPeerConnection === "undefined") return;
    const peer = new RTCPeerConnection({ iceServers: [] });
    this.#peer = peer;
    peer.addTransceiver(stream.getVideoTracks()[0], { direction: "sendrecv", streams: [stream] });
    peer.ontrack = ({ track }) => this.#receive(peer, track, begins);
    peer.onconnectionstatechange = () => {
      if (peer !== this.#peer || !["failed", "closed", "disconnected"].includes(peer.connectionState)) return;
      const was = this.on;
      this.close();
      if (was) ends();
    };
    await peer.setLocalDescription(await peer.createOffer());
    await new Promise((done) => {
      const look = () => { if (peer.iceGatheringState === "complete") done(); };
      peer.addEventListener("icegatheringstatechange", look);
      setTimeout(done, GATHER_MS);
      look();
    });
    if (peer !== this.#peer) return;
    this.#connection.offer(peer.localDescription.sdp);
    this.#timer = setTimeout(() => { if (!this.on) this.close(); }, CONNECT_MS);
  }

  close() {
    clearTimeout(this.#timer);
    this.#peer?.close();
    if (this.#video !== null) this.#video.srcObject = null;
    this.#peer = this.#video = null;
  }

  #receive(peer, track, begins) {
    const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
    video.srcObject = new MediaStream([track]);
    video.addEventListener("playing", () => {
      if (peer !== this.#peer) return;
      this.#video = video;
      begins(video);
    }, { once: true });
    video.play().catch(() => {});
  }
}
