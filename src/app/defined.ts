/** Leaves out what was not given: schemas tell absent from undefined. */
export function defined(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}
