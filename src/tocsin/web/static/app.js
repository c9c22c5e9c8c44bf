// What the pages do beyond being pages: clocks that tick, parts that refresh, keys. Everything works without it.
"use strict";

const pad = (n) => String(n).padStart(2, "0");

function short(seconds) {
  const s = Math.max(Math.floor(seconds), 0);
  const days = Math.floor(s / 86400), hours = Math.floor((s % 86400) / 3600), minutes = Math.floor((s % 3600) / 60);
  if (days) return `${days}d ${pad(hours)}:${pad(minutes)}`;
  return hours ? `${hours}:${pad(minutes)}:${pad(s % 60)}` : `${minutes}:${pad(s % 60)}`;
}

// In a drill the server's clock may run faster than ours: it says how it stood when the page was made, and its pace.
const loaded = Date.now(), begun = Date.parse(document.documentElement.dataset.now);
const pace = Number(document.documentElement.dataset.pace);

function tick() {
  const now = pace ? begun + (Date.now() - loaded) * pace : Date.now();
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = short((now - Date.parse(element.dataset.since)) / 1000);
  }
  for (const element of document.querySelectorAll("[data-until]")) {
    const left = (Date.parse(element.dataset.until) - now) / 1000;
    element.textContent = left > 0 ? short(left) : "now";
    element.classList.toggle("soon", left > 0 && left < 180);
    element.classList.toggle("over", left <= 0);
  }
}

// How an element is found again once its part of the page was fetched anew.
function place(element) {
  for (const name of ["id", "data-key", "aria-describedby", "aria-label", "href"]) {
    const value = element.getAttribute(name);
    if (value) return `${element.localName}[${name}="${CSS.escape(value)}"]`;
  }
  return null;
}

function swap(target, html) {
  if (target.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return;
  const opened = [...target.querySelectorAll("details[open]")].map((details) => details.id);
  const focused = target.contains(document.activeElement) ? place(document.activeElement) : null;
  target.replaceChildren(html);
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused) target.querySelector(focused)?.focus();
}

async function refresh(live) {
  const mine = live.asked = (live.asked || 0) + 1; // as below
  const address = new URL(live.dataset.live, location.href);
  if (live.id === "live") new URLSearchParams(location.search).forEach((value, name) => address.searchParams.set(name, value));
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.redirected || answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== live.asked) return;
  const parts = fresh.querySelectorAll("template[data-part]");
  if (!parts.length) swap(live, fragment(fresh.body));
  for (const part of parts) {
    const target = document.getElementById(part.dataset.part);
    if (target) swap(target, document.importNode(part.content, true));
  }
  tick();
}

function fragment(body) {
  const made = document.createDocumentFragment();
  made.append(...body.childNodes);
  return made;
}

let asked = 0; // an answer that comes after a newer question is old

async function banners() {
  const mine = ++asked;
  const answer = await fetch("/banners", { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = fragment(new DOMParser().parseFromString(await answer.text(), "text/html").body);
  const place = document.getElementById("banners");
  if (mine === asked && fresh.textContent.trim() !== place.textContent.trim()) place.replaceChildren(fresh);
}

function listen(live) {
  const offline = document.getElementById("offline");
  let lost = 0;
  const source = new EventSource(live.dataset.stream);
  // The first event too: what changed after the page was written and before its stream was open is in no later one.
  source.addEventListener("change", () => { refresh(live).catch(() => {}); banners().catch(() => {}); });
  source.onopen = () => { clearTimeout(lost); if (!offline.hidden) { offline.hidden = true; refresh(live).catch(() => {}); } };
  source.onerror = () => { clearTimeout(lost); lost = setTimeout(() => { offline.hidden = false; }, 3000); };
}

function keys(event) {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const help = document.getElementById("help");
  const does = {
    a: () => document.querySelector('[data-key="a"]')?.focus(),
    u: () => document.getElementById("summary")?.focus(),
    "/": () => document.querySelector("#filter select")?.focus(),
    "?": () => help?.showModal(),
  }[event.key];
  if (does) { event.preventDefault(); does(); }
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`tz=${zone}`)) {
  document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
}
tick();
setInterval(tick, 1000);
document.addEventListener("keydown", keys);
const more = document.querySelector(".more");
if (more) {
  document.addEventListener("click", (event) => { if (!more.contains(event.target)) more.open = false; });
  more.addEventListener("keydown", (event) => { if (event.key === "Escape") { more.open = false; more.querySelector("summary").focus(); } });
}
for (const live of document.querySelectorAll("[data-stream]")) listen(live);
// The editor of a document: a finding leads to its line, and what was typed is not left by accident.
const typed = document.getElementById("text");
for (const link of document.querySelectorAll("[data-line]")) {
  link.addEventListener("click", (event) => {
    const lines = typed.value.split("\n"), line = Number(link.dataset.line) - 1;
    const start = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
    event.preventDefault();
    typed.focus();
    typed.setSelectionRange(start, start + (lines[line] || "").length);
    typed.scrollTop = Math.max(line - 3, 0) * parseFloat(getComputedStyle(typed).lineHeight);
    typed.scrollIntoView({ block: "nearest" });
  });
}
if (document.getElementById("editor")) {
  let sent = false;
  document.getElementById("editor").addEventListener("submit", () => { sent = true; });
  addEventListener("beforeunload", (event) => { if (!sent && typed.value !== typed.defaultValue) event.preventDefault(); });
}
