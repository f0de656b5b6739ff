/* Applies the theme, the density and the switch for shortcuts at once. Their forms save them, and the server renders them from
   then on, so that no page flashes. */

document.addEventListener("change", ({ target }) => {
  if (target.closest?.("#look")) document.documentElement.dataset[target.name] = target.value;
  if (target.name !== "keys_enabled") return;
  document.body.dataset.keys = target.checked ? "on" : "off";
  /* static/js/keys.js adds them again. The command palette's stays: its key works with the switch off too */
  for (const element of document.querySelectorAll("[aria-keyshortcuts]:not([data-opens])")) element.removeAttribute("aria-keyshortcuts");
});
