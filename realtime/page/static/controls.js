// Everything that is set: what the viewer does goes to the server, what the server says is shown.

const SEND_MS = 70; // while a slider moves
const MINE_MS = 800; // what was just touched here is not moved by news from before

const percent = (value) => `${Math.round(value * 100)} %`;

export class Controls {
  #send;
  #waiting = {};
  #timer = 0;
  #listed = null;
  #touched = new Map();
  #sliders = ["strength", "detail", "mix"].map((id) => document.getElementById(id));
  #switches = ["original_colors", "swapped"].map((id) => document.getElementById(id));
  #lists = { background: document.getElementById("background"), mix_with: document.getElementById("mix-with") };
  #key = document.getElementById("key");
  state = null;
  onlyWatches = false;

  constructor(send) {
    this.#send = send;
    for (const slider of this.#sliders) {
      slider.addEventListener("input", () => {
        this.#showSlider(slider);
        this.change({ [slider.id]: Number(slider.value) });
      });
      this.#showSlider(slider);
    }
    for (const one of this.#switches) one.addEventListener("change", () => this.change({ [one.id]: one.checked }));
    for (const [name, list] of Object.entries(this.#lists)) {
      list.addEventListener("change", () => {
        const change = { [name]: list.value };
        // A second style that has no share would seem to do nothing.
        if (name === "mix_with" && list.value && this.state.painting.mix === 0) change.mix = 0.5;
        this.change(change);
      });
    }
    this.#key.addEventListener("input", () => this.change({ key: this.#key.value }));
    for (const radio of document.querySelectorAll("input[name=mask]")) {
      radio.addEventListener("change", () => {
        const change = { mask: radio.value };
        // The original behind the person shows at once what it is for.
        this.change(change);
      });
    }
  }

  // Tells the server, now or in a moment, and takes it for done until the server says otherwise.
  change(values) {
    if (this.state === null || this.onlyWatches) return;
    for (const name of Object.keys(values)) this.#touched.set(name, performance.now());
    Object.assign(this.#waiting, values);
    const { style, mix_with, mix, ...others } = values;
    const painting = Object.fromEntries(Object.entries({ style, mix_with, mix }).filter(([, value]) => value !== undefined));
    this.state = { ...this.state, ...others, painting: { ...this.state.painting, ...painting } };
    this.show(this.state);
    this.#timer ||= setTimeout(() => this.#flush(), SEND_MS);
  }

  // Shows what the server says, but for what was touched here a moment ago.
  show(state) {
    const before = this.state;
    this.state = structuredClone(state);
    const kept = (name) => before !== null && performance.now() - (this.#touched.get(name) ?? -Infinity) < MINE_MS;
    for (const name of Object.keys(state)) if (name !== "painting" && kept(name)) this.state[name] = before[name];
    for (const name of ["style", "mix_with", "mix"]) if (kept(name)) this.state.painting[name] = before.painting[name];
    const now = { ...this.state, ...this.state.painting };
    for (const slider of this.#sliders) {
      if (document.activeElement !== slider || !kept(slider.id)) slider.value = now[slider.id];
      this.#showSlider(slider);
    }
    for (const one of this.#switches) one.checked = now[one.id];
    for (const [name, list] of Object.entries(this.#lists)) list.value = now[name];
    document.getElementById("mix").disabled = !now.mix_with;
    if (document.activeElement !== this.#key) this.#key.value = now.key;
    document.querySelector(`input[name=mask][value=${now.mask}]`).checked = true;
    document.getElementById("mask-more").hidden = now.mask === "off";
    document.getElementById("key-row").hidden = now.mask !== "key";
  }

  // Lists the styles where one is chosen from a list.
  list(styles) {
    if (styles === this.#listed) return; // a list that is open must not be built anew
    this.#listed = styles;
    const fill = (list, fixed, some) => {
      const options = some.map(({ name, title }) => new Option(title, name));
      list.replaceChildren(...[...list.options].slice(0, fixed), ...options);
    };
    fill(this.#lists.mix_with, 1, styles.filter((style) => style.mixable));
    fill(this.#lists.background, 2, styles);
    if (this.state !== null) this.show(this.state);
  }

  #showSlider(slider) {
    slider.style.setProperty("--at", percent(slider.value).replace(" ", ""));
    document.getElementById(`${slider.id}-out`).value = percent(slider.value);
    slider.setAttribute("aria-valuetext", percent(slider.value));
  }

  #flush() {
    this.#timer = 0;
    const values = this.#waiting;
    this.#waiting = {};
    this.#send(values);
  }
}
