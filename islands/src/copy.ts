import { element } from "./dom";
import { type Field, nameOf } from "./field";

/** Gives a field that can only be read a button that takes its text away. */
export function startCopy(box: HTMLElement): void {
  const field = box.querySelector<Field>("input, textarea");
  if (!field) return;
  const name = `Copy: ${nameOf(field)}`;
  const button = element("button", { type: "button", class: "quiet small", "aria-label": name }, "Copy");
  const live = element("span", { class: "hint", role: "status" });
  button.addEventListener("click", async () => {
    live.textContent = "";
    live.textContent = await taken(field);
  });
  box.append(element("span", { class: "takes" }, button, live));
}

/** Copies a field's text; returns what is said of it. A browser may refuse: then the text is selected, ready for the keyboard. */
async function taken(field: Field): Promise<string> {
  const isTaken = (await isWritten(field.value)) || isTakenOldWay(field);
  return isTaken ? "Copied" : "It is selected: copy it with the keyboard";
}

async function isWritten(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The old command also works where a page came without TLS. */
function isTakenOldWay(field: Field): boolean {
  field.focus();
  field.select();
  return document.execCommand("copy");
}
