/** Boards of which only a part is loaded, in an order of their own. */
import type { Board } from '../../src/core/board.ts';
import { MissingRecord, Shelf } from '../../src/core/shelf.ts';
import { randomSource } from '../checker/random-source.ts';

/** What is always loaded, in an order out of a seed; closed tasks have to be asked for. */
export function shuffled(board: Board, seed: number): Board {
  const random = randomSource(seed);
  const mixed = <Value>(values: Iterable<Value>): Value[] =>
    [...values]
      .map((value) => ({ value, key: random.fraction() }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value);
  const byId = <Value extends { readonly id: string }>(values: Iterable<Value>) =>
    mixed(values).map((value) => [value.id, value] as const);
  return board.clone({
    workstreams: new Shelf(
      'workstreams',
      true,
      mixed(board.workstreams.loaded()).map((each) => [each.name, each] as const),
    ),
    agents: new Shelf('agents', true, byId(board.agents.loaded())),
    locks: new Shelf(
      'locks',
      true,
      mixed(board.locks.loaded()).map((each) => [each.resource, each] as const),
    ),
    tasks: new Shelf('tasks', false, byId(board.openTasks())),
  });
}

export interface LoadedAnswer<T> {
  readonly answer: T;
  /** How often the question was asked; one more than something was loaded. */
  readonly rounds: number;
  /** How many records were loaded. */
  readonly loaded: number;
}

/** Asks a question of a board that is loaded in part, and loads what it needs, as the driver does. */
export function partlyLoaded<T>(whole: Board, seed: number, question: (board: Board) => T): LoadedAnswer<T> {
  const board = shuffled(whole, seed);
  let loaded = 0;
  for (let rounds = 1; ; rounds++) {
    try {
      return { answer: question(board), rounds, loaded };
    } catch (error) {
      if (!(error instanceof MissingRecord)) throw error;
      loaded += error.keys.length;
      for (const key of error.keys) board.provide(error.collection, key, whole[error.collection].get(key) ?? null);
    }
  }
}
