/** A board that stands alone moves to a remote that was added later. */

import { shellWord } from '../core/shell-word.ts';
import { OrcError } from '../errors.ts';
import type { Oid } from '../git/store.ts';
import { refusalHint } from '../sync/refusal-hint.ts';
import { connect, type World } from './connect.ts';
import { dropHostBranch } from './host-view.ts';
import type { OpenedBoard } from './open-board.ts';
import { type StoreConfig, type UpstreamChoice, writeStoreConfig } from './store-config.ts';

/**
 * Takes a board to a remote that was added later: publishes it there, or joins the same board where it is there already.
 * @throws OrcError `already-exists` for a board that is shared already, `board-mismatch` where another board is, `unreachable`, `upstream-refused`, `not-published` while operations wait
 */
export async function moveBoard(existing: OpenedBoard, upstream: UpstreamChoice, world: World): Promise<OpenedBoard> {
  const { surroundings, store, session } = existing;
  const { kind } = existing.config.upstream;
  if ((kind !== 'host' && kind !== 'none') || upstream.kind === 'host' || upstream.kind === 'none') {
    // Others share it there: a clone that went elsewhere alone would split the board.
    throw new OrcError('already-exists', `this clone has its board at ${existing.transport.label} already`, {
      hint: `one clone, one board: another one lives on another branch (--branch NAME)${whereItMoved(existing.config)}`,
    });
  }
  const synced = await session.sync({ timeoutMs: 30_000 });
  if (synced.waiting > 0) {
    throw new OrcError(
      'not-published',
      `${synced.waiting} operations wait for ${existing.transport.label}: ${synced.reason}`,
      {
        hint: 'run `orc sync` until nothing waits, then move the board',
      },
    );
  }
  const config: StoreConfig = { ...existing.config, upstream };
  const target = await connect(surroundings, store, config, world);
  const { label } = target.transport;
  const there = await target.transport.readHead({ timeoutMs: 30_000 });
  if (there.outcome === 'unreachable')
    throw new OrcError('unreachable', `${label} could not be reached: ${there.reason}`);
  const own = (await session.view.head()).commit as Oid;
  // An older state, such as plain git had pushed there before: to go on from it would be to wait for what nobody else has.
  if (there.head === null || (there.head !== own && (await store.isAncestor(there.head, own)))) {
    const pushed = await target.transport.push(own, { timeoutMs: 120_000 });
    if (pushed.outcome !== 'taken')
      throw new OrcError('upstream-refused', `${label} did not take the board: ${pushed.reason}`, {
        hint: refusalHint(pushed.reason, config.branch),
      });
  } else {
    const fetched = await target.session.view.fetch({ timeoutMs: 120_000 }).catch((error: unknown) => {
      if (!(error instanceof OrcError) || error.code !== 'history-rewritten') throw error;
      throw new OrcError('board-mismatch', `${label} holds another board`, {
        hint: 'one clone, one board: another one lives on another branch (--branch NAME)',
      });
    });
    if (fetched.outcome === 'unreachable')
      throw new OrcError('unreachable', `${label} could not be reached: ${fetched.reason}`);
  }
  await writeStoreConfig(store.path, config);
  if (kind === 'host') await dropHostBranch(config.branch, own, surroundings);
  return { ...target, surroundings, how: 'moved' };
}

/** A remote's address is git's to know: orc has its name alone. */
function whereItMoved({ upstream }: StoreConfig): string {
  return upstream.kind === 'remote'
    ? `; where the repository has moved: \`git remote set-url ${shellWord(upstream.remote)} URL\``
    : '';
}
