import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Emits `sw.js` with the names of all files of the build: each is kept on the first visit, for work without a network. */
export function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const files = Object.keys(bundle).sort();
        const hash = createHash("sha256");
        for (const file of files) {
          const item = bundle[file];
          hash.update(file);
          if (item) hash.update(item.type === "chunk" ? item.code : item.source);
        }
        const source = readFileSync(new URL("./service-worker.template.js", import.meta.url), "utf8");
        const listed = files.filter((file) => file !== "index.html");
        this.emitFile({
          type: "asset",
          fileName: "sw.js",
          source: source
            .replace('"VERSION"', JSON.stringify(hash.digest("hex").slice(0, 16)))
            .replace('["FILES"]', JSON.stringify(["./", "./icon.svg", ...listed.map((file) => `./${file}`)])),
        });
      },
    },
  };
}
