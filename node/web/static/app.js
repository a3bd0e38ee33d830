// Niceties only: every page works without this file.
"use strict";

const PREFIX = "leerkring-draft:";
const PENDING = "leerkring-sent";
const member = document.body.dataset.member || "";
const keyOf = (form) => `${PREFIX}${member}:${form.dataset.draft}`;
const draftFields = (form) =>
  [...form.elements].filter((field) => field.name && field.matches("textarea, input[type=text]"));

function readJson(store, key, otherwise) {
  try {
    return JSON.parse(store.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(store, key, value) {
  try {
    store.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden store only means that nothing is kept.
  }
}

// A draft goes once the page after sending is a normal one; after an error it stays.
function settleSent() {
  const sent = readJson(sessionStorage, PENDING, null);
  if (!sent) return;
  sessionStorage.removeItem(PENDING);
  if (Number(document.body.dataset.status) < 400) localStorage.removeItem(sent);
}

// What was typed comes back where it can be seen.
function putBack(field, text) {
  field.value = text;
  for (let part = text && field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
}

function keepDraft(form) {
  const key = keyOf(form);
  const kept = readJson(localStorage, key, {});
  for (const field of draftFields(form)) if (field.name in kept) putBack(field, kept[field.name]);
  form.addEventListener("input", () => {
    write(localStorage, key, Object.fromEntries(draftFields(form).map((field) => [field.name, field.value])));
  });
  form.addEventListener("submit", () => write(sessionStorage, PENDING, key));
  form.querySelector("[data-drop]")?.addEventListener("click", () => localStorage.removeItem(key));
}

function countCharacters(field) {
  const shown = document.getElementById(field.dataset.count);
  const show = () => (shown.textContent = `${[...field.value].length} / ${field.maxLength}`);
  field.addEventListener("input", show);
  show();
}

function nameFiles(field) {
  const shown = document.getElementById(field.dataset.files);
  const size = (file) => `${file.name} (${(file.size / 1048576).toFixed(1)} MB)`;
  field.addEventListener("change", () => (shown.textContent = [...field.files].map(size).join(", ")));
}

function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.getAttribute("aria-busy") === "true") event.preventDefault();
    form.setAttribute("aria-busy", "true");
  });
}

function forgetDrafts() {
  Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => localStorage.removeItem(key));
}

settleSent();
document.querySelectorAll("form[data-draft]").forEach(keepDraft);
document.querySelectorAll("[data-count]").forEach(countCharacters);
document.querySelectorAll("[data-files]").forEach(nameFiles);
document.querySelectorAll("form[data-once]").forEach(sendOnce);
document.querySelectorAll("form[data-forget]").forEach((form) => form.addEventListener("submit", forgetDrafts));
window.addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach((form) => form.removeAttribute("aria-busy")));
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
});
// A part that was refused (mostly: the log-in has ended) is asked again as a whole page, which says why.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.requestConfig.verb !== "get") location.reload();
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
