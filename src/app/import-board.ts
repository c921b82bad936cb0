/** Takes over a board of the original single-file tool, or an export: all of it, in one mutation, or nothing. */
import { apply, checkOperation } from '../core/apply.ts';
import type { Operation, Refusal } from '../core/operation.ts';
import { findSecret } from '../core/secrets.ts';
import { OrcError } from '../errors.ts';
import { type ImportRequest, importArguments, placeOf } from './import-arguments.ts';
import { type ImportFolder, importFault, readImportFolder } from './import-folder.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import { type Performed, refusalError } from './performed.ts';

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
  const folder = await readImportFolder(dir);
  const request = importArguments(folder);
  const args = rest.allowSecret === true ? { ...request, allow_secret: true } : { ...request };
  const agent = await orc.actor(rest.agent);
  const operation: Operation = { id: orc.world.chance.id(), kind: 'board.import', agent, args };
  const checked = checkOperation(operation);
  if ('outcome' in checked) throw placedError(folder, request, checked);
  const data = countsOf(folder, request);
  if (dryRun !== true) return { ...(await performNow(orc, operation, rest)), data };
  const version = await rehearse(orc, operation);
  return { data, published: null, state: 'none', version, op: operation.id, commit: null, reason: null };
}

/** Decides it on the board as it is known here. */
async function rehearse(orc: OrcCore, operation: Operation): Promise<number> {
  const at = orc.world.clock.now();
  return orc.ask((board) => {
    const { version } = board.meta;
    const decision = apply(board, operation, { at, version: version + 1, clockSkewMs: 0 });
    if (decision.outcome === 'refused') throw refusalError(decision, null);
    return version;
  });
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
