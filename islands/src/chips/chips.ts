import { element, newId } from "../dom";
import { isLocked, nameOf, write } from "../field";
import { Menu } from "../menu";
import { type Variable, variablesIn, written } from "../variables";
import { Checker } from "./check";
import { entriesIn, keyOf } from "./entries";
import { Token } from "./token";
import { whenLeft } from "./when_left";

/** Makes chips of a textarea with an entry on each line. The textarea stays the form's field. */
export function startChips(field: HTMLTextAreaElement): void {
  if (!isLocked(field)) new Chips(field);
}

class Chips {
  readonly #tokens: Token[] = [];
  readonly #list = element("ul");
  readonly #wrongs = element("ul", { class: "token-wrongs" });
  readonly #live = element("span", { class: "unseen", role: "status" });
  readonly #input: HTMLInputElement;
  readonly #box: HTMLElement;
  readonly #checker: Checker | null;

  constructor(readonly field: HTMLTextAreaElement) {
    const placeholders = variablesIn(document.querySelector("template#recipient-placeholders"));
    this.#checker = field.dataset.check ? new Checker(field.dataset.check) : null;
    this.#list.setAttribute("aria-label", `${nameOf(field)}, so far`);
    this.#input = inputFor(field);
    this.#box = element(
      "span",
      { class: "tokens" },
      this.#list,
      this.#input,
      suggestions(this.#input, placeholders),
    );
    this.#load();
    this.#place(placeholders);
    this.#listen();
  }

  #place(placeholders: Variable[]): void {
    const choices = placeholders.map(({ name, says }) => ({
      label: name,
      says,
      choose: () => this.#choose(name),
    }));
    const about = {
      type: "button",
      class: "quiet small",
      "aria-label": `Insert placeholder: ${nameOf(this.field)}`,
    };
    const menu = new Menu(element("button", about, "Insert placeholder"), "Placeholders", choices);
    menu.box.classList.add("beside");
    for (const label of this.field.labels ?? []) label.htmlFor = this.#input.id;
    this.field.hidden = true;
    this.field.after(this.#box, this.#wrongs, ...(choices.length > 0 ? [menu.box] : []), this.#live);
  }

  #listen(): void {
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#input.addEventListener("input", () => this.#select(null));
    this.#input.addEventListener("paste", (event) => this.#onPaste(event));
    whenLeft(this.#input, () => this.#take());
    this.#box.addEventListener("click", (event) => event.target === this.#box && this.#input.focus());
    this.field.form?.addEventListener("submit", () => this.#take(), { capture: true });
    this.field.form?.addEventListener("reset", () => setTimeout(() => this.#load()));
  }

  /** Begins with what the field holds. What the server has found wrong is asked about again, to be shown at its chip. */
  #load(): void {
    for (const token of this.#tokens.splice(0)) token.remove();
    for (const entry of entriesIn(this.field.value))
      this.#show(entry, this.field.hasAttribute("aria-invalid"));
  }

  #choose(name: string): void {
    this.#add([written(name)]);
    this.#input.focus();
  }

  /** Adds what stands in the input. */
  #take(): void {
    const typed = this.#input.value;
    this.#input.value = "";
    this.#select(null);
    this.#add(entriesIn(typed));
  }

  #add(entries: string[]): void {
    const before = this.#tokens.length;
    for (const entry of entries) this.#show(entry, true);
    const added = this.#tokens.slice(before).map((token) => token.entry);
    if (added.length > 0) this.#say(`${added.join(", ")} added`);
    else if (entries.length > 0) this.#say(`${entries.join(", ")} is there already`);
    this.#write();
  }

  #show(entry: string, isToCheck: boolean): void {
    if (this.#tokens.some((token) => keyOf(token.entry) === keyOf(entry))) return;
    const token = new Token(entry, () => this.#remove(token));
    this.#tokens.push(token);
    this.#list.append(token.box);
    if (isToCheck) void this.#check(token);
  }

  async #check(token: Token): Promise<void> {
    const complaint = await this.#checker?.complaint(token.entry);
    if (!complaint || !this.#tokens.includes(token)) return;
    this.#wrongs.append(token.complain(complaint));
    this.#mark();
    this.#say(`${token.entry}: ${complaint}`);
  }

  #remove(token: Token): void {
    this.#tokens.splice(this.#tokens.indexOf(token), 1);
    token.remove();
    this.#write();
    this.#say(`${token.entry} removed`);
    this.#input.focus();
  }

  #write(): void {
    this.#mark();
    write(this.field, this.#tokens.map((token) => token.entry).join("\n"));
  }

  #mark(): void {
    this.#input.ariaInvalid = this.#tokens.some((token) => token.isWrong) ? "true" : null;
  }

  #say(what: string): void {
    this.#live.textContent = what;
  }

  #select(chosen: Token | null): void {
    for (const token of this.#tokens) token.isSelected = token === chosen;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (["Enter", ",", ";"].includes(event.key)) {
      event.preventDefault(); // Enter would send the form
      this.#take();
    } else if (event.key === "Backspace" && this.#input.value === "") this.#backspace();
    else if (event.key !== "Shift") this.#select(null);
  }

  /** Selects the last chip, and removes it if it is selected already. */
  #backspace(): void {
    const last = this.#tokens.at(-1);
    if (last?.isSelected) this.#remove(last);
    else if (last) {
      this.#select(last);
      this.#say(`${last.entry} selected; Backspace removes it`);
    }
  }

  #onPaste(event: ClipboardEvent): void {
    const text = `${this.#input.value} ${event.clipboardData?.getData("text/plain") ?? ""}`;
    if (entriesIn(text).length < 2) return;
    event.preventDefault();
    this.#input.value = text;
    this.#take();
  }
}

function inputFor(field: HTMLTextAreaElement): HTMLInputElement {
  return element("input", {
    id: newId("entry"),
    type: "text",
    inputmode: "email",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-describedby": field.getAttribute("aria-describedby") ?? undefined,
  });
}

/** Returns what the browser offers while somebody types. */
function suggestions(input: HTMLInputElement, placeholders: Variable[]): HTMLDataListElement {
  const options = placeholders.map(({ name, says }) => element("option", { value: written(name) }, says));
  const list = element("datalist", { id: `${input.id}-list` }, ...options);
  input.setAttribute("list", list.id);
  return list;
}
