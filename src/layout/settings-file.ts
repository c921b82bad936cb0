/** `orc.yaml` as a file: there or not, readable or not. */
import { defaultSettings, type Settings } from '../core/records.ts';
import { decodeText, type Fault, maxYamlLength } from './faults.ts';
import { settingsPath } from './paths.ts';
import { parseSettings } from './settings.ts';

export interface SettingsFile {
  readonly settings: Settings;
  readonly text: string;
  readonly faults: readonly Fault[];
}

/** A missing file is named, and the defaults hold; an unreadable one blocks writing. */
export async function readSettings(bytes: Uint8Array | undefined): Promise<SettingsFile> {
  if (bytes === undefined) return unset('', { path: settingsPath, reason: 'is missing: the defaults hold' });
  const decoded = decodeText(bytes, 3 * maxYamlLength);
  if ('fault' in decoded) return unset('', { path: settingsPath, reason: decoded.fault, kind: 'blocking' });
  const { text } = decoded;
  const parsed = await parseSettings(text);
  if ('fault' in parsed) return unset(text, { path: settingsPath, reason: parsed.fault, kind: 'blocking' });
  return { settings: parsed.settings, text, faults: parsed.faults.map((reason) => ({ path: settingsPath, reason })) };
}

function unset(text: string, fault: Fault): SettingsFile {
  return { settings: defaultSettings, text, faults: [fault] };
}
