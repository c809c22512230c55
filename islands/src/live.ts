import { element, pointed } from "./dom";
import { morph } from "./morph";

const PAUSE = 400; // ms without a change, until the server is asked
const PATIENCE = 20_000; // ms

/** Keeps what the server says about a form beside it, while somebody fills it in. */
export function startLive(form: HTMLFormElement): void {
  const target = pointed<HTMLElement>(form, "liveTarget");
  const address = form.dataset.live;
  if (!target || !address) return;
  const live = new Live(form, address, target);
  form.addEventListener("input", () => live.soon());
  form.addEventListener("change", () => live.soon());
  form.addEventListener("reset", () => live.soon());
  void live.ask();
}

class Live {
  #asked = "";
  #latest: AbortController | null = null;
  #timer = 0;
  readonly #trouble = element("p", { class: "error", role: "status" });

  constructor(
    readonly form: HTMLFormElement,
    readonly address: string,
    readonly target: HTMLElement,
  ) {
    target.before(this.#trouble);
  }

  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(), PAUSE);
  }

  /** Asks the server, unless it was asked the very same before. Only the answer to the latest question is shown. */
  async ask(): Promise<void> {
    const question = fieldsOf(this.form);
    if (question === this.#asked) return;
    this.#asked = question;
    this.#latest?.abort();
    const mine = new AbortController();
    this.#latest = mine;
    this.target.setAttribute("aria-busy", "true");
    const outcome = await answer(this.address, question, mine);
    if (this.#latest === mine) this.#settle(outcome);
  }

  #settle(outcome: Answer | Trouble): void {
    this.target.setAttribute("aria-busy", "false");
    this.#trouble.textContent = "trouble" in outcome ? outcome.trouble : "";
    if ("trouble" in outcome) this.#asked = "";
    else morph(this.target, outcome.content);
  }
}

interface Answer {
  content: Element;
}
interface Trouble {
  trouble: string;
}

function fieldsOf(form: HTMLFormElement): string {
  const fields = [...new FormData(form)].filter(
    (pair): pair is [string, string] => typeof pair[1] === "string",
  );
  return new URLSearchParams(fields).toString();
}

async function answer(address: string, body: string, mine: AbortController): Promise<Answer | Trouble> {
  const timer = setTimeout(() => mine.abort(), PATIENCE);
  const headers = { "Content-Type": "application/x-www-form-urlencoded", Accept: "text/html" };
  try {
    const response = await fetch(address, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: mine.signal,
    });
    const trouble = troubleOf(response);
    return trouble ? { trouble } : { content: contentOf(await response.text()) };
  } catch {
    return { trouble: "The server cannot be reached just now, so this is not up to date." };
  } finally {
    clearTimeout(timer);
  }
}

/** Returns why an answer cannot be shown; nothing if it can. What is wrong with the form is an answer, too. */
function troubleOf(response: Response): string {
  if (response.type === "opaqueredirect") return "You are signed out, so this is not up to date.";
  const isHtml = response.headers.get("Content-Type")?.startsWith("text/html");
  return isHtml && response.status < 500
    ? ""
    : "Something went wrong at the server, so this is not up to date.";
}

/** Returns what is to be shown of an answer: of a whole page what its main part holds. Nothing in it runs. */
function contentOf(html: string): Element {
  const page = new DOMParser().parseFromString(html, "text/html");
  return page.querySelector("main") ?? page.body;
}
