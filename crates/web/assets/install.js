// The portal can be installed; its worker keeps one page for times without a connection.
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js");
