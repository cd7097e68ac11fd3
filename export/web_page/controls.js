// Style picker, split line, keys, and what is remembered until the next visit.

const PREFIX = 'livebrush-';

/** Remember a value; a browser that refuses forgets it. */
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // private windows
  }
}

/** What was remembered, a text, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Fill the picker: radio buttons, so that arrow keys and screen readers know what they are. */
export function fillStyles(fieldset, styles, onChoose) {
  for (const style of styles) {
    const label = document.createElement('label');
    const input = document.createElement('input');
    Object.assign(input, { type: 'radio', name: 'style', value: style.name });
    input.onchange = () => {
      label.scrollIntoView({ block: 'nearest', inline: 'center', behavior: 'smooth' });
      onChoose(style);
    };
    const picture = document.createElement('img');
    Object.assign(picture, { src: style.thumb, alt: '', width: 240, height: 160, loading: 'lazy' });
    const name = document.createElement('span');
    name.textContent = style.title;
    label.append(input, picture, name);
    fieldset.append(label);
  }
}

/** Let the line between picture and painting be drawn, by a finger, a mouse or arrow keys. */
export function listenToSplit(handle, frame, onMove) {
  const to = (event) => {
    const box = frame.getBoundingClientRect();
    onMove(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  };
  handle.onpointerdown = (event) => {
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = to;
  };
  handle.onpointerup = handle.onpointercancel = () => (handle.onpointermove = null);
  handle.onkeydown = (event) => {
    const by = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
    if (!by) return;
    event.preventDefault();
    onMove(Math.min(1, Math.max(0, Number(handle.getAttribute('aria-valuenow')) / 100 + by)));
  };
}

/** Call an action for its key, unless the key means something where the focus is. */
export function listenToKeys(actions) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]') && event.key.toLowerCase() !== 'h') return;
    if (event.key === ' ' && event.target.matches('button, input, select, a')) return;
    if (event.target.matches('select')) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
