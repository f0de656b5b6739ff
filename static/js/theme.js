/* The choice of light, dark or the system's own: radio buttons named theme. It is a cookie, so that the server writes it
   into the page and nothing flashes. */

const YEAR_S = 365 * 24 * 60 * 60;

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("input[name=theme]")) return;
  const theme = event.target.value;
  const chosen = theme === "light" || theme === "dark";
  document.cookie = `theme=${theme}; path=/; samesite=lax; max-age=${chosen ? YEAR_S : 0}${location.protocol === "https:" ? "; secure" : ""}`;
  if (chosen) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
});

const choice = document.getElementById("theme");
if (choice) {
  choice.hidden = false;
  const now = document.documentElement.dataset.theme ?? "system";
  choice.querySelector(`input[value="${now}"]`).checked = true;
}
