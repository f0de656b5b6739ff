/* Shows the theme and the density that the person chooses at once. The form saves them, and the server renders them from then on,
   so that no page flashes. */

document.addEventListener("change", (event) => {
  const { name, value } = event.target;
  if (event.target.closest?.("#look")) document.documentElement.dataset[name] = value;
});
