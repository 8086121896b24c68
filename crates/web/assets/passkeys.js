// Passkeys: a form with data-passkey asks this site for a challenge, the browser for an answer to it, and is then sent
// like any other form. Where there are no passkeys the forms stay hidden.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const octets = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const text = (buffer) => {
    if (!buffer) return undefined;
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  const listed = (list) => (list ?? []).map((one) => ({ ...one, id: octets(one.id) }));

  const answered = (key) => ({
    id: key.id,
    rawId: text(key.rawId),
    type: key.type,
    extensions: {},
    response: {
      clientDataJSON: text(key.response.clientDataJSON),
      attestationObject: text(key.response.attestationObject),
      authenticatorData: text(key.response.authenticatorData),
      signature: text(key.response.signature),
      userHandle: text(key.response.userHandle),
    },
  });

  const answer = async (kind, { publicKey }) => {
    publicKey.challenge = octets(publicKey.challenge);
    if (kind === "create") {
      publicKey.user.id = octets(publicKey.user.id);
      publicKey.excludeCredentials = listed(publicKey.excludeCredentials);
      return navigator.credentials.create({ publicKey });
    }
    publicKey.allowCredentials = listed(publicKey.allowCredentials);
    return navigator.credentials.get({ publicKey });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const said = form.querySelector("[role=alert]");
    const button = form.querySelector("button");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!form.reportValidity()) return;
      button.disabled = true;
      said.hidden = true;
      try {
        const body = new URLSearchParams({ _csrf: form.elements._csrf.value });
        const asked = await fetch(form.dataset.ask, { method: "POST", body, headers: { accept: "application/json" } });
        if (!asked.ok || asked.redirected) throw new Error(`status of ${asked.status}`);
        const { options, step } = await asked.json();
        const key = await answer(form.dataset.passkey, options);
        form.elements.step.value = step;
        form.elements.answer.value = JSON.stringify(answered(key));
        form.submit();
      } catch {
        said.hidden = false;
        button.disabled = false;
      }
    });
  }
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
})();
