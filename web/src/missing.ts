// A frame whose answer has no such frame: somebody was signed out meanwhile, or what was asked for
// is not there any more. Who did something is led on; what only refreshed itself stays as it is,
// so that nobody loses what they are writing. Anything else is told inside the frame.
import { visit } from "@hotwired/turbo";
import type { Frame } from "./reload";

type Missing = CustomEvent<{ response: Response; visit: (answer: Response) => void }>;

/** Whether somebody asked for what is being fetched. */
let asked = false;
for (const act of ["turbo:click", "turbo:submit-start"]) {
  document.addEventListener(act, () => {
    asked = true;
  });
}
for (const shown of ["turbo:frame-render", "turbo:load"]) {
  document.addEventListener(shown, ({ target }) => {
    // The bar's own part comes when it comes.
    if (!(target as Element).matches?.("#kehadiran")) asked = false;
  });
}

/** The page of sign-in, from where one comes back to what is shown. */
function signIn(frame: Element, url: string): URL | undefined {
  const place = new URL(url);
  if (place.pathname !== "/masuk") return undefined;
  // Only this frame is a page by itself.
  if (!frame.matches("[data-turbo-action]") || !place.searchParams.has("kembali")) {
    place.searchParams.set("kembali", location.pathname + location.search);
  }
  return place;
}

document.addEventListener("turbo:frame-missing", (event) => {
  const { response, visit: follow } = (event as Missing).detail;
  const frame = event.target as Frame;
  event.preventDefault();
  if (!response.redirected) {
    if (frame.matches(".pane-frame, .list-frame")) void tell(frame, response.clone());
    return;
  }
  if (!asked && !frame.querySelector(".list-wait")) return;
  const place = signIn(frame, response.url);
  if (place) visit(place.href);
  else follow(response);
});

/** Says that what was asked for is not there, what the server says, or that nothing came. */
async function tell(frame: Frame, answer: Response): Promise<void> {
  const told = document.querySelector<HTMLTemplateElement>("#bingkai-hilang");
  if (!told) return;
  const part = told.content.cloneNode(true) as DocumentFragment;
  const [gone, failed] = part.querySelectorAll<HTMLElement>(".notice");
  const isGone = answer.status === 403 || answer.status === 404;
  const notice = isGone ? gone! : failed!;
  (isGone ? failed! : gone!).remove();
  for (const again of notice.querySelectorAll("a")) again.href = frame.src ?? location.href;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const why = page.querySelector(".problem h1")?.textContent;
  if (why && !isGone) {
    const [head, help] = notice.querySelectorAll("p");
    head!.firstElementChild!.textContent = why;
    help!.textContent = page.querySelector(".problem h1 ~ p")?.textContent ?? "";
  }
  frame.replaceChildren(frame.matches(".list-frame") ? notice : part);
  if (asked) notice.focus();
  asked = false;
}
