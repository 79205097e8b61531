// Light or dark: what the system prefers, until the switch says otherwise.

function setUpTheme(button, changed) {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { button.textContent = isDark() ? "☀ Light" : "☾ Dark"; };
  const toggle = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
    changed();
  };
  button.addEventListener("click", toggle);
  system.addEventListener("change", () => { label(); changed(); });
  label();
  return toggle;
}
