// Before anything is drawn: light or dark, as it was chosen here or as the system has it.
"use strict";
(() => {
  const asked = new URLSearchParams(location.search).get("theme");
  let kept = null;
  try { kept = localStorage.getItem("livebrush-theme"); } catch { /* not allowed to keep anything */ }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const theme = asked || kept || (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme === "dark" ? "dark" : "light";
    const colour = theme === "dark" ? "#141210" : "#f6f3ee";
    document.querySelector("meta[name=theme-color]").content = colour;
  };
  show();
  system.addEventListener("change", show);
})();
