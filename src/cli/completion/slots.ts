/** What may stand in the place of each word and each option's value: `<id>` of a task command is a task, `--status` one of six words. */

import type { TaskPurpose, ValueKind } from '../../app/local-values.ts';
import { settingKeys as boardSettings, cloneSettingKeys } from '../../core/setting-keys.ts';

/** What completes a word: records of the board, words that are always the same, or files. */
export type Slot =
  | { readonly kind: ValueKind; readonly purpose?: TaskPurpose }
  | { readonly kind: 'fixed'; readonly values: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'dirs' }
  | { readonly kind: 'remote' };

const fixed = (...values: readonly string[]): Slot => ({ kind: 'fixed', values });
const task = (purpose: TaskPurpose = 'any'): Slot => ({ kind: 'task', purpose });

const purposes: Readonly<Record<string, TaskPurpose>> = {
  claim: 'claim',
  complete: 'held',
  release: 'held',
  renew: 'held',
  fail: 'held',
  unblock: 'blocked',
  reopen: 'closed',
  show: 'known',
  note: 'known',
  link: 'known',
};

/** By noun, command and word; a `*` is any command of the noun. */
const words: Readonly<Record<string, Slot>> = {
  'ws create name': { kind: 'fixed', values: [] },
  'ws * name': { kind: 'workstream' },
  't * id': task(),
  'a * id': { kind: 'agent' },
  'kb * topic': { kind: 'topic' },
  'kb for path': { kind: 'files' },
  'l acquire resource': { kind: 'resource' },
  'msg send to': { kind: 'recipient' },
  'msg ack ids': { kind: 'message' },
  'rejected * id': { kind: 'rejected' },
  'cycle * number': { kind: 'cycle' },
  'brief * id': task('claim'),
  'batch * file': { kind: 'files' },
  'import * dir': { kind: 'dirs' },
  'export * dir': { kind: 'dirs' },
  'history * kind': fixed('task', 'agent', 'lock', 'kb', 'ws', 'cycle'),
  'completion * shell': fixed('bash', 'zsh', 'fish'),
  'work * command': { kind: 'files' },
};

/** By the word alone. */
const anywhere: Readonly<Record<string, Slot>> = {
  workstream: { kind: 'workstream' },
  agent: { kind: 'agent' },
  resource: { kind: 'resource' },
  topic: { kind: 'topic' },
};

/** Settings that `orc config` knows: the board's, and the clone's own. */
export const settingKeys = [...boardSettings, 'agent'] as const;

/** What `orc history <kind>` names. */
const ofKind: Readonly<Record<string, Slot>> = {
  task: task('known'),
  agent: { kind: 'agent' },
  lock: { kind: 'resource' },
  kb: { kind: 'topic' },
  ws: { kind: 'workstream' },
  cycle: { kind: 'cycle' },
};

const options: Readonly<Record<string, Slot>> = {
  '-C': { kind: 'dirs' },
  '--board': { kind: 'dirs' },
  '--template': { kind: 'dirs' },
  '--path': { kind: 'files' },
  '--publish': fixed('each', 'claims', 'sync'),
  '--status': fixed('pending', 'in_progress', 'blocked', 'done', 'failed', 'cancelled'),
  '--force': fixed('checks'),
  '--field': fixed('pending', 'in_progress', 'blocked', 'done', 'failed', 'cancelled'),
  '--agent': { kind: 'agent' },
  '--workstream': { kind: 'workstream' },
  '--depends-on': task(),
  '--parent': task(),
  '--task': task(),
  '--label': { kind: 'label' },
  '--capability': { kind: 'capability' },
  '--needs': { kind: 'capability' },
  '--remote': { kind: 'remote' },
  '--prefix': { kind: 'topic' },
};

export function slotOfWord(noun: string, command: string | null, word: string, given: readonly string[]): Slot | null {
  const name = word.replace(/[^\w]/g, '');
  if (noun === 'history' && name === 'id') return ofKind[given[0] ?? ''] ?? null;
  if (noun === 'config' && name === 'key') return fixed(...settingKeys, ...(command === 'set' ? [] : cloneSettingKeys));
  if (noun === 't' && name === 'id') return task(purposes[command ?? ''] ?? 'any');
  const own = command === null ? undefined : words[`${noun} ${command} ${name}`];
  return own ?? words[`${noun} * ${name}`] ?? anywhere[name] ?? null;
}

export function slotOfOption(names: readonly string[]): Slot | null {
  return names.map((name) => options[name]).find((slot) => slot !== undefined) ?? null;
}
