import { Mark } from "@tiptap/core";

const VARIABLE_ALONE = /^\{\{[A-Za-z0-9_.\- ]{1,64}\}\}$/;
const FULL_ADDRESS = /^(https?:\/\/[^\s/]|mailto:[^\s@]+@)/i;

/** Tells whether an address may stand in a link: in full, with one of three schemes, or as one variable. */
export function mayLead(href: string): boolean {
  return FULL_ADDRESS.test(href.trim()) || VARIABLE_ALONE.test(href.trim());
}

/** Returns the address that was meant by what somebody typed: `example.com` and `ann@example.com` lack their schemes. */
export function meant(typed: string): string {
  const href = typed.trim();
  if (/^[^\s:/@{}]+@[^\s:/@{}]+\.[^\s:/@{}]+$/.test(href)) return `mailto:${href}`;
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+([/?#]\S*)?$/i.test(href) ? `https://${href}` : href;
}

/** A link with its address and nothing else. Text does not become longer links by typing behind one. */
export const Link = Mark.create({
  name: "link",
  priority: 1000, // it stands around the other marks
  inclusive: false,
  addAttributes: () => ({ href: { parseHTML: (found: HTMLElement) => found.getAttribute("href") } }),
  parseHTML: () => [
    { tag: "a[href]", getAttrs: (found) => (mayLead(found.getAttribute("href") ?? "") ? {} : false) },
  ],
  renderHTML: ({ HTMLAttributes }) => ["a", HTMLAttributes, 0],
});
