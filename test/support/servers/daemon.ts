/** Starts a server program, waits until it answers, and makes sure that it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

export interface DaemonOptions {
  /** Program and arguments. It has to stay in the foreground. */
  readonly command: readonly [string, ...string[]];
  readonly folder: string;
  /** The log is `<folder>/<name>.log`. */
  readonly name: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Where it answers when it is ready: a port of 127.0.0.1 or a Unix socket. */
  readonly listensAt: number | string;
}

export interface Daemon {
  stop(): Promise<void>;
}

/** In milliseconds. */
const startLimit = 20_000;
const pollPause = 20;

/**
 * The shell around the server waits for the end of its own input, which comes when this process ends in whatever way,
 * and then kills the whole group. When the server ends by itself, so does the shell.
 */
const wrapper = '{ "$@" </dev/null; kill -9 0; } & cat >/dev/null; kill -9 0';

/** @throws Error with the end of the log when the server ends or is not ready in time */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { command, folder, name, listensAt } = options;
  const logFile = path.join(folder, `${name}.log`);
  const log = fs.openSync(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', wrapper, name, ...command], {
    cwd: folder,
    env: {
      PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
      HOME: folder,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      ...options.env,
    },
    stdio: ['pipe', log, log],
    detached: true, // a group of its own, to be killed as one
  });
  fs.closeSync(log);
  child.stdin?.on('error', () => {});
  const kill = () => killGroup(child);
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  void ended.then(() => process.removeListener('exit', kill));
  const stop = async () => {
    kill();
    await ended;
  };
  try {
    await waitUntilReady(child, listensAt);
  } catch (error) {
    await stop();
    const words = fs.readFileSync(logFile, 'utf8').slice(-2000);
    throw new Error(`${name} did not start: ${(error as Error).message}\n${words}`);
  }
  return { stop };
}

async function waitUntilReady(child: ChildProcess, address: number | string): Promise<void> {
  const deadline = performance.now() + startLimit;
  for (;;) {
    const answers = await canConnect(address);
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended at once');
    if (answers) return;
    if (performance.now() > deadline) throw new Error(`nobody listens at ${address} after ${startLimit} ms`);
    await new Promise((resolve) => setTimeout(resolve, pollPause));
  }
}

function canConnect(address: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof address === 'number' ? net.connect(address, '127.0.0.1') : net.connect(address);
    const end = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

/** A port of 127.0.0.1 on which nobody listens at the moment. */
export async function findFreePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Finds a port and starts on it; tries others, since somebody may take it in between. */
export async function startOnFreePort(
  start: (port: number) => Promise<Daemon>,
): Promise<{ port: number; daemon: Daemon }> {
  for (let tries = 1; ; tries++) {
    const port = await findFreePort();
    try {
      return { port, daemon: await start(port) };
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

/** `stop` and `start` of a server whose program is started by `begin`. */
export function restartable(
  first: Daemon,
  begin: () => Promise<Daemon>,
): { stop(): Promise<void>; start(): Promise<void> } {
  let running: Daemon | null = first;
  return {
    async stop() {
      const daemon = running;
      running = null;
      await daemon?.stop();
    },
    async start() {
      running ??= await begin();
    },
  };
}
