// The portal can be installed; its worker keeps one page for times without a connection. Whoever leaves the page first, or
// signs out, ends the registration: the next time home is opened it is tried again.
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js").catch(() => {});
