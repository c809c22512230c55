import { startAgain } from "./again";
import { startChips } from "./chips/chips";
import { startCopy } from "./copy";
import { startEditor } from "./editor/editor";
import type { Field } from "./field";
import { startLive } from "./live";
import { startVariables } from "./variables";

/** Starts an island in each element that asks for it. One that fails leaves its plain form, which works. */
function start<Kind extends Element>(selector: string, begin: (where: Kind) => void): void {
  for (const where of document.querySelectorAll<Kind>(selector)) {
    try {
      begin(where);
    } catch (error) {
      console.error(error);
    }
  }
}

start<HTMLTextAreaElement>("textarea[data-island=chips]", startChips);
start<HTMLTextAreaElement>("textarea[data-island=html]", startEditor);
start<Field>("[data-island=variables]", startVariables);
start<HTMLElement>("[data-island=copy]", startCopy);
start<HTMLElement>("[data-island=again]", startAgain);
// Last, because the others may still put fields in order that it sends.
start<HTMLFormElement>("form[data-live]", startLive);
