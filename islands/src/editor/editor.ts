import { Editor } from "@tiptap/core";
import { Selection } from "@tiptap/pm/state";
import { element, newId, pointed } from "../dom";
import { caretOf, isLocked, nameOf, write } from "../field";
import { variableMenu, variablesIn, written } from "../variables";
import { documentOf, htmlOf } from "./html";
import { LinkForm } from "./link_form";
import { meaningOf } from "./meaning";
import { cleaned } from "./paste";
import { extensionsFor } from "./schema";
import { headingMenu, Toolbar } from "./toolbar";
import { historyTools, listTools, markTools } from "./tools";

const UNKNOWN = "This text holds what the editor cannot show without changing it, so here is its source.";

/** Makes an editor of a textarea with HTML. The textarea stays the form's field, and is the editor's “Source”. */
export function startEditor(field: HTMLTextAreaElement): void {
  if (!isLocked(field)) new HtmlEditor(field);
}

class HtmlEditor {
  readonly #variables;
  readonly #surface = element("div", { class: "surface", id: newId("editor") });
  readonly #note = element("p", { class: "hint", role: "status" });
  readonly #editor: Editor;
  readonly #toolbar: Toolbar;
  readonly #links: LinkForm;

  constructor(readonly field: HTMLTextAreaElement) {
    this.#variables = variablesIn(pointed<HTMLTemplateElement>(field, "variables"));
    this.#editor = this.#made();
    this.#toolbar = new Toolbar(`Format: ${nameOf(field)}`, this.#surface.id);
    this.#links = new LinkForm(this.#editor, this.#variables);
    this.#furnish();
    this.#load();
    this.#place();
    field.form?.addEventListener("reset", () => setTimeout(() => this.#load()));
  }

  #made(): Editor {
    const known = new Map(this.#variables.map(({ name, says }) => [name, says]));
    return new Editor({
      element: this.#surface,
      extensions: extensionsFor(known),
      injectCSS: false,
      editorProps: {
        attributes: aboutOf(this.field),
        transformPastedHTML: cleaned,
        handleKeyDown: (_view, event) => event.altKey && event.key === "F10" && this.#toolbar.focus(),
      },
      onUpdate: ({ editor }) => write(this.field, htmlOf(editor.state.doc)),
      onTransaction: () => this.#toolbar?.update(),
    });
  }

  #furnish(): void {
    const isOff = () => this.#isSource();
    this.#toolbar.group(headingMenu(this.#toolbar, this.#editor, isOff));
    markTools(this.#toolbar, this.#editor, isOff);
    listTools(this.#toolbar, this.#editor, isOff);
    const isOn = () => this.#editor.isActive("link");
    const run = () => this.#links.open();
    this.#toolbar.group(this.#toolbar.button({ name: "Link", shows: "link", isOff, isOn, run }));
    historyTools(this.#toolbar, this.#editor, isOff);
    this.#toolbar.group(this.#inserting(), this.#sourceSwitch());
  }

  #inserting(): HTMLElement {
    const atCaret = caretOf(this.field);
    const button = element("button", { type: "button" }, "Insert variable");
    const menu = variableMenu(button, this.#variables, (name) => {
      const source = written(name);
      if (this.#isSource()) atCaret(source);
      else this.#editor.chain().focus().insertContent({ type: "variable", attrs: { source } }).run();
    });
    return menu.box;
  }

  #sourceSwitch(): HTMLElement {
    return this.#toolbar.button({
      name: "Source",
      shows: element("span", {}, "Source"),
      isOn: () => this.#isSource(),
      run: () => (this.#isSource() ? this.#load() && this.#editor.view.focus() : this.#show("source")),
    });
  }

  /** Puts the editor where the field is. A click on the field's label goes to what is shown. */
  #place(): void {
    const box = element("div", { class: "mail-editor" });
    this.field.replaceWith(box);
    box.append(this.#toolbar.box, this.#links.box, this.#surface, this.field, this.#note);
    for (const label of this.field.labels ?? []) {
      label.addEventListener("click", () => this.#isSource() || this.#editor.view.focus());
    }
  }

  #isSource(): boolean {
    return !this.field.hidden;
  }

  /** Shows the field's text in the editor; its source, if the editor would change what it says. Tells which. */
  #load(): boolean {
    const html = this.field.value;
    const document = documentOf(html, this.#editor.schema);
    const isKept = meaningOf(htmlOf(document)) === meaningOf(html);
    if (isKept && !document.eq(this.#editor.state.doc)) {
      const { tr } = this.#editor.state;
      tr.replaceWith(0, tr.doc.content.size, document.content).setSelection(Selection.atStart(tr.doc));
      this.#editor.view.dispatch(tr.setMeta("preventUpdate", true).setMeta("addToHistory", false));
    }
    this.#show(isKept ? "editor" : "source", isKept ? "" : UNKNOWN);
    return isKept;
  }

  #show(what: "editor" | "source", note = ""): void {
    this.#surface.hidden = what === "source";
    this.field.hidden = what === "editor";
    this.#note.textContent = note;
    this.#links.close();
    this.#toolbar.update();
  }
}

/** Returns what the editor takes over from the field: its name, what is said about it, whether it is wrong. */
function aboutOf(field: HTMLTextAreaElement): Record<string, string> {
  const about: Record<string, string> = {
    role: "textbox",
    "aria-multiline": "true",
    "aria-label": nameOf(field),
  };
  for (const name of ["aria-describedby", "aria-invalid", "lang", "dir"]) {
    const value = field.getAttribute(name);
    if (value) about[name] = value;
  }
  // The browser cannot point to a hidden field; the server says what is missing.
  if (field.required) about["aria-required"] = "true";
  field.required = false;
  return about;
}
