const SEPARATORS = /[,;\n]/;
const PLACEHOLDER = /^\{\{[^{}]*\}\}$/;

/**
 * Returns the entries in what somebody typed or pasted: addresses and placeholders, apart by commas, semicolons, blanks or lines.
 * Of `Ann Example <ann@example.com>`, as mail programs copy it, only the address counts.
 */
export function entriesIn(text: string): string[] {
  const plain = text.replace(/"[^"\n]*"\s*(?=<)/g, "");
  return plain.split(SEPARATORS).flatMap((part) => {
    const address = /<\s*([^<>\s]+@[^<>\s]+)\s*>/.exec(part)?.[1];
    return address ? [address] : (part.match(/\{\{[^{}]*\}\}|[^\s{}]+|[{}]/g) ?? []);
  });
}

/** Tells whether an entry stands for an address that is known later. */
export function isPlaceholder(entry: string): boolean {
  return PLACEHOLDER.test(entry);
}

/** Returns what two entries have in common if they mean the same. */
export function keyOf(entry: string): string {
  return isPlaceholder(entry) ? entry.replace(/\s/g, "") : entry.toLowerCase();
}
