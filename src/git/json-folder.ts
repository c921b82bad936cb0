/** A folder of the store with one JSON document in each file, read as it is: for looking, not for deciding. */
import fs from 'node:fs';
import path from 'node:path';

/** None where there is no such folder; files that hold no JSON are passed over. */
export function readJsonFolder(folder: string): { readonly name: string; readonly value: unknown }[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => {
      try {
        return [
          { name: file.slice(0, -'.json'.length), value: JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) },
        ];
      } catch {
        return [];
      }
    });
}
