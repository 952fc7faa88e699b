import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's top folder. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const TARGET = process.env["CARGO_TARGET_DIR"] ?? join(ROOT, "target");
const BUILT = ["release", "debug"].map((profile) => join(TARGET, profile, "cachepolicy"));

function binary(): string {
  const found = [process.env["CACHEPOLICY"], ...BUILT].find((path) => path !== undefined && existsSync(path));
  assert.ok(found, "the command line is not built: `cargo build -p cachepolicy`, or name it in CACHEPOLICY");
  return found;
}

/** One of the policies that come with the project. */
export function policy(name: string): string {
  return readFileSync(join(ROOT, "policies", `${name}.cachepolicy`), "utf8");
}

/** The news site with little traffic and without faults: what most tests are about takes no longer. */
export const SMALL = policy("news")
  .replace("duration 1h", "duration 2m")
  .replace(/^  at \d+m .*\n/gm, "")
  .replace(/^  recovery.*\n/m, "");

/** What the command line says of a policy in a file of this name. */
export function cachepolicy(command: string, file: string, text: string, ...more: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "playground-"));
  try {
    writeFileSync(join(folder, file), text);
    return execFileSync(binary(), [command, file, ...more], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
