/** Takes over a board of the original single-file tool, or an export: all of it, in one mutation, or nothing. */
import { advance, apply, checkOperation } from '../core/apply.ts';
import { Board } from '../core/board.ts';
import type { Decision, Operation, Refusal } from '../core/operation.ts';
import { findSecret } from '../core/secrets.ts';
import { OrcError } from '../errors.ts';
import { type ImportRequest, importArguments, placeOf } from './import-arguments.ts';
import { type ImportFolder, importFault, readImportFolder } from './import-folder.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import { type Performed, refusalError } from './performed.ts';
import { readTemplate } from './template.ts';
import type { World } from './world.ts';

export interface ImportCounts {
  readonly workstreams: number;
  readonly tasks: number;
  readonly agents: number;
  readonly events: number;
  readonly knowledge: number;
  readonly locks: number;
}

export interface ImportResult extends ImportCounts {
  /** What orc holds otherwise than the folder had it, one sentence each; an export writes it back. */
  readonly adjusted: readonly string[];
  /** Files of the folder that belong to no board. */
  readonly skipped: readonly string[];
}

export interface ImportOptions extends Omit<MutationOptions, 'publish' | 'requirePublished' | 'op'> {
  /** Check everything, change nothing. */
  readonly dryRun?: boolean;
}

/**
 * @throws OrcError `import-failed`, `invalid-argument`, `too-large`, `secret-found` with file, line and field;
 *   `already-exists`; `not-published` when the upstream cannot be reached: it is never queued
 */
export async function importBoard(
  orc: OrcCore,
  dir: string,
  options: ImportOptions = {},
): Promise<Performed<ImportResult>> {
  const { dryRun, ...rest } = options;
  const agent = await orc.actor(rest.agent);
  const { operation, data } = await readRequest(dir, { ...rest, agent }, orc.world);
  if (dryRun !== true) return { ...(await performNow(orc, operation, rest)), data };
  const version = await orc.ask((board) => rehearse(board, operation, orc.world));
  return rehearsed(operation, data, version);
}

/** As `dryRun` where there is no board yet: on one that has just begun, as an import begins it. @throws as `importBoard` */
export async function rehearseOnNewBoard(
  dir: string,
  { agent = 'system', allowSecret = false }: Pick<ImportOptions, 'agent' | 'allowSecret'>,
  world: World,
): Promise<Performed<ImportResult>> {
  const { operation, data } = await readRequest(dir, { agent, allowSecret }, world);
  const board = Board.empty();
  const init = { id: world.chance.id(), kind: 'board.init', agent: 'system' };
  const begun = decide(board, { ...init, args: { board: world.chance.id(), ...(await readTemplate()) } }, world);
  if (begun.outcome === 'accepted') advance(board, begun);
  rehearse(board, operation, world);
  return rehearsed(operation, data, 0);
}

/** The operation that a folder asks for. */
async function readRequest(
  dir: string,
  { agent, allowSecret }: { readonly agent: string; readonly allowSecret?: boolean | undefined },
  world: World,
): Promise<{ readonly operation: Operation; readonly data: ImportResult }> {
  const folder = await readImportFolder(dir);
  const request = importArguments(folder);
  const args = allowSecret === true ? { ...request, allow_secret: true } : { ...request };
  const operation: Operation = { id: world.chance.id(), kind: 'board.import', agent, args };
  const checked = checkOperation(operation);
  if ('outcome' in checked) throw placedError(folder, request, checked);
  return { operation, data: countsOf(folder, request) };
}

function decide(board: Board, operation: Operation, { clock }: World): Decision {
  return apply(board, operation, { at: clock.now(), version: board.meta.version + 1, clockSkewMs: 0 });
}

/** Decides it on the board as it is known here. @returns the board's version */
function rehearse(board: Board, operation: Operation, world: World): number {
  const decision = decide(board, operation, world);
  if (decision.outcome === 'refused') throw refusalError(decision, null);
  return board.meta.version;
}

function rehearsed({ id: op }: Operation, data: ImportResult, version: number): Performed<ImportResult> {
  return { data, published: null, state: 'none', version, op, commit: null, reason: null };
}

async function performNow(orc: OrcCore, { id, args }: Operation, options: ImportOptions): Promise<Performed> {
  // Not `requirePublished`: that would keep trying until the deadline where the upstream plainly cannot be reached.
  const performed = await orc.perform('board.import', args, {
    ...options,
    op: id,
    publish: 'each',
    requirePublished: false,
  });
  if (performed.published === true) return performed;
  const { session } = orc.connection;
  await session.queue.forget([id]);
  await session.rebuildLocal();
  const isSent = performed.state === 'unknown';
  throw new OrcError(
    'not-published',
    `an import is published at once or not at all: ${performed.reason ?? 'no answer'}`,
    {
      hint: isSent
        ? 'it was sent and no answer came; import again when the upstream answers: what is in already is not imported twice'
        : 'nothing was imported; import again when the upstream can be reached',
      details: { state: isSent ? 'unknown' : 'none', op: id },
    },
  );
}

function countsOf(folder: ImportFolder, request: ImportRequest): ImportResult {
  return {
    workstreams: request.workstreams.length,
    tasks: request.workstreams.reduce((sum, { tasks }) => sum + tasks.length, 0),
    agents: request.agents.length,
    events: request.events.length,
    knowledge: request.knowledge.length,
    locks: request.locks.length,
    adjusted: request.adjusted
      .filter(({ field }) => field !== 'header')
      .map(({ record, field, was, is }) => `${record}: ${field} ${JSON.stringify(was)} became ${JSON.stringify(is)}`),
    skipped: folder.skipped,
  };
}

/** Core names an argument; people know files and lines. */
function placedError(folder: ImportFolder, request: ImportRequest, refusal: Refusal): OrcError {
  const { code, message } = refusal;
  if (code === 'secret-found') {
    const place = findSecretPlace(folder, request);
    return place === null
      ? refusalError(refusal, null)
      : importFault(place, `${message}; --allow-secret insists`, code);
  }
  const [, path, words] =
    /^((?:workstreams|agents|locks|events|knowledge|version|updated_at)\b\S*) (.*)$/s.exec(message) ?? [];
  if (path === undefined || words === undefined) return refusalError(refusal, null);
  return importFault(placeOf(folder, request, path.split('.')), words, code === 'too-large' ? code : 'import-failed');
}

function findSecretPlace(folder: ImportFolder, request: ImportRequest) {
  for (const list of ['events', 'knowledge', 'agents', 'locks', 'workstreams'] as const) {
    for (const [index, record] of request[list].entries()) {
      const where = faultyField(record, (value) => findSecret(value) !== null);
      if (where !== null) return placeOf(folder, request, [list, String(index), ...where]);
    }
  }
  return null;
}

/** The way to the innermost value that is at fault. */
function faultyField(value: unknown, isFaulty: (value: unknown) => boolean): string[] | null {
  if (!isFaulty(value)) return null;
  if (typeof value !== 'object' || value === null) return [];
  for (const [key, inner] of Object.entries(value)) {
    const found = faultyField(inner, isFaulty);
    if (found !== null) return [key, ...found];
  }
  return [];
}
