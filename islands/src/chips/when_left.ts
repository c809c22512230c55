/**
 * Calls `deed` when a field is left. If a press of the pointer leaves it, only after that: what `deed` adds to the page would
 * move the button that was pressed from under the pointer, and the click would be lost.
 */
export function whenLeft(field: HTMLElement, deed: () => void): void {
  let isPressed = false;
  document.addEventListener("pointerdown", () => {
    isPressed = true;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => {
      isPressed = false;
    });
  }
  field.addEventListener("blur", () => {
    if (!isPressed) deed();
    else document.addEventListener("pointerup", () => setTimeout(deed), { once: true });
  });
}
