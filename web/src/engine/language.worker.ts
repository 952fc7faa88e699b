/// <reference lib="webworker" />
import type { Language, Question, Reply } from "./face.ts";
import { ready } from "./load.ts";
import * as engine from "./pkg/cachepolicy.js";

const language: Language = {
  ...engine,
  analyse: (text) => ({ triples: engine.tokens(text), checked: engine.check(text) }),
};

function answer(question: Question): unknown {
  const call = language[question.call] as (...given: unknown[]) => unknown;
  return call(...question.arguments);
}

self.addEventListener("message", async (event: MessageEvent<Question>) => {
  const { id } = event.data;
  let reply: Reply;
  try {
    await ready;
    reply = { id, result: answer(event.data) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
});
