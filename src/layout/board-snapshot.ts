/**
 * A board that was read once, as one text: what opening it gives, without its files.
 *
 * Made to be read fast: no schema is asked, for every record in it has passed one. So only the orc that wrote it may read
 * it back, and whoever keeps such a text has to see to it that it comes back as it was.
 */
import { Board, type Records } from '../core/board.ts';
import { isOpen } from '../core/records.ts';
import { type CollectionName, Shelf } from '../core/shelf.ts';
import type { EventTail } from './events.ts';
import type { ReadBoard } from './read-board.ts';

/** Grows with every change of what a snapshot holds, or of how files become records. */
export const snapshotForm = 3;

export interface BoardSnapshot {
  readonly read: ReadBoard;
  readonly tail: EventTail;
}

/** What is always in memory; closed tasks and the rest come from the branch when they are asked for. */
type Hot = Extract<CollectionName, 'workstreams' | 'agents' | 'locks' | 'messages'>;
type Entries<Name extends CollectionName> = (readonly [string, Records[Name]])[];

interface Contents extends Pick<Board, 'meta' | 'settings' | 'settingsText'> {
  readonly counts: readonly (readonly [string, Parameters<Board['setCounts']>[1]])[];
  readonly cycleNumbers: readonly number[];
  readonly topics: readonly string[];
  readonly hot: { readonly [Name in Hot]: Entries<Name> };
  readonly faults: ReadBoard['faults'];
  readonly writeBlock: ReadBoard['writeBlock'];
  readonly tail: EventTail;
  /** Open tasks: last, so that they can be put in as their files have them. */
  readonly tasks: Entries<'tasks'>;
}

export function encodeSnapshot(snapshot: BoardSnapshot): string {
  const [before, after] = encodeAroundTasks(snapshot);
  const open = [...snapshot.read.board.tasks.entries()].filter(([, task]) => isOpen(task));
  return `${before}${JSON.stringify(open).slice(1, -1)}${after}`;
}

/** What stands before and after the open tasks. Each of them is `["<id>",<its record as JSON>]`, with commas between. */
export function encodeAroundTasks({ read, tail }: BoardSnapshot): readonly [before: string, after: string] {
  const { board, faults, writeBlock } = read;
  const { meta, settings, settingsText } = board;
  const contents: Omit<Contents, 'tasks'> = {
    meta,
    settings,
    settingsText,
    counts: [...board.counts()],
    cycleNumbers: [...board.cycleNumbers],
    topics: [...board.topics],
    hot: {
      workstreams: [...board.workstreams.entries()],
      agents: [...board.agents.entries()].filter(([, { status }]) => status === 'active'),
      locks: [...board.locks.entries()],
      messages: [...board.messages.entries()],
    },
    faults,
    writeBlock,
    tail,
  };
  return [`${JSON.stringify(contents).slice(0, -1)},"tasks":[`, ']}'];
}

/** @throws SyntaxError, TypeError for what `encodeSnapshot` did not write */
export function decodeSnapshot(text: string): BoardSnapshot {
  const contents = JSON.parse(text) as Contents;
  const { hot, faults, writeBlock, tail } = contents;
  const board = new Board({
    ...contents,
    counts: new Map(contents.counts),
    workstreams: new Shelf('workstreams', true, hot.workstreams),
    tasks: new Shelf('tasks', false, contents.tasks),
    agents: new Shelf('agents', false, hot.agents),
    locks: new Shelf('locks', true, hot.locks),
    messages: new Shelf('messages', true, hot.messages),
    cycles: new Shelf('cycles', false),
    knowledge: new Shelf('knowledge', false),
    files: new Shelf('files', false),
  });
  return { read: { board, faults, writeBlock }, tail };
}
