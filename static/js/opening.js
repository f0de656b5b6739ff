/* Loads what only a question needs, the first time that one opens beside or over a list. The question is shown once all of it
   is there, so that no answer form is without its guards. It waits in <template data-question-assets>, in its place among the
   style sheets and scripts. */

let loading = null;

/* Whether all of it could be loaded */
function load() {
  loading ??= Promise.all(
    [...document.querySelectorAll("template[data-question-assets]")].flatMap((template) => {
      const loaded = [...template.content.children].map((asset) => {
        /* Scripts run in their order */
        asset.async = false;
        return new Promise((resolve, reject) => {
          asset.addEventListener("load", resolve);
          asset.addEventListener("error", reject);
        });
      });
      template.replaceWith(template.content);
      return loaded;
    }),
  ).then(
    () => true,
    () => false,
  );
  return loading;
}

const isQuestion = ({ target, request }) => target?.id === "detail" || request.headers["HX-History-Restore-Request"];

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!isQuestion(ctx)) return;
  const loaded = load();
  const fetching = ctx.fetch;
  ctx.fetch = async (...request) => {
    const response = await fetching(...request);
    if (await loaded) return response;
    /* Browsers may not load a script again that has failed; a new page does */
    if (ctx.request.method === "GET") location.assign(ctx.request.action);
    else location.reload();
    return new Promise(() => {});
  };
});
