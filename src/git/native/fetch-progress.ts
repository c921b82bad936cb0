/** How far a fetch has come, as git tells on standard error; and what git says beside that. */

/** Hears how many objects were received, and of how many. */
export type ReceivedListener = (done: number, of: number) => void;

const receiving = /^(?:Receiving|Unpacking) objects: +\d+% \((\d+)\/(\d+)\)/;
const isProgress =
  /^(?:remote: )?(?:Enumerating|Counting|Compressing|Receiving|Unpacking|Total|Resolving deltas|Finding sources|From|Updating files)\b| \* \[new /;

/** Reads what comes in pieces; git ends a line that it will write over with a carriage return. */
export function readProgress(onReceived: ReceivedListener): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, done, of] = receiving.exec(line) ?? [];
      if (done !== undefined && of !== undefined) onReceived(Number(done), Number(of));
    }
  };
}

/** Without the lines of progress: what is left when something went wrong. */
export function withoutProgress(stderr: string): string {
  return stderr
    .split(/[\r\n]/)
    .filter((line) => !isProgress.test(line))
    .join('\n');
}
