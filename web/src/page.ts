// What several elements need to know of the page.

/** The content of a `<meta>` of the frame. */
export function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
}

/** Whether keys that are typed now are text and not commands. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof Element && !!target.closest("input,textarea,select,[contenteditable]");
}

/** POSTs fields as a form, with the page's token. */
export function post(url: string, fields: Record<string, string>): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams({ csrf: meta("csrf"), ...fields }),
    keepalive: true,
  });
}

/** Makes the changes of Turbo Stream elements. Turbo's own way puts the focus back afterwards where
 * it was before, and so takes it from whoever moved on meanwhile. */
export function change(message: string): void {
  const template = document.createElement("template");
  template.innerHTML = message;
  document.documentElement.append(document.importNode(template.content, true));
}
