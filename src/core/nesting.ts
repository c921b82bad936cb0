/** How deep values may be nested: deeper ones would overflow the stack of whoever walks through them, or writes them as JSON. */
export const maxNesting = 64;

/** Goes no deeper than it is told. */
export function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(depth - 1, inner));
}
