/** What is looked at after a fault: the published chain, the store's remains, the clone's files, open descriptors. */
import fs from 'node:fs';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import { git } from './git-fixtures.ts';

/** Reads a board's chain as it grows, from its files, and notes what must not be. */
export class Audit {
  /** Ids of the published operations. */
  readonly operations = new Set<string>();
  readonly faults: string[] = [];
  readonly #repository: string;
  readonly #ref: string;
  #head = '';
  #version = 0;

  /** @param ref a branch of the repository */
  constructor(repository: string, ref: string) {
    this.#repository = repository;
    this.#ref = ref;
  }

  /** One chain of single parents, versions without a gap, each operation once. Gives the operations that are new. */
  read(): string[] {
    const fresh: { commit: string; text: string }[] = [];
    for (let commit = this.#readHead(); commit !== this.#head; ) {
      const text = this.#readCommit(commit);
      fresh.unshift({ commit, text });
      const parents = [...text.matchAll(/^parent (\w+)$/gm)].map((match) => match[1] as string);
      if (parents.length > 1 || (parents.length === 0 && this.#head !== '')) {
        this.faults.push(`${commit} has ${parents.length} parents, and does not lead to ${this.#head}`);
        break;
      }
      commit = parents[0] ?? '';
    }
    return fresh.map(({ commit, text }) => this.#take(commit, text));
  }

  #take(commit: string, text: string): string {
    const version = Number(/^Orc-Version: (\d+)$/m.exec(text)?.[1]);
    const { id = '' } = JSON.parse(/^Orc-Op: (.*)$/m.exec(text)?.[1] ?? '{}') as { id?: string };
    if (version !== this.#version + 1) this.faults.push(`version ${version} stands above ${this.#version}`);
    if (id === '' || this.operations.has(id)) this.faults.push(`operation "${id}" stands twice, or has no id`);
    this.operations.add(id);
    this.#head = commit;
    this.#version = version;
    return id;
  }

  #readHead(): string {
    const file = path.join(this.#repository, this.#ref);
    if (fs.existsSync(file)) return fs.readFileSync(file, 'latin1').trim();
    // After so many pushes the receiving git may have packed it.
    return git(this.#repository, 'for-each-ref', '--format=%(objectname)', this.#ref).trim();
  }

  #readCommit(oid: string): string {
    const file = path.join(this.#repository, 'objects', oid.slice(0, 2), oid.slice(2));
    if (!fs.existsSync(file)) return git(this.#repository, 'cat-file', 'commit', oid);
    return inflateSync(fs.readFileSync(file)).toString('utf8');
  }
}

/** Locks and temporary files of a store. */
export function remainsIn(store: string): Set<string> {
  const found = new Set<string>();
  for (const folder of ['', 'queue', 'rejected', 'objects', 'objects/pack', 'refs', 'holds']) {
    const at = path.join(store, folder);
    if (!fs.existsSync(at)) continue;
    const isDeep = folder === 'refs' || folder === 'holds';
    for (const name of fs.readdirSync(at, { recursive: isDeep, encoding: 'utf8' })) {
      const file = path.join(folder, name);
      if (/\.lock|[.-]tmp|tmp_|\.new$|^refs\/orc\/fetch\/./.test(file)) found.add(file);
    }
  }
  return found;
}

/** The files below a folder, what is in them and when they were changed; `but` and what is in it left out. */
export function filesOf(folder: string, but: string): Map<string, string> {
  const files = new Map<string, string>();
  const walk = (at: string): void => {
    for (const entry of fs.readdirSync(at, { withFileTypes: true })) {
      const file = path.join(at, entry.name);
      if (file === path.dirname(but)) continue;
      if (entry.isDirectory()) walk(file);
      else files.set(path.relative(folder, file), `${fs.statSync(file).mtimeMs} ${fs.readFileSync(file, 'latin1')}`);
    }
  };
  walk(folder);
  return files;
}

/** Files that this process holds open; pipes and sockets of child processes left out. */
export function openDescriptors(): number {
  if (process.platform !== 'linux') return 0;
  const targets = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith('/') && !target.startsWith('/dev/')).length;
}
