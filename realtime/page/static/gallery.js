// The styles as cards, and pictures that become styles.

const KINDS = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"];

export class Gallery {
  #place = document.getElementById("gallery");
  #add = document.getElementById("add");
  #file = document.getElementById("file");
  #drop = document.getElementById("drop");
  #choose;
  #say;
  #version = -1;
  #mostMb = 0;
  #cards = new Map();
  styles = [];

  constructor(choose, say) {
    this.#choose = choose;
    this.#say = say;
    this.#file.addEventListener("change", () => {
      if (this.#file.files.length) this.upload(this.#file.files[0]);
      this.#file.value = "";
    });
    this.#takeDrops();
  }

  ask() { this.#file.click(); }

  // Reads the list again, if there is a newer one; returns it.
  async refresh(version) {
    if (version === this.#version) return this.styles;
    const answer = await fetch("/api/styles");
    if (!answer.ok) return this.styles;
    const found = await answer.json();
    this.#version = found.version;
    this.#mostMb = found.most_upload_mb;
    this.styles = found.styles;
    this.#add.hidden = !found.can_add;
    const before = this.#cards;
    this.#cards = new Map(found.styles.map((style) => [style.name, before.get(style.name) ?? this.#card(style)]));
    this.#place.replaceChildren(this.#add, ...this.#cards.values());
    return this.styles;
  }

  show({ style, loading }) {
    for (const [name, card] of this.#cards) {
      const chosen = name === style;
      const radio = card.querySelector("input");
      if (chosen && !radio.checked) {
        radio.checked = true;
        this.#bringIntoView(card);
      }
      card.classList.toggle("loading", chosen && loading !== null);
    }
  }

  step(by, style) {
    const place = this.styles.findIndex(({ name }) => name === style);
    const count = this.styles.length;
    if (count) this.#choose(this.styles[(place + by + count) % count].name);
  }

  async upload(file) {
    if (!KINDS.includes(file.type)) {
      this.#say("That is no picture: choose a PNG, JPEG, WebP, GIF, BMP or TIFF.");
      return;
    }
    if (this.#mostMb && file.size > this.#mostMb * 2 ** 20) {
      this.#say(`That picture has more than ${this.#mostMb} MB; choose a smaller one.`);
      return;
    }
    this.#say("Looking at your picture…");
    const title = file.name.replace(/\.[^.]*$/, "").slice(0, 60);
    try {
      const answer = await fetch(`/api/styles?title=${encodeURIComponent(title)}`, { method: "POST", body: file });
      const made = await answer.json();
      if (!answer.ok) throw new Error(typeof made.detail === "string" ? made.detail : "it was not taken");
      this.#version = -1;
      await this.refresh(0);
      this.#choose(made.name);
    } catch (error) {
      this.#say(`Your picture: ${error.message}`);
    }
  }

  #card({ name, title, painted_by: by, uploaded }) {
    const card = document.createElement("label");
    card.className = "card";
    card.title = [title, by].filter(Boolean).join(", ");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: name });
    radio.addEventListener("change", () => this.#choose(name));
    const picture = document.createElement("span");
    picture.className = "picture";
    const image = Object.assign(document.createElement("img"), { alt: "", loading: "lazy", width: 320, height: 180 });
    image.src = `/api/styles/${encodeURIComponent(name)}/thumbnail.jpg`;
    image.addEventListener("error", () => image.remove());
    picture.append(image);
    const words = (kind, text) => Object.assign(document.createElement("span"), { className: kind, textContent: text });
    card.append(radio, picture, words("name", title), words("by", by || (uploaded ? "added here" : "")));
    return card;
  }

  #bringIntoView(card) {
    const { left, right } = card.getBoundingClientRect();
    const room = this.#place.getBoundingClientRect();
    if (left < room.left || right > room.right) this.#place.scrollLeft += left - room.left - 40;
  }

  #takeDrops() {
    let inside = 0;
    const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    addEventListener("dragenter", (event) => {
      if (hasFile(event) && !this.#add.hidden && ++inside) this.#drop.hidden = false;
    });
    addEventListener("dragleave", () => { this.#drop.hidden = (inside = Math.max(0, inside - 1)) === 0; });
    addEventListener("dragover", (event) => { if (hasFile(event)) event.preventDefault(); });
    addEventListener("drop", (event) => {
      event.preventDefault();
      inside = 0;
      this.#drop.hidden = true;
      if (event.dataTransfer.files.length && !this.#add.hidden) this.upload(event.dataTransfer.files[0]);
    });
  }
}
