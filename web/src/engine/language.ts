import type { Answer, Call, Language, Question, Reply } from "./face.ts";

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The language worker, as functions that answer later. */
class LanguageClient {
  readonly #worker = new Worker(new URL("./language.worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor() {
    this.#worker.addEventListener("message", (event: MessageEvent<Reply>) => {
      const reply = event.data;
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ("error" in reply) waiting?.reject(new Error(reply.error));
      else waiting?.resolve(reply.result);
    });
    this.#worker.addEventListener("error", (event) => {
      const error = new Error(event.message || "the engine could not be loaded");
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    });
  }

  /** Asks; rejects with a message for people. */
  ask<C extends Call>(call: C, ...given: Parameters<Language[C]>): Promise<Answer<C>> {
    const id = this.#next++;
    const question: Question = { id, call, arguments: given };
    return new Promise<Answer<C>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as Answer<C>), reject });
      this.#worker.postMessage(question);
    });
  }
}

export const language = new LanguageClient();
