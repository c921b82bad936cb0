/** `git daemon`: plain TCP, nobody is asked who they are. */
import fs from 'node:fs';
import path from 'node:path';
import { restartable, startDaemon, startOnFreePort } from './daemon.ts';
import type { GitServer } from './git-server.ts';
import { getTool } from './tools.ts';

export async function gitDaemonServer(folder: string): Promise<GitServer> {
  const root = path.join(folder, 'repositories');
  fs.mkdirSync(root, { recursive: true });
  const begin = (port: number) =>
    startDaemon({
      command: [
        getTool('git-daemon'),
        '--export-all',
        '--enable=receive-pack',
        '--reuseaddr',
        '--max-connections=0',
        '--listen=127.0.0.1',
        `--port=${port}`,
        `--base-path=${root}`,
        root,
      ],
      folder,
      name: 'git-daemon',
      listensAt: port,
    });
  const { port, daemon } = await startOnFreePort(begin);
  return {
    name: 'git',
    port,
    url: (repository) => `git://127.0.0.1:${port}/${repository}`,
    env: {},
    repositoryPath: (repository) => path.join(root, repository),
    ...restartable(daemon, () => begin(port)),
  };
}
