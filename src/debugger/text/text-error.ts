/** Text that could not be understood, with the place. The message shows the text and a caret below the place. */
export class TextError extends Error {
  /**
   * @param problem what is wrong and what was expected, one sentence
   * @param text the whole text
   * @param position offset of the first bad character, 0 to `text.length`
   * @param length how many characters are bad, at least 1
   */
  constructor(
    readonly problem: string,
    readonly text: string,
    readonly position: number,
    readonly length = 1,
  ) {
    super(`${problem}\n${pointAt(text, position, length)}`);
  }

  /** The same error as part of a longer text that has this one at `offset`. */
  within(text: string, offset: number): TextError {
    return new TextError(this.problem, text, this.position + offset, this.length);
  }
}

/** The text, and on the line below it a caret (and tildes) under the place. Tabs and line ends become blanks. */
function pointAt(text: string, position: number, length: number): string {
  const line = text.replace(/\s/g, ' ');
  const tail = Math.max(0, Math.min(length, text.length - position) - 1);
  return `  ${line}\n  ${' '.repeat(position)}^${'~'.repeat(tail)}`;
}
