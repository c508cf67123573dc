// The citizen's island: keeps a page live, keeps what was typed, proves work. Everything here is
// a comfort; without it every page and form works all the same.

const all = (selector: string) => document.querySelectorAll<HTMLElement>(selector);

// Live parts: on a word of the stream the page is fetched again and its parts exchanged.
const live = [...all("[data-live]")];
if (live[0]) {
  const refresh = async () => {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live) {
      const fresh = page.getElementById(part.id);
      // What one is writing stays.
      const typed = [...part.querySelectorAll("textarea")].some((f) => f.value !== f.defaultValue);
      if (fresh && !typed && !part.contains(document.activeElement)) {
        part.innerHTML = fresh.innerHTML;
      }
    }
  };
  const stream = new EventSource(live[0].dataset.live!);
  let lost = false;
  stream.onmessage = refresh;
  stream.addEventListener("gap", refresh);
  stream.onerror = () => {
    lost = true;
  };
  stream.onopen = () => {
    if (lost) refresh();
    lost = false;
  };
}

// Drafts: text stays in this tab until the report is in.
const fields = (form: HTMLElement) =>
  form.querySelectorAll<HTMLInputElement>(
    "textarea[name],select[name],input[name]:not([type=hidden],[type=file],[type=password])",
  );
for (const mark of all("[data-draft-clear]")) sessionStorage.removeItem(mark.dataset.draftClear!);
for (const form of all("form[data-draft]")) {
  const key = form.dataset.draft!;
  const kept: Record<string, string[]> = JSON.parse(sessionStorage.getItem(key) || "{}");
  // What the server sends back from a refused form is newer than the draft.
  if (!form.querySelector("[aria-invalid]")) {
    for (const field of fields(form)) {
      const values = kept[field.name];
      if (!values) continue;
      if (field.type === "radio" || field.type === "checkbox") {
        field.checked = values.includes(field.value);
      } else if (!field.value) field.value = values[0]!;
    }
  }
  form.addEventListener("input", () => {
    const now: Record<string, string[]> = {};
    for (const field of fields(form)) {
      now[field.name] ??= [];
      if ((field.type !== "radio" && field.type !== "checkbox") || field.checked) {
        now[field.name]!.push(field.value);
      }
    }
    sessionStorage.setItem(key, JSON.stringify(now));
  });
}

// Proof of work: begins when the form is touched; sending waits for it, but not for ever.
for (const form of all("form[data-pow]") as NodeListOf<HTMLFormElement>) {
  let work: Promise<void> | undefined;
  const prove = async () => {
    const task = await (await fetch(form.dataset.pow!)).json();
    await new Promise<void>((done) => {
      const worker = new Worker(form.dataset.powWorker!);
      worker.onerror = () => done();
      worker.onmessage = ({ data: number }) => {
        const { algorithm, challenge, salt, signature } = task;
        const proof = JSON.stringify({ algorithm, challenge, number, salt, signature });
        const field = form.elements.namedItem("altcha") as HTMLInputElement | null;
        if (field && number >= 0) field.value = btoa(proof);
        worker.terminate();
        done();
      };
      worker.postMessage(task);
      setTimeout(done, 15e3);
    });
  };
  let done = false;
  const start = () => {
    work ??= prove()
      .catch(() => {})
      .then(() => {
        done = true;
      });
    return work;
  };
  form.addEventListener("focusin", start, { once: true });
  form.addEventListener("submit", (event) => {
    // A form that is being submitted takes no second order, so what is done goes straight on.
    if (done) return;
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    const button = event.submitter;
    start().then(() => form.requestSubmit(button));
  });
}

// The region picker: suggestions under the field in place of the search that needs a new page.
const picker = document.querySelector<HTMLElement>("[data-regions]");
if (picker) {
  const make = (tag: string, settings: object) =>
    Object.assign(document.createElement(tag), settings);
  const input = picker.querySelector("input")!;
  const list = make("ul", { id: "wilayah", className: "options", hidden: true });
  const told = make("p", { className: "picked" });
  const code = make("input", { type: "hidden", name: "region" }) as HTMLInputElement;
  const set = (name: string, value: string) => input.setAttribute(name, value);
  const options = () => [...list.querySelectorAll<HTMLElement>("[data-code]")];
  let active: HTMLElement | undefined;
  let asked = 0;

  const show = (open: boolean) => {
    list.hidden = !open;
    set("aria-expanded", `${open}`);
    mark();
  };
  const mark = (option?: HTMLElement) => {
    active?.setAttribute("aria-selected", "false");
    active = option;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) set("aria-activedescendant", active.id);
    else input.removeAttribute("aria-activedescendant");
  };
  const choose = (value: string, whole: string) => {
    code.value = value;
    told.textContent = value && `${picker.dataset.told}: ${whole}`;
    // What the search without scripts offered is settled.
    picker.querySelector("fieldset")?.parentElement!.remove();
  };
  const take = (option: HTMLElement) => {
    input.value = option.dataset.whole!;
    choose(option.dataset.code!, input.value);
    show(false);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  for (const [name, value] of Object.entries({
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-controls": list.id,
  })) {
    set(name, value);
  }
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", picker.dataset.told!);
  told.setAttribute("role", "status");
  input.after(list);
  picker.append(told, code);
  picker.querySelector("button")!.hidden = true;
  show(false);
  const kept = picker.querySelector<HTMLInputElement>("[type=radio]:checked");
  if (kept) {
    input.value = kept.parentElement!.textContent!.trim();
    choose(kept.value, input.value);
  }

  input.addEventListener("input", async ({ isTrusted }) => {
    if (!isTrusted) return;
    choose("", "");
    const mine = ++asked;
    await new Promise((later) => setTimeout(later, 150));
    if (mine !== asked) return;
    const answer = await fetch(`${picker.dataset.regions}?q=${encodeURIComponent(input.value)}`);
    const found = answer.ok ? await answer.text() : "";
    if (mine !== asked) return;
    list.innerHTML = found;
    show(!!found && document.activeElement === input);
  });
  input.addEventListener("keydown", (event) => {
    const all = options();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (list.hidden) return;
    if (step && all[0]) {
      const at = active ? all.indexOf(active) + step : step > 0 ? 0 : -1;
      mark(all.at(at % all.length));
    } else if (event.key === "Enter" && active) take(active);
    else if (event.key === "Escape") show(false);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => show(false));
  // The finger that chooses must not take the focus first.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const option = (target as HTMLElement).closest<HTMLElement>("[data-code]");
    if (option) take(option);
  });
}

for (const button of all("[data-print],[data-copy]")) {
  button.hidden = false;
  button.onclick = () => {
    const { copy, done } = button.dataset;
    if (copy == null) print();
    else
      navigator.clipboard.writeText(copy).then(() => {
        if (done) button.textContent = done;
      });
  };
}
document.querySelector<HTMLElement>("[data-focus]")?.focus();
