/** What pushing and fetching one change costs: counted, not timed. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { World } from '../../src/app/connect.ts';
import { createPortableStore } from '../../src/git/portable/portable-store.ts';
import type { GitStore, Oid } from '../../src/git/store.ts';
import { openSharedBoard, worldAt } from '../support/boards.ts';
import { fakeGitServer } from '../support/fake-git-server.ts';
import { git, readRef } from '../support/git-fixtures.ts';
import { portableTo } from '../support/portable-joins.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ref = 'refs/heads/orc';
const upstreamRef = 'refs/remotes/upstream/orc';

interface Cost {
  /** Objects of the pack. */
  readonly sent: number;
  /** Of the push's request, in bytes. */
  readonly bytes: number;
  /** Asked of the store, to push. */
  readonly read: number;
  /** Of the answer to a fetch of the same change, and asked of the store then. */
  readonly fetchedBytes: number;
  readonly readToFetch: number;
}

/** The same ids and times in every run. */
function seededWorld(seed: string): World {
  let count = 0;
  const id = () => createHash('sha256').update(`${seed} ${count++}`).digest('hex').slice(0, 32);
  return { ...worldAt('2026-01-01T00:00:00.000Z'), chance: { id, fraction: () => 0.5 } };
}

async function costOfOneChange(tasks: number): Promise<Cost> {
  const { orc, remote } = await openSharedBoard({ world: seededWorld('cost') });
  await orc.createWorkstream('w');
  for (let done = 0; done < tasks; done += 500) {
    const requests = Array.from({ length: Math.min(500, tasks - done) }, (_, index) => ({
      kind: 'task.add',
      args: { workstream: 'w', title: `Task ${done + index} of many, with a title of the usual length` },
    }));
    await orc.batch(requests, { timeoutMs: 120_000 });
  }
  const before = readRef(remote, ref) as Oid;
  await orc.getNextTask('w', 'agent-1');
  const after = readRef(remote, ref) as Oid;
  expect(git(remote, 'rev-list', '--count', `${before}..${after}`)).toBe('1');
  git(remote, 'update-ref', 'refs/heads/main', before); // so that this alone is fetched first
  let fetchedBytes = 0;
  const answering = await fakeGitServer(remote, {
    onAnswer: (_, { body }) => {
      fetchedBytes = body.length;
    },
  });
  const plain = await createPortableStore(`${makeTempDir()}/board.git`, { objectFormat: 'sha1' });
  let read = 0;
  const store: GitStore = {
    path: plain.path,
    objectFormat: plain.objectFormat,
    hashObject: (type, bytes) => plain.hashObject(type, bytes),
    readObjects: (oids) => {
      read += oids.length;
      return plain.readObjects(oids);
    },
    writeObjects: (objects) => plain.writeObjects(objects),
    readRef: (name) => plain.readRef(name),
    listRefs: (prefix) => plain.listRefs(prefix),
    updateRefs: (updates) => plain.updateRefs(updates),
    isAncestor: (ancestor, descendant) => plain.isAncestor(ancestor, descendant),
    close: () => plain.close(),
  };
  const main = portableTo(store, answering.url(), { ref: 'refs/heads/main' });
  expect(await main.fetch()).toEqual({ outcome: 'fetched', head: before });
  await plain.updateRefs([{ ref: upstreamRef, from: null, to: before }]);
  read = 0;
  expect(await portableTo(store, answering.url()).fetch()).toEqual({ outcome: 'fetched', head: after });
  const [readToFetch, answered] = [read, fetchedBytes];
  await plain.updateRefs([{ ref: upstreamRef, from: before, to: after }]);

  git(remote, 'update-ref', ref, before);
  let sent = 0;
  const receiving = await fakeGitServer(remote);
  const transport = portableTo(store, receiving.url(), {
    onSend: ({ objects }) => {
      sent = objects;
    },
  });
  read = 0;
  expect(await transport.push(after)).toMatchObject({ outcome: 'taken' });
  expect(readRef(remote, ref)).toBe(after);
  const bytes = receiving.seen.find(({ method }) => method === 'POST')?.size ?? 0;
  return { sent, bytes, read, fetchedBytes: answered, readToFetch };
}

test('one change costs the same on a board of 20 tasks and on one of 2 000', async () => {
  const small = await costOfOneChange(20);
  const large = await costOfOneChange(2000);
  for (const key of ['sent', 'bytes', 'read', 'fetchedBytes', 'readToFetch'] as const) {
    expect(small[key], key).toBeGreaterThan(0);
    expect(large[key] / small[key], `${key}: ${JSON.stringify({ small, large })}`).toBeLessThanOrEqual(1.5);
  }
}, 180_000);
