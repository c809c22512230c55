import { DOMParser, DOMSerializer, type Node, type Schema } from "@tiptap/pm/model";
import { Transform } from "@tiptap/pm/transform";
import { inert } from "./paste";
import { withChips } from "./variable";

const ITEM_OR_BLOCK = "h1, h2, h3, h4, h5, p, ul, ol, li";

/** Returns the document that `html` stands for, as far as the schema has it. */
export function documentOf(html: string, schema: Schema): Node {
  const body = inert(html);
  for (const paragraph of body.querySelectorAll("p")) tidy(paragraph);
  return withChips(new Transform(DOMParser.fromSchema(schema).parse(body))).doc;
}

/** An empty paragraph takes no room in a mail, and one with a line break alone is an empty line. */
function tidy(paragraph: HTMLElement): void {
  if (paragraph.textContent?.trim()) return;
  const breaks = paragraph.querySelectorAll("br");
  if (breaks.length === 0) paragraph.remove();
  else if (breaks.length === 1) breaks[0]?.remove();
}

/** Returns a document as HTML with the allowed tags only; one without content as nothing. */
export function htmlOf(document: Node): string {
  const box = window.document.createElement("div");
  box.append(DOMSerializer.fromSchema(document.type.schema).serializeFragment(document.content));
  for (const chip of box.querySelectorAll<HTMLElement>("[data-variable]"))
    chip.replaceWith(chip.dataset.variable ?? "");
  if (box.childNodes.length === 1 && box.innerHTML === "<p></p>") return "";
  for (const paragraph of box.querySelectorAll("p:empty"))
    paragraph.append(window.document.createElement("br"));
  for (const item of box.querySelectorAll("li")) loosen(item);
  for (const block of box.querySelectorAll(":scope > *, li, ul, ol")) breakLines(block);
  return box.innerHTML.trim();
}

/** Takes away the paragraph that the editor puts into each item of a list, unless the item has several. */
function loosen(item: Element): void {
  const paragraphs = item.querySelectorAll(":scope > p");
  const only = paragraphs[0];
  if (only && paragraphs.length === 1 && only === item.firstElementChild)
    only.replaceWith(...only.childNodes);
}

/** Begins a new line of the source before each block and item, so that it can be read. */
function breakLines(block: Element): void {
  if (!block.matches(ITEM_OR_BLOCK)) return;
  block.before("\n");
  if (block.matches("ul, ol")) block.append("\n");
}
