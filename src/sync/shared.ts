/** Calls that begin together share one answer. It is looked for when the last of them has asked: nobody hears of a time before that. */
export function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | null = null;
  return () => {
    next ??= Promise.resolve().then(() => {
      next = null;
      return call();
    });
    return next;
  };
}
