import type { Editor } from "@tiptap/core";
import { element } from "../dom";
import { Menu } from "../menu";
import { type Icon, icon } from "./icons";

/** A button of the toolbar: what it is called, shows and does, and whether it looks pressed or can be used now. */
export interface Tool {
  name: string;
  shows: Icon | HTMLElement;
  keys?: string;
  run: () => void;
  isOn?: () => boolean;
  isOff?: () => boolean;
}

const LEVELS = [1, 2, 3, 4, 5] as const;

/** A row of buttons that is one stop of the Tab key; arrows go from button to button. */
export class Toolbar {
  readonly box: HTMLElement;
  readonly #updates: (() => void)[] = [];

  constructor(label: string, controls: string) {
    this.box = element("div", {
      role: "toolbar",
      class: "toolbar",
      "aria-label": label,
      "aria-controls": controls,
    });
    this.box.addEventListener("keydown", (event) => this.#onKey(event));
    this.box.addEventListener("focusin", (event) => this.#rove(event.target as HTMLElement));
  }

  /** Adds tools that belong together. */
  group(...parts: HTMLElement[]): void {
    this.box.append(element("span", { class: "group" }, ...parts));
    this.#rove(this.#buttons()[0]);
  }

  button(tool: Tool): HTMLButtonElement {
    const about = {
      type: "button",
      "aria-label": tool.name,
      title: titleOf(tool),
      "aria-keyshortcuts": tool.keys,
    };
    const shown = tool.shows instanceof HTMLElement ? tool.shows : icon(tool.shows);
    const button = element("button", about, shown);
    // The selection in the document stays, also where a click takes the focus.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => button.ariaDisabled === "true" || tool.run());
    this.#updates.push(() => {
      if (tool.isOn) button.ariaPressed = String(tool.isOn());
      button.ariaDisabled = String(tool.isOff?.() ?? false);
    });
    return button;
  }

  onUpdate(update: () => void): void {
    this.#updates.push(update);
  }

  update(): void {
    for (const one of this.#updates) one();
  }

  /** Goes to the button that was used last. */
  focus(): true {
    this.box.querySelector<HTMLElement>("[tabindex='0']")?.focus();
    return true;
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.box.querySelectorAll<HTMLButtonElement>("button:not([role^=menuitem])")];
  }

  #rove(to: HTMLElement | undefined): void {
    const buttons = this.#buttons();
    if (!buttons.includes(to as HTMLButtonElement)) return;
    for (const button of buttons) button.tabIndex = button === to ? 0 : -1;
  }

  #onKey(event: KeyboardEvent): void {
    const buttons = this.#buttons();
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    buttons.at(to % buttons.length)?.focus();
  }
}

function titleOf(tool: Tool): string {
  return tool.keys ? `${tool.name} (${tool.keys.replace("Control", "Ctrl")})` : tool.name;
}

/** Returns the menu that makes a heading or a paragraph of what is selected. */
export function headingMenu(toolbar: Toolbar, editor: Editor, isOff: () => boolean): HTMLElement {
  const paragraph = {
    label: "Paragraph",
    isChosen: () => !editor.isActive("heading"),
    choose: () => editor.chain().focus().setParagraph().run(),
  };
  const headings = LEVELS.map((level) => ({
    label: `Heading ${level}`,
    isChosen: () => editor.isActive("heading", { level }),
    choose: () => editor.chain().focus().setHeading({ level }).run(),
  }));
  const shown = element("span");
  const button = element("button", { type: "button", class: "kind" }, shown);
  const menu = new Menu(button, "Kind of paragraph", [paragraph, ...headings]);
  menu.box.classList.add("kinds");
  toolbar.onUpdate(() => {
    shown.textContent = [paragraph, ...headings].find((one) => one.isChosen())?.label ?? "";
    button.ariaLabel = `Kind of paragraph: ${shown.textContent}`;
    button.ariaDisabled = String(isOff());
  });
  return menu.box;
}
