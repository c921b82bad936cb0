/** Ids. They are random where they are made (in `app`); here they are only derived and recognised. */

/** Where an operation's id is not hexadecimal, its task ids come from a hash of it (FNV-1a, four lanes: 128 bits). */
function hexOf(text: string): string {
  const lanes = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35];
  for (let i = 0; i < text.length; i++) {
    for (let lane = 0; lane < lanes.length; lane++) {
      lanes[lane] = Math.imul(((lanes[lane] as number) ^ (text.charCodeAt(i) + lane * 131)) >>> 0, 0x01000193) >>> 0;
    }
  }
  return lanes.map((lane) => lane.toString(16).padStart(8, '0')).join('');
}

/**
 * The id of the task that an operation adds: the first 8 hexadecimal digits of the operation's id, more on a collision.
 * So it is the same however often the operation is replayed (unless somebody takes it first).
 */
export function taskIdFrom(operationId: string, isTaken: (id: string) => boolean): string {
  const hex = /^[0-9a-f]{32,}$/.test(operationId) ? operationId.slice(0, 32) : hexOf(operationId);
  for (let length = 8; length <= 32; length += 4) {
    const id = hex.slice(0, length);
    if (!isTaken(id)) return id;
  }
  return taskIdFrom(`${operationId}+`, isTaken);
}

/** The id of a batch's operation, by its place from 1: who knows the batch's id can ask for all of them again. */
export function lineIdFrom(batchId: string, k: number): string {
  return `${batchId}.${k}`;
}

export function isOperationId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/.test(text);
}
