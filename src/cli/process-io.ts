/** Writing to the process's own streams, and what they are. */
import { existsSync, fstatSync, statSync, writeSync } from 'node:fs';
import { devNull } from 'node:os';
import path from 'node:path';

/** Node's terminals bring its whole network code along: that is loaded only where there may be one. */
export async function isTerminal(fd: number): Promise<boolean> {
  try {
    const facts = fstatSync(fd);
    // What is thrown away, as by many a script, is a device too.
    if (!facts.isCharacterDevice() || facts.rdev === statSync(devNull).rdev) return false;
  } catch {
    return false;
  }
  const { isatty } = await import('node:tty');
  return isatty(fd);
}

/** Where the process stands. A folder that was removed meanwhile, as a work tree that is done with, is named, and nothing is found there. */
export function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    const { PWD: named = '' } = process.env;
    // One that is there is another: whoever changes folders without a shell leaves PWD as it was.
    return path.isAbsolute(named) && !existsSync(named) ? named : path.parse(process.execPath).root;
  }
}

/**
 * Writes all of a text before it returns, so that nothing is lost at the end of the process. A reader that has gone
 * (`orc events | head -1`, a terminal that is closed) is no error: nobody wants the rest.
 */
export function writerTo(fd: number, onGone: () => void = () => {}): (text: string) => void {
  let isGone = false;
  return (text) => {
    let rest = Buffer.from(text, 'utf8');
    while (rest.length > 0 && !isGone) {
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') pause();
        else if (code !== 'EPIPE' && code !== 'EBADF' && !(code === 'EIO' && isDevice(fd))) throw error;
        else {
          isGone = true;
          onGone();
        }
      }
    }
  };
}

/** A terminal that was closed answers EIO; of a file that is a fault of the disk. */
function isDevice(fd: number): boolean {
  return fstatSync(fd).isCharacterDevice();
}

/** A pipe that is full, and was made non-blocking by somebody else: wait a little for its reader. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}
