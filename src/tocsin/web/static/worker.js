// The service worker: shows a page as a notification, and answers it. It keeps nothing and caches nothing.
"use strict";

function show(said) {
  const actions = [{ action: "open", title: "Open" }];
  if (said.pass) actions.unshift({ action: "pass", title: "I can't take it" });
  if (said.acknowledge) actions.unshift({ action: "acknowledge", title: "Acknowledge" });
  return self.registration.showNotification(said.title, {
    body: said.body, tag: said.tag || "tocsin", renotify: true, requireInteraction: Boolean(said.urgent), silent: false,
    vibrate: said.urgent ? [400, 200, 400, 200, 800] : [200], icon: "/static/icon-192.png", badge: "/static/icon-192.png",
    data: said, actions: said.link || said.acknowledge ? actions : [],
  });
}

const DONE = {
  acknowledge: ["Acknowledged", "You have it. Open the incident to lead it."],
  pass: ["Passed on", "Whoever is next is paged now."],
};

async function press(said, what) {
  // The link is the credential: no session is needed, on a device that was asleep for weeks too.
  const answer = await fetch(said[what], { method: "POST" }).catch(() => null);
  if (!answer || !answer.ok) return self.clients.openWindow(said.acknowledge);
  const [title, body] = DONE[what];
  return self.registration.showNotification(`${title}: ${said.incident || said.title}`, {
    body, tag: said.tag, icon: "/static/icon-192.png", data: { ...said, acknowledge: "", pass: "" },
    actions: [{ action: "open", title: "Open" }],
  });
}

function clicked(said, action) {
  if (action in DONE && said[action]) return press(said, action);
  return self.clients.openWindow((action === "open" && said.link) || said.acknowledge || said.link || "/incidents");
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => {
  let said = {};
  try { said = event.data.json(); } catch { /* a push must show something, or the browser ends the registration */ }
  event.waitUntil(show({ title: "Tocsin", body: "Something came in that could not be read: open Tocsin.", ...said }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clicked(event.notification.data || {}, event.action));
});
