/**
 * `config.set` brings `orc.yaml` as a whole, for editing YAML is no business of core's. So whoever judges one looks whether
 * it says what it sets, and nothing else.
 */
import { isSame } from '../core/is-same.ts';
import { type Operation, type Refusal, refuse } from '../core/operation.ts';
import type { Settings } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { parseSettings, setSetting } from '../layout/settings.ts';

export async function faultInSetting({ kind, args }: Operation, before: Settings): Promise<Refusal | null> {
  if (kind !== 'config.set' && kind !== 'board.init') return null;
  const text = String(kind === 'board.init' ? args.settings : args.text);
  const parsed = await parseSettings(text);
  if ('fault' in parsed) return refuse('malformed-record', `orc.yaml ${parsed.fault}`, 'mend it before it is pushed');
  if (kind === 'board.init') return null;
  const [key, value] = [String(args.key), String(args.value)];
  const name = fieldOf(key);
  const set = await settingFrom(key, value);
  if (set instanceof OrcError) return refuse(set.code, set.message, set.hint);
  if (isSame(parsed.settings, { ...before, [name]: set[name] })) return null;
  return refuse(
    'wrong-result',
    `orc.yaml does not come to ${key}: ${value} alone`,
    '`orc config set` changes one setting',
  );
}

/** Settings that say this one thing. */
async function settingFrom(key: string, value: string): Promise<Settings | OrcError> {
  try {
    const parsed = await parseSettings(await setSetting('', key, value));
    return 'settings' in parsed ? parsed.settings : new OrcError('invalid-argument', `${key} ${parsed.fault}`);
  } catch (error) {
    if (error instanceof OrcError) return error;
    throw error;
  }
}

/** Lengths of time have their unit in the field's name. */
function fieldOf(key: string): keyof Settings {
  return (key === 'lease' || key === 'lock_ttl' || key === 'clock_skew' ? `${key}_ms` : key) as keyof Settings;
}
