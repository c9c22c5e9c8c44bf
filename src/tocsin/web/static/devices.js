// Asks the browser for a push subscription, and sends it with the form. Without script the page says what it lacks.
"use strict";

const form = document.getElementById("register");

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function lacks() {
  if (!window.isSecureContext) return "A browser takes notifications only from an address with https.";
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return "This browser cannot be notified. On an iPhone, add this page to the Home Screen first.";
  if (Notification.permission === "denied") return "Notifications are blocked for this site: allow them in the browser's settings, then open this page again.";
  return "";
}

async function subscription() {
  if (await Notification.requestPermission() !== "granted") throw new Error("Notifications were not allowed.");
  await navigator.serviceWorker.register("/worker.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const old = await pushManager.getSubscription();
  if (old) await old.unsubscribe(); // it may have been made with another key
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.key) });
}

if (form) {
  const state = document.getElementById("device-state"), button = document.getElementById("register-button");
  const name = document.getElementById("device-name");
  state.textContent = lacks();
  button.disabled = state.textContent !== "";
  name.value = name.value || (navigator.userAgentData?.platform ?? navigator.platform ?? "");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      document.getElementById("device").value = JSON.stringify(await subscription());
      form.submit();
    } catch (error) {
      state.textContent = `It did not work: ${error.message}`;
      button.disabled = false;
    }
  });
}
