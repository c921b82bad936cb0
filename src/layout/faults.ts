/** What is wrong with a file of the branch. It is set aside and named; everything else works. */

export interface Fault {
  readonly path: string;
  /** Names what is wrong, as the end of a sentence that begins with the path. */
  readonly reason: string;
  /** `blocking`: nothing may be written until it is mended. `twin`: nothing is set aside, but two names are one on some systems. */
  readonly kind?: 'blocking' | 'twin';
}

export function isFault(value: object): value is Fault {
  return 'reason' in value && 'path' in value;
}

/** Bytes of a knowledge file; core's limits, with front matter, stay far below. */
export const maxKnowledgeBytes = 4 * 1024 * 1024;
/** Characters of `orc.yaml`. */
export const maxYamlLength = 64 * 1024;
/** Characters of a knowledge file's front matter; as many tags and paths as core takes, as long as can be, take 106 000. */
export const maxFrontMatterLength = 128 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a file, or why it is none. */
export function decodeText(
  bytes: Uint8Array,
  maxBytes: number,
): { readonly text: string } | { readonly fault: string } {
  if (bytes.length > maxBytes) return { fault: `is too large: ${bytes.length} bytes, at most ${maxBytes} are read` };
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return { fault: 'is not valid UTF-8' };
  }
}

/** Sorted by path, so that what a board reports does not depend on the order of reading. */
export function sortFaults(faults: readonly Fault[]): Fault[] {
  return faults.toSorted((a, b) => compareText(a.path, b.path) || compareText(a.reason, b.reason));
}

/** By code unit: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
