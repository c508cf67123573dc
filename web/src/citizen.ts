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

// Lists that depend on another: provinces, regencies, districts, villages.
for (const from of all("[data-fill]") as NodeListOf<HTMLSelectElement>) {
  from.onchange = async () => {
    const to = document.querySelector<HTMLSelectElement>(from.dataset.fill!)!;
    to.innerHTML = await (
      await fetch(from.dataset.fillUrl! + encodeURIComponent(from.value))
    ).text();
    to.dispatchEvent(new Event("change"));
  };
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
