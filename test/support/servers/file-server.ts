/** A folder of bare repositories, reached by path. */
import fs from 'node:fs';
import path from 'node:path';
import type { GitServer } from './git-server.ts';

export async function fileServer(folder: string): Promise<GitServer> {
  const root = path.join(folder, 'repositories');
  const away = path.join(folder, 'repositories-away');
  fs.mkdirSync(root, { recursive: true });
  const repositoryPath = (repository: string) => path.join(root, repository);
  return {
    name: 'file',
    port: 0,
    url: repositoryPath,
    env: {},
    repositoryPath,
    stop: async () => {
      if (fs.existsSync(root)) fs.renameSync(root, away);
    },
    start: async () => {
      if (fs.existsSync(away)) fs.renameSync(away, root);
    },
  };
}
