import { inert } from "./paste";

const BLOCKS = ["H1", "H2", "H3", "H4", "H5", "UL", "OL", "LI"];
const MARKS = ["STRONG", "EM", "S", "CODE", "U"];
const SILENT = ["P", "SPAN", "A"]; // of a link its address counts

/**
 * Returns what a document says, apart from how it is written: two with the same meaning look the same to a reader. What is
 * not allowed in mails counts too, so that its loss is a difference.
 */
export function meaningOf(html: string): string {
  const reader = new MeaningReader();
  reader.inside(inert(html), "", []);
  return reader.finished();
}

class MeaningReader {
  readonly #said: string[] = ["|"];
  #text = "";
  #of = "";

  finished(): string {
    this.#boundary("|");
    return this.#said.join("\n");
  }

  inside(parent: Node, blocks: string, marks: string[]): void {
    [...parent.childNodes].forEach((node, index) => {
      if (node instanceof Text) this.#words(node.data, `${blocks} ${marks.join(" ")}`);
      else if (node instanceof Element) this.#element(node, index, blocks, marks);
      else this.#say(`what is no element: ${node.nodeType}`);
    });
  }

  #element(element: Element, index: number, blocks: string, marks: string[]): void {
    const name = element.tagName;
    if (name === "BR") this.#boundary("br");
    else if (BLOCKS.includes(name)) this.#block(element, `${blocks}>${name}${itemNumber(element)}`, marks);
    else if (name === "P") this.#block(element, blocks, marks);
    else if (MARKS.includes(name) || name === "A")
      this.inside(element, blocks, together(marks, markOf(element)));
    else this.#unknown(element, index, blocks, marks);
  }

  #unknown(element: Element, index: number, blocks: string, marks: string[]): void {
    if (!SILENT.includes(element.tagName)) this.#say(`unknown ${element.tagName} ${index}`);
    this.inside(element, blocks, marks);
  }

  #block(element: Element, blocks: string, marks: string[]): void {
    this.#boundary("|");
    this.inside(element, blocks, marks);
    this.#boundary("|");
  }

  #words(data: string, of: string): void {
    if (of !== this.#of) this.#flush();
    this.#of = of;
    const flowing = data.replace(/[ \t\n\r\f]+/g, " ");
    this.#text += this.#endsInBlank() ? flowing.replace(/^ /, "") : flowing;
  }

  #endsInBlank(): boolean {
    const last = this.#text || this.#said.at(-1) || "";
    return last.endsWith(" ") || (this.#text === "" && /^(\||br)$/.test(last));
  }

  #flush(text = this.#text): void {
    if (text) this.#said.push(`${this.#of}: ${text}`);
    this.#text = "";
  }

  #say(what: string): void {
    this.#flush();
    this.#said.push(what);
  }

  /** Ends a line. Blanks at its end are not seen, and two ends of blocks are one. */
  #boundary(kind: "|" | "br"): void {
    this.#flush(this.#text.replace(/ $/, ""));
    if (kind === "br" || this.#said.at(-1) !== "|") this.#said.push(kind);
  }
}

function itemNumber(element: Element): string {
  if (element.tagName !== "LI") return "";
  return String([...(element.parentElement?.children ?? [])].indexOf(element));
}

function markOf(element: Element): string {
  return element.tagName === "A" ? (element.getAttribute("href") ?? "").trim() : element.tagName;
}

function together(marks: string[], mark: string): string[] {
  return mark ? [...new Set([...marks, mark])].sort() : marks;
}
