/**
 * `orc.yaml`: what it may set, read with defaults filled in, and changed with its comments kept.
 *
 * A value that is not allowed is a fault of its own, and the default stands in; only a file that is no YAML mapping at
 * all is unreadable, which stops writing.
 */
import type { Board } from '../core/board.ts';
import { faultInName } from '../core/names.ts';
import { defaultSettings, type Settings } from '../core/records.ts';
import type { settingKeys } from '../core/setting-keys.ts';
import { parseDuration } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import { readPlainSettings } from './plain-settings.ts';
import { parseYaml } from './yaml.ts';

interface SettingName {
  readonly description: string;
  /** What may be set, as the end of a sentence that begins "must be". */
  readonly allowed: string;
}

/** The settings that `config set` may change, in the order of the template. */
export const settingNames = {
  publish: { description: 'when mutations are published', allowed: 'each, claims or sync' },
  lease: {
    description: 'how long a claim lasts without a sign of life',
    allowed: 'a length of time with its unit, such as 30m or 2h',
  },
  lock_ttl: {
    description: 'how long a lock lasts unless it says otherwise',
    allowed: 'a length of time with its unit, such as 60s or 10m',
  },
  clock_skew: {
    description: 'how far clocks of different machines may differ',
    allowed: 'a length of time with its unit, such as 5s',
  },
  max_attempts: {
    description: 'how often a task is tried before it counts as failed',
    allowed: 'a whole number from 1 to 1000',
  },
  board_md: { description: 'whether BOARD.md is kept', allowed: 'true or false' },
  manual_edits: { description: 'which hand edits the server hook lets in', allowed: 'allow, knowledge or refuse' },
  edit_locks: { description: 'what the hooks of coding agents do about path locks', allowed: 'off, check or take' },
} as const satisfies Readonly<Record<(typeof settingKeys)[number], SettingName>>;

export type SettingKey = keyof typeof settingNames;

export type ParsedSettings = { readonly settings: Settings; readonly faults: string[] } | { readonly fault: string };

type Scalars = Readonly<Record<string, unknown>>;
/** Reads one value, in the form that YAML gives; `undefined`: it is not allowed. */
type Reader = (value: unknown) => Partial<Settings> | undefined;

const maxDurationMs = 366 * 86_400_000;

const readers: Readonly<Record<SettingKey, Reader>> = {
  publish: (value) => (value === 'each' || value === 'claims' || value === 'sync' ? { publish: value } : undefined),
  lease: (value) => duration(value, (lease_ms) => ({ lease_ms })),
  lock_ttl: (value) => duration(value, (lock_ttl_ms) => ({ lock_ttl_ms })),
  clock_skew: (value) =>
    value === 0 || value === '0s' ? { clock_skew_ms: 0 } : duration(value, (clock_skew_ms) => ({ clock_skew_ms })),
  max_attempts: (value) => (isWholeUpTo(value, 1000) ? { max_attempts: value } : undefined),
  board_md: (value) => (typeof value === 'boolean' ? { board_md: value } : undefined),
  manual_edits: (value) =>
    value === 'allow' || value === 'knowledge' || value === 'refuse' ? { manual_edits: value } : undefined,
  edit_locks: (value) => (value === 'off' || value === 'check' || value === 'take' ? { edit_locks: value } : undefined),
};

/** Reads `orc.yaml`. Empty text means all defaults. */
export async function parseSettings(text: string): Promise<ParsedSettings> {
  const plain = readPlainSettings(text);
  if (plain !== null) return interpret(plain);
  const parsed = await parseYaml(text);
  if ('fault' in parsed) return { fault: `is no YAML that orc reads: ${parsed.fault}` };
  if (parsed.value === null || parsed.value === undefined) return interpret({});
  if (typeof parsed.value !== 'object' || Array.isArray(parsed.value)) return { fault: 'is no mapping of settings' };
  return interpret(parsed.value as Scalars);
}

/** Why a text cannot be `orc.yaml`; `null` when it can. Faults in single values are left to `parseSettings`. */
export async function faultInSettings(text: string): Promise<string | null> {
  const parsed = await parseSettings(text);
  return 'fault' in parsed ? parsed.fault : null;
}

/**
 * Makes a board's settings follow its `settingsText`: core's `advance` only carries the text, for it reads no YAML.
 * `encodeAccepted` does this after an operation that changed the text; nobody else has to.
 * @throws OrcError `invalid-argument` when the text is unreadable; the board keeps the settings that it has
 */
export async function refreshSettings(board: Board): Promise<void> {
  const parsed = await parseSettings(board.settingsText);
  if ('fault' in parsed)
    throw new OrcError('invalid-argument', `orc.yaml ${parsed.fault}`, {
      hint: 'see the template for what it may say',
    });
  board.settings = parsed.settings;
}

/**
 * `orc.yaml` with one value changed, its comments kept.
 * @throws OrcError `invalid-argument` for a key or value that is not allowed, `board-unreadable` when the text is no YAML
 */
export async function setSetting(text: string, key: string, value: string): Promise<string> {
  const scalar = settingValue(key, value);
  const parsed = await parseYaml(text);
  if ('fault' in parsed) throw unreadable(`is no YAML that orc reads: ${parsed.fault}`);
  const { document, value: settings } = parsed;
  const isEmpty = settings === null || settings === undefined;
  if (!isEmpty && (typeof settings !== 'object' || Array.isArray(settings)))
    throw unreadable('is no mapping of settings');
  if (isEmpty) document.contents = document.createNode({}) as typeof document.contents;
  document.set(key, scalar);
  return document.toString({ lineWidth: 0 });
}

function interpret(values: Scalars): { settings: Settings; faults: string[] } {
  const faults: string[] = [];
  let settings = defaultSettings;
  for (const [key, value] of Object.entries(values)) {
    if (key === 'format') {
      if (isWholeUpTo(value, Number.MAX_SAFE_INTEGER)) settings = { ...settings, format: value };
      else faults.push('format must be a whole number');
    } else if (key === 'authors') {
      settings = { ...settings, authors: readAuthors(value, faults) };
    } else if (Object.hasOwn(readers, key)) {
      const read = readers[key as SettingKey](value);
      if (read === undefined) faults.push(`${key} must be ${settingNames[key as SettingKey].allowed}`);
      else settings = { ...settings, ...read };
    } else {
      faults.push(`has an unknown setting: ${key}`);
    }
  }
  return { settings, faults };
}

function readAuthors(value: unknown, faults: string[]): Settings['authors'] {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    faults.push('authors must be a mapping of agents to addresses');
    return {};
  }
  const authors: [string, string][] = [];
  for (const [agent, address] of Object.entries(value as Scalars)) {
    if (faultInName(agent) === null && isAddress(address)) authors.push([agent, address]);
    else faults.push(`authors has an entry that is no agent with an address: ${agent}`);
  }
  return Object.fromEntries(authors);
}

function settingValue(key: string, value: string): unknown {
  if (!Object.hasOwn(settingNames, key)) {
    const known = Object.keys(settingNames).join(', ');
    throw new OrcError('invalid-argument', `there is no setting "${key}"`, { hint: `settings: ${known}` });
  }
  const scalar =
    value === 'true' || value === 'false' ? value === 'true' : /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (readers[key as SettingKey](scalar) === undefined) {
    throw new OrcError('invalid-argument', `${key} must be ${settingNames[key as SettingKey].allowed}`);
  }
  return scalar;
}

/** What may stand between the angle brackets of a git author line. */
function isAddress(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 254 && /^[^\s<>@\p{C}]+@[^\s<>@\p{C}]+$/u.test(value);
}

/** With its unit: who writes `60` means seconds, and who writes `60000` does not. */
function duration(value: unknown, make: (ms: number) => Partial<Settings>): Partial<Settings> | undefined {
  const ms = typeof value === 'string' ? parseDuration(value, null) : null;
  return ms === null || ms > maxDurationMs ? undefined : make(ms);
}

function isWholeUpTo(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function unreadable(fault: string): OrcError {
  return new OrcError('board-unreadable', `orc.yaml ${fault}`, {
    hint: '`git log` of the branch finds its last good version: put that back with a commit',
  });
}
