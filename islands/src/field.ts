/** A field of a form whose text a script writes, too. */
export type Field = HTMLTextAreaElement | HTMLInputElement;

/** Writes all of a field's text, and says so as typing would. */
export function write(field: Field, text: string): void {
  if (field.value === text) return;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Returns what puts text where the caret of `field` was last; at its end, if nobody has been there yet. */
export function caretOf(field: Field): (text: string) => void {
  let visited = document.activeElement === field;
  field.addEventListener("focus", () => {
    visited = true;
  });
  return (text) => {
    const at = visited ? [field.selectionStart, field.selectionEnd] : [null, null];
    field.focus();
    field.setSelectionRange(at[0] ?? field.value.length, at[1] ?? field.value.length);
    insert(field, text);
  };
}

/** Inserts text at the caret. The old command is the only one that can be undone by Ctrl+Z and keeps to maxlength. */
function insert(field: Field, text: string): void {
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Tells whether nobody may write into a field. */
export function isLocked(field: Field): boolean {
  return field.disabled || field.readOnly;
}

/** Returns what a field is called on the page. */
export function nameOf(field: Field): string {
  return field.labels?.[0]?.textContent?.trim() || field.getAttribute("aria-label") || field.name;
}
