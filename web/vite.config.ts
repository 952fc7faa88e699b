import { defineConfig } from "vite";
import { contentSecurityPolicy } from "./scripts/security.ts";
import { serviceWorker } from "./scripts/service-worker.ts";

export default defineConfig({
  // The page may stand in any folder of a site.
  base: "./",
  plugins: [contentSecurityPolicy(), serviceWorker()],
  build: {
    target: "es2022",
    // The first of each with `light-dark()`.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // Inlined assets would be `data:` addresses, which the security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  worker: { format: "es" },
  server: { fs: { allow: [".."] } },
});
