// Single keys do what the buttons do; they can be turned off, for those whom they get in the way.

const TYPING = "input[type=text], input[type=color], select, textarea";

export function listen(actions) {
  const dialog = document.getElementById("keys");
  const wanted = document.getElementById("shortcuts");
  try { wanted.checked = localStorage.getItem("livebrush-keys") !== "off"; } catch { /* nothing is kept */ }
  wanted.addEventListener("change", () => {
    try { localStorage.setItem("livebrush-keys", wanted.checked ? "on" : "off"); } catch { /* nothing is kept */ }
  });
  const help = () => (dialog.open ? dialog.close() : dialog.showModal());
  document.getElementById("help").addEventListener("click", help);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  const all = { ...actions, h: help, "?": help };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !wanted.checked) return;
    if (event.target.matches(TYPING)) return;
    if (dialog.open && !"h?".includes(event.key)) return;
    // Space presses the button that has the focus.
    if (event.key === " " && event.target.matches("button, input, a, select")) return;
    const action = all[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action === undefined || (event.repeat && !"+-=_[]".includes(event.key))) return;
    event.preventDefault();
    action();
  });
}
