// What a morphing refresh must leave alone: what somebody is writing, and what they have opened.
import { DraftBox } from "./elements/draft-box";
import { TimeLeft } from "./elements/time-left";
import { shownList } from "./list-place";
import { type Frame, name } from "./reload";

const touched = new WeakSet<Element>();

document.addEventListener("input", ({ target }) => {
  if (target instanceof Element) touched.add(target);
});

// Once the form is taken, its fields may be emptied again. A refused one comes back as another
// element, which holds what was typed.
let refused = "";
document.addEventListener("turbo:submit-end", (event) => {
  const { detail, target } = event as CustomEvent<{ success: boolean }>;
  if (!(target instanceof HTMLFormElement)) return;
  refused = detail.success ? "" : target.id;
  if (detail.success) for (const field of target.elements) touched.delete(field);
});
document.addEventListener("turbo:frame-render", () => {
  const form = refused && document.getElementById(refused);
  refused = "";
  if (!(form instanceof HTMLFormElement)) return;
  for (const field of form.elements) {
    if (!field.matches("[type=hidden], button")) touched.add(field);
  }
});

document.addEventListener("turbo:before-morph-element", (event) => {
  const target = event.target;
  if (!(target instanceof Element)) return;
  // What is told meanwhile stays until it leaves by itself.
  const { newElement } = (event as CustomEvent<{ newElement?: Element }>).detail;
  if (!newElement && target.matches(".toast")) {
    event.preventDefault();
    return;
  }
  // A list stays as it is shown while the page beside it is fetched again, whose own list would
  // come later, and perhaps be another.
  const src = newElement?.closest(".list-frame")?.getAttribute("src");
  if (src && target.matches(".list-frame")) {
    event.preventDefault();
    const frame = target as Frame;
    if (!frame.src) name(frame, shownList() ?? src);
    void frame.reload();
    return;
  }
  const writing =
    target instanceof DraftBox
      ? target.querySelector("textarea")
      : target.matches("input,select,textarea")
        ? target
        : null;
  if (writing && touched.has(writing)) event.preventDefault();
});

document.addEventListener("turbo:before-morph-attribute", (event) => {
  const { detail, target } = event as CustomEvent<{ attributeName: string }>;
  const opened = target instanceof HTMLDetailsElement || target instanceof HTMLDialogElement;
  if (opened && detail.attributeName === "open") event.preventDefault();
});

for (const shown of ["turbo:render", "turbo:morph", "turbo:frame-render"]) {
  document.addEventListener(shown, TimeLeft.tellAll);
}
