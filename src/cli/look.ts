/** How views print: colour, width, time. They get text and give lines; they know no terminal. */
import { styleText } from 'node:util';
import { escapeLine } from './escape.ts';
import { cutToWidth } from './width.ts';

export type Style = 'dim' | 'bold' | 'red' | 'green' | 'yellow' | 'cyan';

export interface Look {
  readonly isTty: boolean;
  /** The present time, ms. */
  readonly now: number;
  /** Colours a text that holds nothing dangerous; gives it back as it is where there is no colour. */
  readonly style: (style: Style, text: string) => string;
  /** Text of the board within a line: escaped, and cut to what is left of the terminal's width. */
  readonly line: (text: string, room?: number) => string;
}

export interface LookOptions {
  readonly isTty: boolean;
  readonly hasColour: boolean;
  readonly columns: number | undefined;
  readonly now: number;
}

export function makeLook({ isTty, hasColour, columns, now }: LookOptions): Look {
  const width = isTty ? Math.max(columns || 80, 20) : Number.POSITIVE_INFINITY;
  return {
    isTty,
    now,
    style: (style, text) => (hasColour ? styleText(style, text, { validateStream: false }) : text),
    line: (text, room = 0) => cutToWidth(escapeLine(text), width - room),
  };
}
