/** The functions through which we touch files and start processes: what kill-at.ts and fail-at.ts interrupt. */

/** What a call does, and so what can go wrong with it. */
export type CallKind =
  | 'open'
  | 'read'
  | 'look'
  | 'write'
  | 'sync'
  | 'rename'
  | 'link'
  | 'remove'
  | 'make'
  | 'close'
  | 'spawn';

type Calls = Readonly<Record<string, CallKind>>;

/** Of `node:fs/promises`. */
export const promiseCalls: Calls = {
  open: 'open',
  readFile: 'read',
  readdir: 'read',
  readlink: 'look',
  realpath: 'look',
  stat: 'look',
  lstat: 'look',
  writeFile: 'write',
  rename: 'rename',
  link: 'link',
  unlink: 'remove',
  rm: 'remove',
  rmdir: 'remove',
  mkdir: 'make',
};

/** Of `node:fs`. */
export const syncCalls: Calls = {
  openSync: 'open',
  readFileSync: 'read',
  readSync: 'read',
  readdirSync: 'read',
  readlinkSync: 'look',
  realpathSync: 'look',
  existsSync: 'look',
  statSync: 'look',
  lstatSync: 'look',
  fstatSync: 'look',
  writeSync: 'write',
  writeFileSync: 'write',
  fsyncSync: 'sync',
  renameSync: 'rename',
  linkSync: 'link',
  unlinkSync: 'remove',
  rmSync: 'remove',
  rmdirSync: 'remove',
  mkdirSync: 'make',
  closeSync: 'close',
};

/** Of `node:fs`, with a callback as their last argument. */
export const callbackCalls: Calls = { fsync: 'sync' };

/** Of the handles that `open` of `node:fs/promises` gives. */
export const handleCalls: Calls = {
  read: 'read',
  readFile: 'read',
  stat: 'look',
  write: 'write',
  writeFile: 'write',
  chmod: 'write',
  sync: 'sync',
  datasync: 'sync',
  close: 'close',
};
