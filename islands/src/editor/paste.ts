const NO_TEXT =
  "script, style, title, iframe, object, embed, svg, math, template, noscript, textarea, select";
const KEPT = ["href", "data-variable", "data-pm-slice"];
// How programs that write no tags for it say that text is bold and so on.
const STYLES: [RegExp, string][] = [
  [/font-weight:\s*(bold|[6-9]00)/, "strong"],
  [/font-style:\s*italic/, "em"],
  [/text-decoration[^;]*line-through/, "s"],
  [/text-decoration[^;]*underline/, "u"],
];

const TAG = /<[a-z](?:[^"'<>]|"[^"]*"|'[^']*')*>/gi;
const BLOCKED = /("[^"]*"|'[^']*')|\b(on[a-z]+|style)(?=\s*=)/gi;

/**
 * Returns what `html` says in a document where nothing is loaded or runs. What the policy of the page blocks gets another name
 * first: it would be reported as if it had been tried.
 */
export function inert(html: string): DocumentFragment {
  const box = document.createElement("template");
  box.innerHTML = html.replace(TAG, (tag) =>
    tag.replace(BLOCKED, (all, quoted) => (quoted ? all : `data-${all}`)),
  );
  return box.content;
}

/** Returns pasted HTML with the attributes that count here, and what its styles say as tags. The schema cuts it down to our tags. */
export function cleaned(html: string): string {
  const content = inert(html);
  for (const element of content.querySelectorAll(NO_TEXT)) element.remove();
  for (const element of content.querySelectorAll("*")) simplify(element);
  const box = document.createElement("template");
  box.content.append(content);
  return box.innerHTML;
}

function simplify(element: Element): void {
  const style = element.getAttribute("data-style") ?? "";
  for (const { name } of [...element.attributes]) {
    if (!KEPT.includes(name)) element.removeAttribute(name);
  }
  if (element.matches("b, strong") && /font-weight:\s*(normal|400)/.test(style)) unwrap(element);
  else if (element.matches("span")) mark(element, style);
}

/** Google's documents stand in a <b> that is not bold. */
function unwrap(element: Element): void {
  element.replaceWith(...element.childNodes);
}

function mark(element: Element, style: string): void {
  for (const [says, tag] of STYLES) {
    if (!says.test(style)) continue;
    const inside = element.ownerDocument.createElement(tag);
    inside.append(...element.childNodes);
    element.append(inside);
  }
}
