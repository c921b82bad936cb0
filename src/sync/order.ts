/** A sortable text for the order of asking: time, then a counter within the process. */
export function encodeOrder(atMs: number, sequence: number): string {
  return `${String(Math.floor(atMs)).padStart(15, '0')}-${String(sequence).padStart(6, '0')}`;
}

/** The first moment that sorts behind an order, whatever process that is of. */
export function momentAfter(order: string): number {
  return Number.parseInt(order, 10) + 1 || 0;
}
