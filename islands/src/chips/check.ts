const PATIENCE = 10_000; // ms

/** Asks the server about entries, one after the other: a long list that was pasted is no storm. */
export class Checker {
  #queue: Promise<unknown> = Promise.resolve();

  constructor(readonly address: string) {}

  /** Returns what is wrong with an entry; nothing if it is right, or if nobody can tell now: the server looks again when it is saved. */
  complaint(entry: string): Promise<string> {
    const answer = this.#queue.then(() => asked(this.address, entry));
    this.#queue = answer;
    return answer;
  }
}

async function asked(address: string, entry: string): Promise<string> {
  const joint = address.includes("?") ? "&" : "?";
  const query = new URLSearchParams({ entry });
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(`${address}${joint}${query}`, {
      headers: { Accept: "application/json" },
      signal,
    });
    const { ok, says } = await response.json();
    return ok === false ? String(says || "This cannot be a recipient.") : "";
  } catch {
    return "";
  }
}
