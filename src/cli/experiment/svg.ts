/** What a picture is made of: text that is escaped, and shapes with classes that the style sheet colours. */

/** Colours that are told apart on light and on dark ground, and by people who see fewer of them. */
const COLOURS: Readonly<Record<string, string>> = {
  guest: '#8a949e',
  waiting: '#c3cad1',
  transition: '#2f74c0',
  decode: '#e08a1e',
  device: '#2e9e6b',
  return: '#7db4ea',
};

const STYLE = [
  'text{font:12px system-ui,sans-serif;fill:#24292f}',
  '.title{font-weight:600;font-size:14px}',
  '.group{font-weight:600}',
  '.line{stroke:#24292f;stroke-opacity:.25}',
  ...Object.entries(COLOURS).map(([name, colour]) => `.${name}{fill:${colour}}`),
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.line{stroke:#e6edf3}}',
].join('');

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Coordinates in whole tenths, so that the file is the same everywhere. */
function tenths(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}

export interface TextOptions {
  readonly class?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** A picture being drawn. Units are pixels. */
export class Svg {
  private readonly shapes: string[] = [];

  constructor(
    private readonly width: number,
    private readonly title: string,
  ) {}

  text(x: number, y: number, text: string, options: TextOptions = {}): void {
    const anchor = options.anchor ? ` text-anchor="${options.anchor}"` : '';
    const name = options.class ? ` class="${options.class}"` : '';
    this.shapes.push(`<text x="${tenths(x)}" y="${tenths(y)}"${name}${anchor}>${escape(text)}</text>`);
  }

  /** @param hint shown while the pointer is over it */
  bar(x: number, y: number, width: number, height: number, name: string, hint: string): void {
    this.shapes.push(
      `<rect x="${tenths(x)}" y="${tenths(y)}" width="${tenths(width)}" height="${tenths(height)}" class="${name}"><title>${escape(hint)}</title></rect>`,
    );
  }

  line(x1: number, y1: number, x2: number, y2: number): void {
    this.shapes.push(
      `<line x1="${tenths(x1)}" y1="${tenths(y1)}" x2="${tenths(x2)}" y2="${tenths(y2)}" class="line"/>`,
    );
  }

  /** The file, of a given height. */
  finish(height: number): string {
    const size = `width="${this.width}" height="${height}" viewBox="0 0 ${this.width} ${height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(this.title)}">`,
      `<style>${STYLE}</style>`,
      ...this.shapes,
      '</svg>\n',
    ].join('\n');
  }
}
