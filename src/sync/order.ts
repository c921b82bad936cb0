/** A sortable text for the order of asking: time, then a counter within the process. */
export function encodeOrder(atMs: number, sequence: number): string {
  return `${String(Math.floor(atMs)).padStart(15, '0')}-${String(sequence).padStart(6, '0')}`;
}
