// What can be done besides writing: leave an address, ask for a transcript, rate, leave a message.
import { random } from "./kept";
import { field, h, sends } from "./page";
import type { Unsent } from "./queue";
import type { Wire } from "./wire";

/** What the forms need of the chat. */
export interface Desk {
  wire: Wire;
  t: (key: string, values?: Record<string, string | number>) => string;
  prove: () => Promise<string> | undefined;
}

const values = (form: HTMLFormElement) =>
  Object.fromEntries(new FormData(form)) as Record<string, string>;
const reason = (error: unknown, t: Desk["t"]) =>
  (error as { text?: string }).text || t("offline-short");

function ask({ wire, t }: Desk, act: string, done: string, ...fields: HTMLElement[]) {
  const told = h("p", { role: "status", class: "hint" });
  const form = h("form", { class: "aside" }, ...fields, h("button", { type: "button", "data-send": true, class: "button" }, t("send")), told);
  return sends(form, async () => {
    try {
      await wire.post(act, values(form));
      form.replaceChildren(told);
      told.textContent = t(done);
    } catch (error) {
      told.textContent = reason(error, t);
    }
  });
}

/** Asks for a mail address. */
export function mailForm(desk: Desk, act: string, done: string, id: string) {
  const settings = { type: "email", name: "email", required: true, autocomplete: "email" };
  return ask(desk, act, done, field(id, desk.t("email"), settings)[0]);
}

const choice = (name: string, value: string | number, label: string, settings: object = {}) =>
  h("label", { class: "rate" }, h("input", { type: "radio", name, value, ...settings }), label);

/** One to five, and why. */
export function rateForm(desk: Desk) {
  const { t } = desk;
  const five = [5, 4, 3, 2, 1].map((n) => choice("rating", n, t(`rate-${n}`), { required: true }));
  const comment = h("textarea", { id: "chat-comment", name: "comment", rows: 2, maxlength: 2000 });
  return ask(
    desk,
    "nilai",
    "rated",
    h("fieldset", {}, h("legend", {}, t("rate")), ...five),
    h("div", { class: "field" }, h("label", { for: "chat-comment" }, t("comment")), comment),
  );
}

/** A message for when somebody is there again; what was written already stands in it. */
export function leaveForm({ wire, t, prove }: Desk, entry?: Unsent) {
  const key = random(12);
  const told = h("p", { role: "status", class: "hint" });
  const text = h("textarea", { id: "chat-leave", name: "text", rows: 4, maxlength: 4000, required: true }, entry?.text);
  const line = (name: string, settings: object) =>
    field(`chat-leave-${name}`, t(name), { name, value: entry?.who[name], ...settings })[0];
  const form = h(
    "form",
    { class: "aside" },
    h("h3", {}, t("leave")),
    h(
      "fieldset",
      {},
      h("legend", {}, t("kind")),
      choice("kind", "information_request", t("kind-question"), { checked: true }),
      choice("kind", "complaint", t("kind-complaint")),
    ),
    h("div", { class: "field" }, h("label", { for: "chat-leave" }, t("text")), text),
    line("name", { autocomplete: "name" }),
    line("email", { type: "email", autocomplete: "email" }),
    line("phone", { type: "tel", autocomplete: "tel" }),
    h("button", { type: "button", "data-send": true, class: "button" }, t("send")),
    told,
  );
  form.addEventListener("focusin", () => void prove(), { once: true });
  return sends(form, async () => {
    told.textContent = t("sending");
    try {
      const altcha = (await prove()) ?? "";
      const { code, pin, link } = await wire.post("titip", { ...values(form), key, altcha });
      const fact = (label: string, value: string) =>
        h("div", {}, h("dt", {}, label), h("dd", { class: "code" }, value));
      const done = h("p", { role: "status", tabindex: -1 }, t("left"));
      form.replaceChildren(
        done,
        h("dl", {}, fact(t("code"), code), fact(t("pin"), pin)),
        h("p", {}, h("a", { href: link, target: "_blank", rel: "noopener" }, t("track"))),
      );
      done.focus();
    } catch (error) {
      told.textContent = reason(error, t);
    }
  });
}
