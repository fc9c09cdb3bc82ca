/** Trees as RFC 6962 hashes them. Sizes are numbers, not bits: shifts end at 32 of them. */
import { digest, sha256, type Bytes } from "@/api/hashing";

export const HASH = 32;

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(NODE, left, right);
}

const NODE = new Uint8Array([1]);

/** The root over a power of two of hashes that stand one after the other. */
export async function wholeTree(hashes: Uint8Array): Promise<Bytes> {
  let layer = new Uint8Array(hashes);
  while (layer.length > HASH) {
    const pairs = layer.length / (2 * HASH);
    const nodes = await Promise.all(Array.from({ length: pairs }, (_, at) => pairHash(layer, at * 2 * HASH)));
    layer = new Uint8Array(pairs * HASH);
    nodes.forEach((node, at) => layer.set(node, at * HASH));
  }
  return layer;
}

function pairHash(layer: Uint8Array, at: number): Promise<Bytes> {
  const node = new Uint8Array(1 + 2 * HASH);
  node[0] = 1;
  node.set(layer.subarray(at, at + 2 * HASH), 1);
  return digest(node);
}

/** A tree that grows by whole subtrees; it remembers one hash a level. */
export class Frontier {
  size: number;
  readonly #subtrees: { leaves: number; hash: Bytes }[]; // the larger to the left

  constructor(from?: Frontier) {
    this.size = from?.size ?? 0;
    this.#subtrees = [...(from ? from.#subtrees : [])];
  }

  /** `leaves` is a power of two that divides the size so far. */
  async add(subtree: Bytes, leaves = 1): Promise<void> {
    this.size += leaves;
    let [hash, height] = [subtree, leaves];
    for (let last = this.#subtrees.at(-1); last?.leaves === height; last = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      hash = await nodeHash(last.hash, hash);
      height *= 2;
    }
    this.#subtrees.push({ leaves: height, hash });
  }

  async root(): Promise<Bytes> {
    const [last, ...left] = [...this.#subtrees].reverse();
    if (!last) return sha256();
    let root = last.hash;
    for (const { hash } of left) root = await nodeHash(hash, root);
    return root;
  }
}
