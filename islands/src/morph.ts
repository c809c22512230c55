/**
 * Makes what `now` holds say what `next` holds. What is alike stays the same element, so that the focus, the caret, what
 * was unfolded, and the frames that have not changed stay as they were.
 */
export function morph(now: ParentNode & Node, next: ParentNode & Node): void {
  const wanted = [...next.childNodes];
  for (const [at, there] of [...now.childNodes].entries()) {
    const fresh = wanted[at];
    if (!fresh) there.remove();
    else if (!isAlike(there, fresh)) there.replaceWith(fresh);
    else adopt(there, fresh);
  }
  now.append(...wanted.slice(now.childNodes.length));
}

function isAlike(one: Node, other: Node): boolean {
  return (
    one.nodeName === other.nodeName &&
    (one as Partial<Element>).className === (other as Partial<Element>).className
  );
}

function adopt(now: Node, next: Node): void {
  if (!(now instanceof Element && next instanceof Element)) {
    if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
    return;
  }
  attributes(now, next);
  morph(now, next);
  fields(now, next);
}

function attributes(now: Element, next: Element): void {
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && !isOfTheReader(now, name)) now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value && !isOfTheReader(now, name)) now.setAttribute(name, value);
  }
}

/** Tells whether an attribute says what the reader has done. */
function isOfTheReader(of: Element, name: string): boolean {
  return name === "open" && of instanceof HTMLDetailsElement;
}

/** What a field holds is the server's to say, but not while somebody is in it. */
function fields(now: Element, next: Element): void {
  if (now === document.activeElement) return;
  if (now instanceof HTMLInputElement && next instanceof HTMLInputElement) now.value = next.value;
  if (now instanceof HTMLSelectElement && next instanceof HTMLSelectElement)
    now.selectedIndex = next.selectedIndex;
}
