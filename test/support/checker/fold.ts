/**
 * The model folded over a chain, commit by commit: what each operation had to do at its parent, held against the tree
 * and the message that are there. After a difference the model takes what is there, so that one fault is told once.
 */

import { adopt, newLines } from './adopt.ts';
import { absorb } from './model/absorb.ts';
import { BoardModel, type Change, type FullSegment, type PastChange } from './model/board.ts';
import { decide } from './model/decide.ts';
import type { Accepted, Call } from './model/operation.ts';
import { parseJson } from './model/parse.ts';
import { settingsPath } from './model/paths.ts';
import { carryOut, commitWords } from './model/write.ts';
import { blobId, decodeText, type PathChange, TreeReader } from './objects.ts';
import { hasQuotes, quoteArguments, unquote } from './quoted.ts';
import type { Chain, ChainCommit, CheckOptions, Trailers } from './types.ts';

export interface FoldedCommit {
  readonly commit: ChainCommit;
  /** `null` for a manual edit, and for trailers that cannot be read. */
  readonly trailers: Trailers | null;
  readonly changes: readonly PathChange[];
  /** Whether the operation is one of the model's; `null` where there is none. */
  readonly outcome: 'accepted' | 'refused' | 'unchanged' | null;
  readonly refusal: string | null;
  /** What differs from the model. */
  readonly faults: readonly string[];
}

/** One try to explain a commit. */
interface Explanation {
  readonly outcome: FoldedCommit['outcome'];
  readonly refusal: string | null;
  readonly faults: string[];
}

export class Fold {
  readonly board = new BoardModel();
  readonly reader: TreeReader;
  /** The highest version in the commits so far. */
  highestVersion = 0;
  /** How many commits the board has behind it. */
  position = 0;
  private tree: string | null = null;

  constructor(
    chain: Pick<Chain, 'objects'>,
    private readonly options: CheckOptions,
    private readonly askedArguments: (op: string) => readonly Readonly<Record<string, unknown>>[],
  ) {
    this.reader = new TreeReader(chain.objects);
    this.board.fullSegments = () => this.segmentsAt(this.tree);
  }

  private segmentsAt(tree: string | null): FullSegment[] {
    const files = tree === null ? [] : this.reader.files(tree);
    return files
      .flatMap(({ path, after }) => {
        const [, first] = /^events\/(\d{10})\.jsonl$/.exec(path) ?? [];
        if (first === undefined || after === null) return [];
        const event = parseJson(decodeText(this.reader.blob(after.oid))?.trimEnd().split('\n').at(-1) ?? '');
        const { v, ts } = (event ?? {}) as { v?: unknown; ts?: unknown };
        const last = typeof v === 'number' && typeof ts === 'string' ? { v, ts } : null;
        return [{ first: Number(first), last }];
      })
      .sort((a, b) => a.first - b.first)
      .slice(0, -1);
  }

  /** How long after its end a lease may still hold, ms: one for each way in which a client may see it. */
  skews(): number[] {
    const { clockSkewMs } = this.board.meta.settings;
    const { sharesClock, clocksCompared } = this.options;
    return [
      ...(sharesClock === true ? [] : [clockSkewMs]),
      ...(sharesClock === true || (sharesClock === 'either' && clockSkewMs > 0) ? [0] : []),
      ...(clocksCompared === true ? [Number.POSITIVE_INFINITY] : []),
    ];
  }

  get nextVersion(): number {
    return Math.max(this.highestVersion, this.board.meta.version) + 1;
  }

  step(commit: ChainCommit): FoldedCommit {
    const changes = this.reader.diff(this.tree, commit.tree);
    const trailers = typeof commit.trailers === 'object' ? commit.trailers : null;
    let explanation: Explanation = { outcome: null, refusal: null, faults: [] };
    if (typeof commit.trailers === 'string') explanation.faults.push(`the trailers are wrong: ${commit.trailers}`);
    if (trailers === null) absorb(this.board, this.reader, commit.tree, changes);
    else {
      const args = this.argumentsOf(trailers, changes);
      explanation =
        trailers.operation.kind === 'board.import'
          ? {
              outcome: 'accepted',
              refusal: null,
              faults: adopt({ ...this, tree: commit.tree }, commit, trailers, changes),
            }
          : this.explain(commit, trailers, args, changes);
      this.highestVersion = Math.max(this.highestVersion, trailers.version);
      const { id: op, kind, agent } = trailers.operation;
      if (kind === 'board.import') this.board.past.set(trailers.version, { op, kind, agent, changes: [] });
    }
    this.tree = commit.tree;
    this.position += 1;
    return { commit, trailers, changes, ...explanation };
  }

  private explain(
    commit: ChainCommit,
    trailers: Trailers,
    args: Readonly<Record<string, unknown>>,
    changes: readonly PathChange[],
  ): Explanation {
    let first: Explanation | null = null;
    for (const skewMs of this.skews()) {
      const { id, kind, agent } = trailers.operation;
      const { at: iso, version, task: newTask } = trailers;
      const moment = { at: Date.parse(iso), iso, version, skewMs };
      const call: Call = {
        id,
        kind,
        agent,
        args,
        ...moment,
        newTask,
        newMessage: kind === 'message.send' ? this.messageIn(changes) : null,
      };
      const saved = this.board.meta;
      const merge = this.faultInMerge(call);
      const verdict = decide(this.board, call);
      if (verdict.outcome === 'accepted') {
        const { files, undo } = carryOut(this.board, verdict, call);
        const faults = [
          ...merge,
          ...this.compareFiles(files, changes, commit),
          ...this.compareMessage(commit, trailers, verdict, call),
        ];
        if (faults.length === 0) {
          this.remember(call, verdict, undo);
          return { outcome: 'accepted', refusal: null, faults };
        }
        first ??= { outcome: 'accepted', refusal: null, faults };
        this.board.apply(undo);
        this.board.meta = saved;
      } else {
        const refusal = verdict.outcome === 'refused' ? verdict.code : null;
        const why =
          verdict.outcome === 'refused'
            ? `had to be refused with ${verdict.code}: ${verdict.why}`
            : 'had nothing to do';
        first ??= { outcome: verdict.outcome, refusal, faults: [`${kind} ${why}`] };
      }
    }
    absorb(this.board, this.reader, commit.tree, changes);
    return first ?? { outcome: null, refusal: null, faults: [] };
  }

  /** The id of a message in the line that the mutation wrote. */
  private messageIn(changes: readonly PathChange[]): string | null {
    const event = parseJson(newLines(this.reader, changes).at(-1) ?? '') as
      | Readonly<Record<string, unknown>>
      | undefined;
    return event?.action === 'message_sent' && typeof event.message === 'string' ? event.message : null;
  }

  /** For an `undo` that comes later. Locks, and when agents were seen, are none of its matters. */
  private remember(
    { id: op, kind, agent, version }: Call,
    { changes }: Pick<Accepted, 'changes'>,
    undo: readonly Change[],
  ): void {
    const past = changes.flatMap((change): PastChange[] => {
      const { what, key } = change;
      if (what !== 'task' && what !== 'workstream' && what !== 'knowledge') return [];
      const earlier = undo.find((other) => other.what === what && other.key === key);
      const before = earlier?.what === what ? earlier.after : null;
      return [{ what, key, before, after: change.after }];
    });
    this.board.past.set(version, { op, kind, agent, changes: past });
  }

  private compareFiles(
    files: ReadonlyMap<string, string | null>,
    changes: readonly PathChange[],
    commit: ChainCommit,
  ): string[] {
    const faults: string[] = [];
    for (const { path, after } of changes) {
      if (files.has(path)) continue;
      faults.push(after === null ? `${path} is gone` : `${path} was changed`);
    }
    const changesByPath = new Map(changes.map((change) => [change.path, change]));
    for (const [path, text] of files) {
      const change = changesByPath.get(path);
      const there = change === undefined ? this.reader.at(commit.tree, path) : change.after;
      if (text === null && there !== null) faults.push(`${path} is still there`);
      if (text === null) continue;
      if (there === null) faults.push(`${path} is missing`);
      else if (there.mode !== '100644') faults.push(`${path} has the mode ${there.mode}`);
      else if (there.oid !== blobId(text, there.oid.length)) {
        const found = decodeText(this.reader.blob(there.oid)) ?? '(no text)';
        faults.push(`${path} differs: ${difference(text, found)}`);
      }
    }
    return faults;
  }

  private compareMessage(commit: ChainCommit, trailers: Trailers, accepted: Accepted, call: Call): string[] {
    const faults: string[] = [];
    const { operation, base, batch } = trailers;
    const lines = [
      `Orc-Version: ${trailers.version}`,
      `Orc-Base: ${base}`,
      `Orc-At: ${trailers.at}`,
      `Orc-Op: ${JSON.stringify({ ...operation, args: quoteArguments(call.kind, call.args, commit.oid.length) })}`,
    ];
    const { event } = accepted;
    const task_id = event.task_id ?? event.data?.task_id;
    if (task_id !== undefined) lines.push(`Orc-Task: ${task_id}`);
    if (makesHold(accepted, call.id)) lines.push(`Orc-Token: ${trailers.version}`);
    lines.push(`Orc-Result: ${JSON.stringify(accepted.result)}`);
    if (batch !== null) lines.push(`Orc-Batch: ${batch.id} ${batch.k}/${batch.n}`);
    const message = `${commitWords(accepted, call)}${lines.join('\n')}\n`;
    if (commit.message !== message) faults.push(`the message differs: ${difference(message, commit.message)}`);
    const seconds = Math.floor(call.at / 1000);
    const { author, committer } = commit;
    if (author.time !== seconds || committer.time !== seconds) faults.push('the commit has another time than Orc-At');
    const local = call.agent.replace(/[^A-Za-z0-9._-]+/g, '-');
    const { board, settings } = this.board.meta;
    const email = settings.authors.get(call.agent) ?? `${local}@${board.slice(0, 8)}.orc`;
    if (author.name !== call.agent || author.email !== email)
      faults.push(`the author is ${author.name} <${author.email}>, not ${call.agent} <${email}>`);
    return faults;
  }

  /** A text that was merged has no line that neither its author nor the topic had. */
  private faultInMerge({ kind, args, id }: Call): string[] {
    const asked = this.askedArguments(id);
    if (kind !== 'knowledge.write' || args.merged !== true || asked.length === 0) return [];
    const linesOf = (text: unknown): string[] => String(text ?? '').split('\n');
    const known = new Set([
      ...linesOf(this.board.knowledge.get(String(args.topic))?.content),
      ...asked.flatMap(({ content }) => linesOf(content)),
    ]);
    const strange = linesOf(args.content).find((line) => !known.has(line));
    return strange === undefined ? [] : [`the merged text has a line of nobody's: ${excerpt(strange)}`];
  }

  /** The arguments with their long texts, which stand in the tree. */
  private argumentsOf(trailers: Trailers, changes: readonly PathChange[]): Readonly<Record<string, unknown>> {
    const { id, args } = trailers.operation;
    if (!hasQuotes(args)) return args;
    return unquote(args, this.sourcesOf(id, changes)) as Readonly<Record<string, unknown>>;
  }

  private *sourcesOf(op: string, changes: readonly PathChange[]): Generator<unknown> {
    yield this.askedArguments(op);
    yield this.board.meta.settingsText;
    const files: { path: string; text: string }[] = [];
    for (const { path, after } of changes) {
      const text = after === null || after.mode !== '100644' ? null : decodeText(this.reader.blob(after.oid));
      if (text === null) continue;
      files.push({ path, text });
      yield text;
      if (path.endsWith('.json')) yield parseJson(text);
      if (path.endsWith('.jsonl')) for (const line of text.trimEnd().split('\n').slice(-2)) yield parseJson(line);
    }
    if (this.tree !== null) return;
    // what a board begins with, listed as a template is read
    yield files.filter(
      ({ path }) => !/^(BOARD\.md|state\.json|events\/.*|knowledge\/.*)$/.test(path) && path !== settingsPath,
    );
    yield files.filter(({ path }) => path.startsWith('knowledge/')).map(topicOf);
  }
}

function topicOf({ path, text }: { readonly path: string; readonly text: string }): unknown {
  return { topic: path.replace(/^knowledge\/(.*)\.md$/, '$1'), content: text.replace(/^---\n.*?\n---\n/s, '') };
}

function makesHold({ changes }: Accepted, op: string): boolean {
  return changes.some(
    (change) =>
      (change.what === 'task' && change.after?.claim?.id === op) ||
      (change.what === 'lock' && change.after?.holders.some(({ id }) => id === op) === true),
  );
}

/** Where two texts part. */
export function difference(wanted: string, found: string): string {
  const [one, other] = [wanted.split('\n'), found.split('\n')];
  const at = one.findIndex((line, index) => line !== other[index]);
  const line = at < 0 ? one.length : at;
  return `line ${line + 1} is ${excerpt(other[line])}, not ${excerpt(one[line])}`;
}

function excerpt(line: string | undefined): string {
  return line === undefined ? 'missing' : JSON.stringify(line.length > 300 ? `${line.slice(0, 300)}…` : line);
}
