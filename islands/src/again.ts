import { morph } from "./morph";

const PATIENCE = 20_000; // ms

/** Looks again at the page, and again, as long as the page says that something on it is under way. */
export function startAgain(from: HTMLElement): void {
  const main = from.closest("main");
  const every = Number(from.dataset.every);
  if (main && every > 0) setTimeout(() => void look(main, every), every);
}

async function look(main: HTMLElement, every: number): Promise<void> {
  // Who has it in another tab is not watching; it goes on once he is back.
  const next = document.hidden ? null : await asked();
  if (next) morph(main, next);
  if (main.querySelector("[data-island=again]")) setTimeout(() => void look(main, every), every);
}

/** Returns the main part of the page as it is now; nothing if there was trouble, as it may have passed the next time. */
async function asked(): Promise<Element | null> {
  try {
    const options: RequestInit = { redirect: "manual", signal: AbortSignal.timeout(PATIENCE) };
    const response = await fetch(location.href, options);
    // Whoever is signed out meanwhile, or looks at what is gone, is told so by the page itself.
    if (response.type === "opaqueredirect" || response.status === 404) location.reload();
    if (!response.ok) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
  } catch {
    return null;
  }
}
