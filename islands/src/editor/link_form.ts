import type { Editor } from "@tiptap/core";
import { element, newId } from "../dom";
import { caretOf } from "../field";
import { type Variable, variableMenu, written } from "../variables";
import { mayLead, meant } from "./link";

const RIGHT = "A link begins with https://, http:// or mailto:, or is one variable.";

/** A line below the toolbar that asks where a link leads. */
export class LinkForm {
  readonly box: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #wrong = element("span", { class: "error", role: "alert" });
  readonly #remove: HTMLButtonElement;

  constructor(
    readonly editor: Editor,
    variables: Variable[],
  ) {
    const id = newId("link");
    this.#wrong.id = `${id}-wrong`;
    const about = {
      id,
      type: "text",
      inputmode: "url",
      autocomplete: "off",
      "aria-describedby": this.#wrong.id,
    };
    this.#input = element("input", about);
    this.#remove = action("Remove link", () => this.#apply(""));
    const insert = caretOf(this.#input);
    const menu = variableMenu(
      action("Variable", () => {}),
      variables,
      (name) => insert(written(name)),
    );
    const deeds = [
      action("Set link", () => this.#apply(this.#input.value)),
      this.#remove,
      action("Cancel", () => this.#leave()),
    ];
    const asks = element("label", { for: id }, "Link to");
    this.box = element("div", { class: "link-form" }, asks, this.#input, menu.box, ...deeds, this.#wrong);
    this.box.hidden = true;
    this.box.addEventListener("keydown", (event) => this.#onKey(event));
  }

  open(): void {
    this.box.hidden = false;
    this.#wrong.textContent = "";
    this.#input.removeAttribute("aria-invalid");
    this.#input.value = this.editor.getAttributes("link").href ?? "";
    this.#remove.hidden = !this.editor.isActive("link");
    this.#input.focus();
    this.#input.select();
  }

  close(): void {
    this.box.hidden = true;
  }

  #leave(): void {
    this.close();
    this.editor.view.focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#leave();
    else if (event.key === "Enter" && event.target === this.#input) this.#apply(this.#input.value);
    else return;
    event.preventDefault(); // Enter in a field would send the form
  }

  #apply(typed: string): void {
    const href = meant(typed);
    if (href && !mayLead(href)) {
      this.#wrong.textContent = RIGHT;
      this.#input.ariaInvalid = "true";
      this.#input.focus();
      return;
    }
    this.#set(href);
    this.#leave();
  }

  #set(href: string): void {
    const chain = this.editor.chain().focus().extendMarkRange("link");
    if (!href) chain.unsetMark("link").run();
    else if (this.editor.state.selection.empty && !this.editor.isActive("link")) {
      chain.insertContent({ type: "text", text: href, marks: [{ type: "link", attrs: { href } }] }).run();
    } else chain.setMark("link", { href }).run();
  }
}

function action(label: string, deed: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: "quiet small" }, label);
  button.addEventListener("click", deed);
  return button;
}
