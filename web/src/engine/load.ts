import init from "./pkg/cachepolicy.js";
import module from "./pkg/cachepolicy_bg.wasm?url";

/** The engine, compiled while it arrives. Each worker has one of its own. */
export const ready = init({ module_or_path: new URL(module, import.meta.url) });
