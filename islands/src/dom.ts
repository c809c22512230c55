/** Makes an element with its attributes and what it holds; an attribute that is undefined is left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | undefined> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

let made = 0;

/** Returns an id that nothing else on the page has. */
export function newId(word: string): string {
  made += 1;
  return `island-${word}-${made}`;
}

/** Returns the element that the attribute `data-…` of `of` points to, if it is there. */
export function pointed<Kind extends Element>(of: HTMLElement, data: string): Kind | null {
  const selector = of.dataset[data];
  return selector ? document.querySelector<Kind>(selector) : null;
}
