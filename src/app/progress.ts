/** How far a batch has come, for who waits for a long one. */

export interface BatchProgress {
  /**
   * `checked`: its arguments are in order. `decided`: so many operations are decided and made into commits; from the beginning again when
   * somebody else was first. `settled`: it is known what became of them. `read`: so many closed tasks were looked at, to compact a board.
   */
  readonly stage: 'checked' | 'read' | 'decided' | 'settled';
  readonly done: number;
  readonly of: number;
}

export type ProgressListener = (progress: BatchProgress) => void;

/** Who hears of what a session decides: one call at a time. */
export interface Progress {
  listener: ProgressListener | null;
}

/** About so many times a batch is told how far it has come. */
const steps = 100;

/** Runs a piece of work whose progress somebody wants to hear of: not each step of it, and nothing that others ask for meanwhile. */
export async function withProgress<T>(
  { progress, of }: { readonly progress: Progress; readonly of: number },
  listener: ProgressListener | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (listener === undefined || progress.listener !== null) return work();
  const stride = Math.ceil(of / steps);
  progress.listener = (each) => {
    if (each.of === of && each.done % stride === 0) listener(each);
  };
  try {
    listener({ stage: 'checked', done: of, of });
    const result = await work();
    listener({ stage: 'settled', done: of, of });
    return result;
  } finally {
    progress.listener = null;
  }
}
