/** The servers of `git-server.ts` in vitest: started before, ended after, skipped loudly where a program is missing. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Orc, openOrc } from '../../../src/index.ts';
import { makeTempDir } from '../temp-dir.ts';
import {
  addRepository,
  type GitServer,
  neededTools,
  type ServerName,
  type Servers,
  startServer,
} from './git-server.ts';
import { requireTools } from './tools.ts';

/** A fresh repository at a server, and clones of it. */
export interface Place {
  readonly repository: string;
  /** Where it lies. */
  readonly remote: string;
  readonly url: string;
  /** For commands and the API: this process's own, with what the server asks for. */
  readonly env: NodeJS.ProcessEnv;
  /** A clone with a work tree, in a folder of its own. */
  clone(): string;
}

/** Describes what holds at one server. `server()` and `place()` are for use within tests. `env`: for those who use the place. */
export function describeServer<Name extends ServerName>(
  name: Name,
  title: string,
  body: (server: () => Servers[Name], place: () => Place) => void,
  env: NodeJS.ProcessEnv = {},
): void {
  describe.skipIf(!requireTools(neededTools[name]))(`${name}: ${title}`, () => {
    let server: Servers[Name] | null = null;
    let folder = '';
    beforeAll(async () => {
      folder = fs.mkdtempSync(path.join(fs.realpathSync(tmpdir()), 'orc-test-'));
      server = await startServer(name, folder);
    });
    afterAll(async () => {
      await server?.stop();
      if (folder !== '') fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    });
    const running = (): Servers[Name] => {
      if (server === null) throw new Error('the server is not running');
      return server;
    };
    body(running, () => makePlace(running(), env));
  });
}

function makePlace(server: GitServer, more: NodeJS.ProcessEnv): Place {
  const repository = `${randomBytes(6).toString('hex')}.git`;
  const url = addRepository(server, repository);
  const env = { ...process.env, ...server.env, ...more };
  return {
    repository,
    remote: server.repositoryPath(repository),
    url,
    env,
    clone() {
      const folder = path.join(makeTempDir(), 'clone');
      execFileSync('git', ['clone', '--quiet', url, folder], { env, stdio: 'pipe' });
      return folder;
    },
  };
}

/** Begins a board in a new clone, with the workstream `w`. */
export async function beginBoard(place: Place): Promise<{ clone: string; orc: Orc }> {
  const clone = place.clone();
  const orc = await openOrc({ cwd: clone, env: place.env, create: true });
  await orc.createWorkstream('w');
  return { clone, orc };
}
