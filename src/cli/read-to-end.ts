/** Standard input to its end, whatever it is: a file, a pipe, a terminal. */

/** Bytes at a time. */
const pieceSize = 64 * 1024;

export interface Source {
  /** Reads into the buffer, and says how much; 0 at the end. Throws as `fs.readSync`. */
  readonly read: (into: Buffer) => number;
  /** What comes from then on, where there is nothing to be read yet. */
  readonly rest: () => AsyncIterable<Uint8Array>;
}

/**
 * At once where that is possible: a stream would be slower, and brings much of Node along. A pipe that somebody else made
 * non-blocking says so in the middle, when its writer takes a moment: what came before stays.
 */
export async function readToEnd({ read, rest }: Source): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(pieceSize);
      const length = read(buffer);
      if (length === 0) return Buffer.concat(pieces);
      pieces.push(buffer.subarray(0, length));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // How Windows says that a pipe has ended.
    if (code === 'EOF') return Buffer.concat(pieces);
    if (code !== 'EAGAIN') throw error;
  }
  for await (const piece of rest()) pieces.push(piece);
  return Buffer.concat(pieces);
}
