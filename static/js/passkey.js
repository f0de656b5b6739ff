/* Forms with data-passkey: the browser makes (create) or uses (get) a passkey before they are sent. */

const options = JSON.parse(document.getElementById("passkey-options").textContent);

const ask = {
  create: () =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey),
    }),
  get: () =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey),
    }),
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[data-passkey-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const credential = await ask[form.dataset.passkey]();
      form.elements.namedItem("credential").value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      // The person has closed the browser's dialog, it took too long, or there is no such key.
      failed.hidden = false;
    }
  });
}
