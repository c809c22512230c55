import { element, newId } from "./dom";

/** One entry of a menu. `isChosen` is there if the entries exclude each other. */
export interface Choice {
  label: string;
  says?: string;
  isChosen?: () => boolean;
  choose: () => void;
}

/** A button that opens a list of choices, by pointer and by keyboard: arrows, Home, End, first letters, Escape. */
export class Menu {
  readonly box = element("span", { class: "pick" });
  readonly button: HTMLButtonElement;
  readonly #list: HTMLElement;
  readonly #items: HTMLButtonElement[];

  constructor(
    button: HTMLButtonElement,
    label: string,
    readonly choices: Choice[],
  ) {
    const id = newId("menu");
    this.button = button;
    this.button.setAttribute("aria-haspopup", "menu");
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-controls", id);
    this.#items = choices.map((choice) => this.#item(choice));
    this.#list = element(
      "span",
      { class: "pick-list", role: "menu", id, "aria-label": label },
      ...this.#items,
    );
    this.#list.hidden = true;
    this.box.append(this.button, this.#list);
    this.#listen();
  }

  #item(choice: Choice): HTMLButtonElement {
    const says = choice.says ? [element("span", {}, choice.says)] : [];
    const role = choice.isChosen ? "menuitemradio" : "menuitem";
    const item = element(
      "button",
      { type: "button", role, tabindex: "-1" },
      element("b", {}, choice.label),
      ...says,
    );
    item.addEventListener("click", () => {
      this.close();
      choice.choose();
    });
    return item;
  }

  #listen(): void {
    this.button.addEventListener("click", () => (this.#list.hidden ? this.open() : this.close()));
    this.button.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") this.#take(event, () => this.open());
    });
    this.#list.addEventListener("focusin", (event) => {
      for (const item of this.#items) item.tabIndex = item === event.target ? 0 : -1;
    });
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    this.box.addEventListener("focusout", (event) => {
      if (!this.box.contains(event.relatedTarget as Node | null)) this.close();
    });
    // Safari gives buttons no focus when they are clicked, so that none is lost either.
    document.addEventListener("pointerdown", (event) => {
      if (!this.box.contains(event.target as Node)) this.close();
    });
  }

  open(): void {
    if (this.button.ariaDisabled === "true") return;
    this.#list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.#keepOnScreen();
    const chosen = this.choices.findIndex((choice) => choice.isChosen?.());
    this.#items.forEach((item, index) => {
      if (this.choices[index]?.isChosen) item.setAttribute("aria-checked", String(index === chosen));
    });
    this.#items[Math.max(chosen, 0)]?.focus();
  }

  close(): void {
    this.#list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
  }

  #keepOnScreen(): void {
    this.#list.style.translate = "";
    const { left, right } = this.#list.getBoundingClientRect();
    const over = Math.max(right - document.documentElement.clientWidth + 8, 0);
    this.#list.style.translate = `${Math.max(-over, 8 - left)}px`;
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#items.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) this.#take(event, () => this.#items.at(to % this.#items.length)?.focus());
    else if (event.key === "Escape") this.#take(event, () => this.#leave());
    else if (event.key.length === 1 && event.key !== " ") this.#take(event, () => this.#jump(at, event.key));
    event.stopPropagation();
  }

  #take(event: KeyboardEvent, deed: () => void): void {
    event.preventDefault();
    event.stopPropagation();
    deed();
  }

  #leave(): void {
    this.close();
    this.button.focus();
  }

  /** Goes to the next entry that begins with a letter. */
  #jump(from: number, letter: string): void {
    const later = [...this.#items.slice(from + 1), ...this.#items.slice(0, from + 1)];
    later.find((item) => item.textContent?.toLowerCase().startsWith(letter.toLowerCase()))?.focus();
  }
}
