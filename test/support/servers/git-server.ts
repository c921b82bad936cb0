/**
 * Git servers on this machine, for tests and for scripts: a folder, sshd, nginx with git's http-backend, and git daemon.
 * They listen on 127.0.0.1, run as the present user, and keep everything that they write in one folder.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileServer } from './file-server.ts';
import { gitDaemonServer } from './git-daemon-server.ts';
import { type HttpServer, httpServer } from './http-server.ts';
import { type SshServer, sshServer } from './ssh-server.ts';

export const serverNames = ['file', 'ssh', 'http', 'git'] as const;
export type ServerName = (typeof serverNames)[number];

export interface GitServer {
  readonly name: ServerName;
  /** 0 for `file`. */
  readonly port: number;
  /** The address of a repository, with credentials where the server asks for some. */
  url(repository: string): string;
  /** What a client needs in its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Where the repository lies. It has to be made there (`addRepository`) before it is used. */
  repositoryPath(repository: string): string;
  /** From now on nobody is answered. */
  stop(): Promise<void>;
  /** After `stop`: back at the same address. */
  start(): Promise<void>;
}

/** What each server can say beyond `GitServer`. */
export interface Servers {
  readonly file: GitServer;
  readonly ssh: SshServer;
  readonly http: HttpServer;
  readonly git: GitServer;
}

const makers: { readonly [Name in ServerName]: (folder: string) => Promise<Servers[Name]> } = {
  file: fileServer,
  ssh: sshServer,
  http: httpServer,
  git: gitDaemonServer,
};

/** The programs that each server needs, beside git itself. */
export const neededTools: Readonly<Record<ServerName, readonly string[]>> = {
  file: [],
  ssh: ['sshd', 'ssh', 'ssh-keygen'],
  http: ['nginx', 'fcgiwrap', 'git-http-backend'],
  git: ['git-daemon'],
};

/**
 * Starts a server that keeps its repositories, keys, settings and logs in `folder` (absolute, existing). It ends with
 * this process, however that ends.
 * @throws Error with the end of its log when it does not start
 */
export function startServer<Name extends ServerName>(name: Name, folder: string): Promise<Servers[Name]> {
  return makers[name](folder);
}

/** Makes an empty bare repository at the server, and gives its address. */
export function addRepository(server: GitServer, repository: string): string {
  const folder = server.repositoryPath(repository);
  const env = { PATH: process.env.PATH, HOME: path.dirname(folder), GIT_CONFIG_NOSYSTEM: '1' };
  const run = (...args: string[]) => execFileSync('git', args, { env, stdio: 'pipe' });
  run('init', '--quiet', '--bare', '--initial-branch=main', folder);
  run('-C', folder, 'config', 'http.receivepack', 'true');
  return server.url(repository);
}
