/** Tables of command lines that must be refused: code, hint, and nothing written. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { orcIn, type Ran, type RunnerOptions } from './command-line.ts';

export interface Row {
  readonly words: readonly string[];
  readonly code: string;
  /** Default 2. */
  readonly exit?: number;
  readonly input?: string;
  /** Stands in the message, the hint or the refusal's own line. */
  readonly told?: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
export const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

/**
 * Everything that a refusal must leave alone: all branches (of the remote as well), the queue, what was rejected, and to
 * which board the clone is joined. An empty store may appear where somebody looked for a board.
 */
export function fingerprint(folder: string, remote: string | null = null): Record<string, unknown> {
  const store = path.join(folder, '.git/orc/board.git');
  const list = (name: string): string[] => {
    const full = path.join(store, name);
    return existsSync(full) ? readdirSync(full).sort() : [];
  };
  const config = path.join(store, 'config');
  return {
    host: refsOf(path.join(folder, '.git')),
    remote: remote === null ? null : refsOf(remote),
    queue: list('queue'),
    rejected: list('rejected'),
    joined: existsSync(config) ? (readFileSync(config, 'utf8').match(/^\[orc[^[]*/gm) ?? []) : [],
  };
}

/** All refs of a repository, from its files: asking git for them a thousand times takes longer than all the rest. */
function refsOf(gitDir: string): Record<string, string> {
  const folder = path.join(gitDir, 'refs');
  const loose = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const files = loose.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  return Object.fromEntries(
    [...files, path.join(gitDir, 'packed-refs')]
      .filter((file) => existsSync(file))
      .sort()
      .map((file) => [path.relative(gitDir, file), readFileSync(file, 'utf8')]),
  );
}

/** Runs each line for a program and for a person; says for all of them at once where they fall short. */
export async function expectRefusals(
  folder: string,
  rows: readonly Row[],
  { remote = null, ...options }: RunnerOptions & { readonly remote?: string | null } = {},
): Promise<void> {
  const before = fingerprint(folder, remote);
  const faults: unknown[] = [];
  for (const row of rows) {
    const { words, code, exit = 2, input, told = '' } = row;
    const orc = orcIn(folder, { ...options, ...(input === undefined ? {} : { input }) });
    const machine = await orc('--json', ...words);
    const person = await orc(...words);
    const after = fingerprint(folder, remote);
    const found = {
      exit: [machine.code, person.code],
      code: codeOf(machine),
      hint: hasHint(machine) && person.err.includes('hint: '),
      told: `${person.out}${person.err}`.includes(told),
      harmless: [machine.out, machine.err, person.out, person.err].every((text) => !dangerous.test(text)),
      written: JSON.stringify(after) !== JSON.stringify(before),
    };
    const wanted = { exit: [exit, exit], code, hint: true, told: true, harmless: true, written: false };
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      const short = words.map((word) => (word.length > 80 ? `${word.slice(0, 40)}… (${word.length})` : word));
      faults.push({ words: short, wanted, found, out: person.out.slice(0, 300), err: person.err.slice(0, 600) });
    }
  }
  expect(faults).toEqual([]);
}

function codeOf(ran: Ran): string {
  try {
    return ran.error().code;
  } catch {
    return `no error: ${ran.out.slice(0, 200)}${ran.err.slice(0, 200)}`;
  }
}

function hasHint(ran: Ran): boolean {
  try {
    return (ran.error().hint ?? '') !== '';
  } catch {
    return false;
  }
}
