import { element, newId } from "../dom";
import { isPlaceholder } from "./entries";

/** An entry on the page, with a button that removes it, and below what is wrong with it. */
export class Token {
  readonly box: HTMLElement;
  readonly #button: HTMLButtonElement;
  #wrong: HTMLElement | null = null;

  constructor(
    readonly entry: string,
    remove: () => void,
  ) {
    this.#button = element("button", { type: "button", "aria-label": `Remove ${entry}` }, "×");
    this.#button.addEventListener("click", remove);
    const kind = isPlaceholder(entry) ? "token placeholder" : "token";
    this.box = element("li", { class: kind }, element("span", {}, entry), this.#button);
  }

  get isWrong(): boolean {
    return this.#wrong !== null;
  }

  get isSelected(): boolean {
    return this.box.classList.contains("selected");
  }

  set isSelected(isSelected: boolean) {
    this.box.classList.toggle("selected", isSelected);
  }

  /** Shows the entry as wrong; returns the sentence that says why, to be put below. */
  complain(sentence: string): HTMLElement {
    const says = sentence.includes(this.entry) ? sentence : `${this.entry}: ${sentence}`;
    this.#wrong = element("li", { class: "error", id: newId("wrong") }, says);
    this.box.classList.add("wrong");
    this.#button.setAttribute("aria-describedby", this.#wrong.id);
    return this.#wrong;
  }

  remove(): void {
    this.box.remove();
    this.#wrong?.remove();
  }
}
