// The frame's own behaviour: dialogs, menus, toasts, theme, shortcuts. Listens on the document,
// since Turbo exchanges the body.
import { CommandPalette } from "./elements/command-palette";
import { typing } from "./page";

const TOAST_MS = 8_000;
/** How long what was done can be taken back where it is told. */
const UNDO_MS = 20_000;
const UNDO = "[data-undo]";
/** What Ctrl+Enter sends, from whichever of its fields; not a field of the search in a dialog. */
const SENT = "main form[method=post]";

export function open(id: string): void {
  const target = document.getElementById(id);
  if (target instanceof HTMLDialogElement && !target.open) target.showModal();
  if (target instanceof CommandPalette) target.open();
}

document.addEventListener("click", (event) => {
  const target = event.target as Element;
  const opener = target.closest<HTMLElement>("[data-open]");
  if (opener) open(opener.dataset.open ?? "");
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details[data-menu][open]")) {
    if (!menu.contains(target) || opener) menu.open = false;
  }
  if (target instanceof HTMLDialogElement && target.matches(".dialog")) target.close();
  // A button of it first does what it says.
  if (!target.closest(".toast button")) target.closest(".toast")?.remove();
  if (target.closest("[data-print]")) print();
  const theme = target.closest<HTMLButtonElement>("[data-theme-choice]");
  if (theme) {
    event.preventDefault();
    choose(theme);
  }
});

/** Sets the theme at once and remembers it in the cookie that the server reads. */
function choose(button: HTMLButtonElement): void {
  document.documentElement.dataset.theme = button.value;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is absent without TLS.
  document.cookie = `theme=${button.value}; Path=/; Max-Age=31536000; SameSite=Lax`;
  for (const other of document.querySelectorAll("[data-theme-choice]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector<HTMLDetailsElement>("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  }
  const field = event.target;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = typing(field) && (field as Element).closest("dialog, form");
    if (form instanceof HTMLFormElement && form.matches(SENT)) {
      event.preventDefault();
      // As by its first button, which may say which step it is.
      form.querySelector<HTMLButtonElement>("button:not([type=button])")?.click();
    }
  }
  const undo = [...document.querySelectorAll<HTMLElement>(`.toast ${UNDO}`)].at(-1);
  if (undo && event.key === "z" && (event.ctrlKey || event.metaKey) && !typing(field)) {
    event.preventDefault();
    undo.click();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(field)) return;
  if (document.querySelector("dialog[open]")) return;
  const focus = (selector: string) => {
    const field = document.querySelector<HTMLElement>(selector);
    if (!field) return;
    event.preventDefault();
    field.focus();
  };
  if (event.key === "?") open("shortcuts");
  if (event.key === "/") focus("[data-search], main [role=search] input, main input[type=search]");
  if (event.key === "n") document.querySelector<HTMLElement>("[data-new]")?.click();
  if (event.key === "r") focus("[data-reply] textarea, textarea[data-reply]");
});

document.addEventListener("turbo:submit-end", ({ target }) => {
  (target as Element).closest(".toast")?.remove();
});

// Toasts leave by themselves unless somebody is reading them. Turbo would take them away whenever
// it keeps a page: they are left out where a kept page is shown again.
function leave(toast: HTMLElement): void {
  toast.dataset.told = "";
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) leave(toast);
    else toast.remove();
  }, toast.querySelector(UNDO) ? UNDO_MS : TOAST_MS);
}

document.addEventListener("turbo:before-render", (event) => {
  const { newBody } = (event as CustomEvent<{ newBody: HTMLElement }>).detail;
  for (const told of newBody.querySelectorAll(".toast[data-told]")) told.remove();
});

const watcher = new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (node instanceof HTMLElement && node.matches(".toast")) leave(node);
    }
  }
});

const focused = new WeakSet<Element>();

function settle(): void {
  const toasts = document.getElementById("toasts");
  if (toasts) {
    for (const toast of toasts.querySelectorAll<HTMLElement>(".toast")) leave(toast);
    watcher.observe(toasts, { childList: true });
  }
  // Once: a page that refreshes itself takes nobody away from where they are.
  const told = document.querySelector<HTMLElement>("[data-focus]");
  if (told && !focused.has(told)) told.focus();
  if (told) focused.add(told);
}

document.addEventListener("turbo:load", settle);
document.addEventListener("turbo:render", settle);
