/** What a link holds. */
export interface Shared {
  /** the policy */
  a: string;
  /** the one that it is compared with */
  b?: string;
  workload?: string;
  seed?: number;
  seeds?: number;
  view?: string;
}

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
  return value;
}
