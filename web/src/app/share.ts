/** What a link holds. */
export interface Shared {
  /** the policy */
  a: string;
  /** the one that it is compared with */
  b?: string;
  workload?: string;
  seed?: number | undefined;
  seeds?: number | undefined;
  view?: string;
}

/** Seeds have so many bits. */
export const GREATEST_SEED = 2 ** 32 - 1;

/** More runs than anybody waits for. */
export const MOST_SEEDS = 1000;

async function through(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** The state as the part of an address that browsers do not send to anybody. */
export async function encode(state: Shared): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  return `#p=${toBase64(await through(bytes, new CompressionStream("deflate-raw")))}`;
}

/** A whole number within limits; of anything else a link says nothing. */
function whole(value: number | undefined, least: number, most: number): number | undefined {
  return Number.isInteger(value) && value !== undefined && value >= least && value <= most ? value : undefined;
}

function isShared(value: unknown): value is Shared {
  if (typeof value !== "object" || value === null) return false;
  const { a, b, workload, seed, seeds, view } = value as Record<string, unknown>;
  const text = (part: unknown) => part === undefined || typeof part === "string";
  const number = (part: unknown) => part === undefined || typeof part === "number";
  return typeof a === "string" && text(b) && text(workload) && text(view) && number(seed) && number(seeds);
}

/** What a link holds; nothing for an address without a state. Rejects for a damaged one. */
export async function decode(hash: string): Promise<Shared | undefined> {
  if (!hash.startsWith("#p=")) return undefined;
  const bytes = await through(fromBase64(hash.slice(3)), new DecompressionStream("deflate-raw"));
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isShared(value)) throw new Error("the link holds no policy");
  return { ...value, seed: whole(value.seed, 0, GREATEST_SEED), seeds: whole(value.seeds, 1, MOST_SEEDS) };
}
