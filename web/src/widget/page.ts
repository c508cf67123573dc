// Making elements.

export type Child = Node | string | false | null | undefined;

/** An element; `on…` are listeners, everything else attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

const DRAWINGS = {
  send: "M3 11 21 3l-6 18-4-7z M11 14l4-5",
  attach: "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4L14 7.6",
  emoji: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z M9 9.5v.5 M15 9.5v.5 M8 14a4.5 4.5 0 0 0 8 0",
  close: "M5 5l14 14 M19 5 5 19",
  more: "M12 5v.5 M12 12v.5 M12 19v.5",
};

export function icon(name: keyof typeof DRAWINGS): Element {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", DRAWINGS[name]);
  drawing.append(path);
  return drawing;
}

/** A field with its label. */
export function field(
  id: string,
  label: string,
  settings: Record<string, unknown>,
): [HTMLElement, HTMLInputElement] {
  const input = h("input", { id, class: "input", maxlength: 200, ...settings });
  return [h("div", { class: "field" }, h("label", { for: id }, label), input), input];
}

/** A form whose button `data-send` sends it, or Enter in a line: a sandbox may forbid submitting. */
export function sends(form: HTMLFormElement, run: () => void) {
  const go = () => {
    if (form.reportValidity()) run();
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", ({ target }) => {
    if ((target as Element).closest("[data-send]")) go();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    go();
  });
  return form;
}

const EMOJI =
  "😀 😊 🙂 😉 😍 🤔 😐 😕 😟 😢 😭 😡 😱 🙏 👍 👎 👏 🙌 👋 🤝 💪 ❤️ ✅ ❌ ❓ ❗ ⏰ 📷 📄 📍 📞 ✉️ 🏠 🏥 🏫 🚗 💧 🔥 💡 🗑️".split(" ");
const COLUMNS = 8;

/** Emoji to choose from: one tab stop, arrows move, Escape goes back. */
export function emoji(label: string, take: (sign: string) => void, leave: () => void) {
  const buttons = EMOJI.map((sign, at) =>
    h("button", { type: "button", tabindex: at ? -1 : 0, "aria-label": sign, onclick: () => take(sign) }, sign),
  );
  const grid = h("div", { class: "emoji", role: "group", "aria-label": label }, ...buttons);
  grid.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS } as Record<string, number>;
    const step = steps[event.key];
    if (event.key === "Escape") leave();
    else if (step === undefined) return;
    else {
      const next = buttons[(at + step + buttons.length) % buttons.length]!;
      buttons[at]!.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return grid;
}
