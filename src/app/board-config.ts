/**
 * Settings from all their places, later ones above earlier ones: defaults, `orc.yaml` on the board, `git config orc.*` of the
 * clone, `ORC_*` of the process.
 */
import path from 'node:path';
import { faultInName } from '../core/names.ts';
import type { Settings } from '../core/records.ts';
import { type CloneSettingKey, cloneSettingKeys } from '../core/setting-keys.ts';
import { shellWord } from '../core/shell-word.ts';
import { OrcError } from '../errors.ts';
import { lastValue, readConfigFile, setConfigValues } from '../git/config-file.ts';
import type { Host } from '../git/host.ts';
import type { HostConfig } from '../git/host-config.ts';
import { parseSettings, type SettingKey, setSetting, settingNames } from '../layout/settings.ts';
import type { OrcCore } from './orc-core.ts';

export type SettingSource = 'default' | 'orc.yaml' | 'git config' | 'environment';

export interface Setting {
  readonly key: string;
  readonly value: string | number | boolean;
  readonly source: SettingSource;
  /** The variable, or the scope of git's configuration; `null` where there is nothing to name. */
  readonly from: string | null;
  readonly description: string;
}

export interface ChangedSetting extends Setting {
  /** Of a setting of the board: whether it is in the upstream's history. `null`: it is this clone's alone. */
  readonly published: boolean | null;
}

/** Settings that a clone or a process may have of its own. All others are the board's. */
const ownKeys = ['agent', 'publish'] as const;
type OwnKey = (typeof ownKeys)[number];

/** Those that git's configuration alone has, but for one that the process may have too. */
const cloneSettings: Readonly<
  Record<CloneSettingKey, { readonly usual: boolean; readonly variable: string | null; readonly description: string }>
> = {
  runChecks: {
    usual: false,
    variable: null,
    description: 'whether commands that stand on the board as checks of tasks may be run here',
  },
  carry: {
    usual: true,
    variable: 'ORC_CARRY',
    description: "whether operations that lost a race are left in the upstream's inbox for whoever pushes next",
  },
  stopReminder: {
    usual: true,
    variable: null,
    description: 'whether `orc hook stop` reminds an agent of the tasks that it holds',
  },
  handOver: {
    usual: true,
    variable: null,
    description: 'whether `orc hook session-end` gives tasks back',
  },
};

const agentDescription = 'who acts where a command does not say';
const boardKeys = Object.keys(settingNames) as SettingKey[];
const keys: readonly string[] = ['agent', ...boardKeys, ...cloneSettingKeys];
/** How often a change is made anew when somebody else changes `orc.yaml` at the same time. */
const maxTries = 5;

/** Every setting with its value and where it came from. */
export async function listConfig(orc: OrcCore): Promise<Setting[]> {
  const { settings, settingsText } = (await orc.head()).read.board;
  const config = await orc.surroundings.config();
  const { env } = orc.surroundings;
  const ofBoard = await settingsOf(settingsText, settings);
  const agent: Setting = {
    key: 'agent',
    value: orc.surroundings.host?.worktreeName ?? 'system',
    source: 'default',
    from: null,
    description: agentDescription,
  };
  return [
    ...[agent, ...ofBoard].map((setting) => overridden(setting, config, env)),
    ...cloneSettingKeys.map((key) => cloneSetting(key, config, env)),
  ];
}

function cloneSetting(key: CloneSettingKey, config: HostConfig, env: NodeJS.ProcessEnv): Setting {
  const { usual, variable, description } = cloneSettings[key];
  const ofProcess = variable === null ? undefined : env[variable];
  if (ofProcess) return { key, value: switchOf(ofProcess), source: 'environment', from: variable, description };
  const entry = config.entries.findLast((each) => each.key === `orc.${key.toLowerCase()}`);
  if (entry === undefined) return { key, value: usual, source: 'default', from: null, description };
  return { key, value: switchOf(entry.value), source: 'git config', from: entry.scope, description };
}

/** Yes or no as git spells them; anything else is shown as it stands. */
function switchOf(text: string): boolean | string {
  if (/^(?:true|yes|on|[1-9]\d*)$/i.test(text)) return true;
  return /^(?:false|no|off|0)$/i.test(text) ? false : text;
}

/** @throws OrcError `invalid-argument` for an unknown key */
export async function getConfig(orc: OrcCore, key: string): Promise<Setting> {
  const found = (await listConfig(orc)).find((setting) => setting.key === key);
  if (found === undefined) throw unknownKey(key);
  return found;
}

/**
 * With `shared` for everybody, in `orc.yaml` on the board; else in the git configuration of this clone.
 * @throws OrcError `invalid-argument` for a key or value that is not allowed, `no-repository` where there is no clone
 */
export async function setConfig(
  orc: OrcCore,
  key: string,
  value: string,
  options: { readonly shared?: boolean } = {},
): Promise<ChangedSetting> {
  if (!keys.includes(key)) throw unknownKey(key);
  if ((cloneSettingKeys as readonly string[]).includes(key)) {
    throw new OrcError('invalid-argument', `${key} is a matter of git's configuration alone`, {
      hint: `\`git config orc.${key} ${shellWord(value)}\` sets it for this clone`,
    });
  }
  return options.shared === true ? setShared(orc, key, value) : setOwn(orc, key, value);
}

async function setShared(orc: OrcCore, key: string, value: string): Promise<ChangedSetting> {
  if (!isBoardKey(key)) {
    throw new OrcError('invalid-argument', `${key} is a matter of each clone, not of the board`, {
      hint: `\`orc config set ${key} ${shellWord(value)}\` sets it here`,
    });
  }
  for (let tries = 1; ; tries++) {
    const base = (await orc.head({ fresh: tries > 1 })).read.board.settingsText;
    const text = await setSetting(base, key, value);
    try {
      const { published } = await orc.perform('config.set', { key, value, text, base });
      const { description } = settingNames[key];
      return { key, value, source: 'orc.yaml', from: null, description, published };
    } catch (error) {
      // Somebody changed another setting in the meantime: this one is made anew on top.
      if (!(error instanceof OrcError && error.code === 'conflict') || tries === maxTries) throw error;
    }
  }
}

async function setOwn(orc: OrcCore, key: string, value: string): Promise<ChangedSetting> {
  if (!isOwnKey(key)) {
    throw new OrcError('invalid-argument', `${key} is a matter of the board, the same for all clones`, {
      hint: `\`orc config set ${key} ${shellWord(value)} --shared\` sets it for everybody`,
    });
  }
  const fault = key === 'agent' ? faultInName(value) : faultInMode(value);
  if (fault !== null) throw new OrcError('invalid-argument', `${key} ${fault}`);
  const { host } = orc.surroundings;
  if (host === null) {
    throw new OrcError('no-repository', 'there is no clone whose configuration could keep it', {
      hint: `set ORC_${key.toUpperCase()}, or pass it with each command`,
    });
  }
  const { file, scope } = ownFile(host, key);
  await setConfigValues(file, [[`orc.${key}`, value]]);
  const description = key === 'agent' ? agentDescription : settingNames[key].description;
  return { key, value, source: 'git config', from: scope, description, published: null };
}

/** An agent works in one work tree: where git keeps configuration for each, it belongs there. */
function ownFile({ commonDir, gitDir }: Host, key: OwnKey): { file: string; scope: string } {
  const shared = path.join(commonDir, 'config');
  const extension = lastValue(readConfigFile(shared, { includes: false }), 'extensions.worktreeconfig');
  const hasOwn = /^(?:true|yes|on|[1-9]\d*)$/i.test(extension ?? '');
  return key === 'agent' && hasOwn
    ? { file: path.join(gitDir, 'config.worktree'), scope: 'worktree' }
    : { file: shared, scope: 'local' };
}

/** What the board says: each setting that stands in `orc.yaml`, also with the default's value, comes from there. */
async function settingsOf(text: string, settings: Settings): Promise<Setting[]> {
  const values = valuesOf(settings);
  const parsed = await parseSettings(text);
  const refused = 'faults' in parsed ? parsed.faults : [];
  return boardKeys.map((key) => {
    const isWritten = new RegExp(`^${key}[ \\t]*:`, 'm').test(text);
    const isUsed = isWritten && !refused.some((fault) => fault.startsWith(`${key} `));
    const { description } = settingNames[key];
    return { key, value: values[key], source: isUsed ? 'orc.yaml' : 'default', from: null, description };
  });
}

function valuesOf(settings: Settings): Record<SettingKey, string | number | boolean> {
  const { publish, lease_ms, lock_ttl_ms, clock_skew_ms, max_attempts, board_md, manual_edits, edit_locks } = settings;
  return {
    publish,
    lease: lengthOf(lease_ms),
    lock_ttl: lengthOf(lock_ttl_ms),
    clock_skew: lengthOf(clock_skew_ms),
    max_attempts,
    board_md,
    manual_edits,
    edit_locks,
  };
}

/** In the largest unit that keeps it exact, as `orc.yaml` takes it. */
function lengthOf(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const;
  const found = units.find(([, length]) => ms >= length && ms % length === 0);
  return found === undefined ? (ms === 0 ? '0s' : `${ms}ms`) : `${ms / found[1]}${found[0]}`;
}

/** The clone above the board, the process above the clone. */
function overridden(setting: Setting, config: HostConfig, env: NodeJS.ProcessEnv): Setting {
  if (!isOwnKey(setting.key)) return setting;
  const variable = `ORC_${setting.key.toUpperCase()}`;
  const ofProcess = env[variable];
  if (ofProcess) return { ...setting, value: ofProcess, source: 'environment', from: variable };
  const entry = config.entries.findLast(({ key }) => key === `orc.${setting.key}`);
  return entry === undefined ? setting : { ...setting, value: entry.value, source: 'git config', from: entry.scope };
}

function isOwnKey(key: string): key is OwnKey {
  return (ownKeys as readonly string[]).includes(key);
}

function isBoardKey(key: string): key is SettingKey {
  return Object.hasOwn(settingNames, key);
}

function faultInMode(value: string): string | null {
  return ['each', 'claims', 'sync'].includes(value) ? null : `must be ${settingNames.publish.allowed}`;
}

function unknownKey(key: string): OrcError {
  return new OrcError('invalid-argument', `there is no setting "${key}"`, { hint: `settings: ${keys.join(', ')}` });
}
