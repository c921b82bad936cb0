/** Whether two pieces of plain data say the same; the order of fields says nothing. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [fieldsOfA, fieldsOfB] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(fieldsOfA);
  if (names.length !== Object.keys(fieldsOfB).length) return false;
  return names.every((name) => Object.hasOwn(fieldsOfB, name) && isSame(fieldsOfA[name], fieldsOfB[name]));
}
