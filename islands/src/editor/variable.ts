import { Node } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";
import type { Transform } from "@tiptap/pm/transform";

// As the server reads it: anything else in braces, such as {{7*7}}, is text.
const TOKEN = /\{\{([A-Za-z0-9_.\- ]{1,64})\}\}/g;
const WHOLE = new RegExp(`^${TOKEN.source}$`);

/** Returns the name in `{{ a.name }}`. */
export function nameIn(source: string): string {
  return WHOLE.exec(source)?.[1]?.trim() ?? "";
}

/** A variable in a document: one thing, that is written back exactly as it was. */
export const VariableChip = Node.create<{ known: Map<string, string> }>({
  name: "variable",
  group: "inline",
  inline: true,
  atom: true,
  addOptions: () => ({ known: new Map<string, string>() }),
  addAttributes: () => ({
    source: { rendered: false, parseHTML: (found: HTMLElement) => found.dataset.variable },
  }),
  parseHTML: () => [
    {
      tag: "span[data-variable]",
      getAttrs: (found) => (WHOLE.test(found.dataset.variable ?? "") ? {} : false),
    },
  ],
  renderHTML({ node }) {
    const name = nameIn(node.attrs.source);
    const says = this.options.known.get(name);
    const about = { "data-variable": node.attrs.source, title: says ?? "There is no such variable" };
    // The braces are there for what is copied from here, and not seen.
    return [
      "span",
      { class: says ? "variable" : "variable unknown", ...about },
      ["i", "{{"],
      name,
      ["i", "}}"],
    ];
  },
  renderText: ({ node }) => node.attrs.source,
  addProseMirrorPlugins: () => [
    new Plugin({
      appendTransaction: (transactions, _before, now) =>
        transactions.some((one) => one.docChanged) ? withChips(now.tr) : null,
    }),
  ],
});

/** Makes chips of the variables in a document's text, whether they were typed, pasted or there from the start. */
export function withChips<Change extends Transform>(change: Change): Change {
  const found: { from: number; to: number; chip: ReturnType<typeof change.doc.type.create> }[] = [];
  change.doc.descendants((node, at) => {
    for (const token of node.text?.matchAll(TOKEN) ?? []) {
      const chip = node.type.schema.nodes.variable?.create({ source: token[0] }, null, node.marks);
      if (chip) found.push({ from: at + token.index, to: at + token.index + token[0].length, chip });
    }
  });
  for (const { from, to, chip } of found.reverse()) change.replaceWith(from, to, chip);
  return change;
}
