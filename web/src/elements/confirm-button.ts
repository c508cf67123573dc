// <confirm-button data-dialog="id">: asks with that dialog before the button inside sends its
// form. The dialog's button with the value "ya" goes on; anything else does nothing.

export class ConfirmButton extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const button = (event.target as Element).closest("button");
      const dialog = document.getElementById(this.dataset.dialog ?? "");
      if (!button || !(dialog instanceof HTMLDialogElement)) return;
      event.preventDefault();
      dialog.returnValue = "";
      dialog.addEventListener(
        "close",
        () => {
          if (dialog.returnValue === "ya") button.form?.requestSubmit(button);
        },
        { once: true },
      );
      dialog.showModal();
    });
  }
}
