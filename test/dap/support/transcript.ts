import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { inspect } from 'node:util';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugClient } from '@vscode/debugadapter-testsupport';

/** Files of the repository in this run; transcripts name them by their place in it. */
const ROOT = resolve(__dirname, '..', '..', '..');

/** Events that come when the host finds time, not when the guest does something. */
const UNTIMED = new Set(['ringside/exitsChanged', 'ringside/serialOutput']);

/** Text with the folders of this run named by their place. */
function placed(text: string, folders: Readonly<Record<string, string>>): string {
  return Object.entries({ '<root>': ROOT, ...folders }).reduce(
    (result, [name, folder]) => result.replaceAll(folder, name),
    text,
  );
}

/**
 * Text with what changes from build to build taken out: addresses of guest code, the layout of image files (debug
 * information holds the path of the sources), and the host's times.
 */
function stable(text: string): string {
  return text
    .replace(/\b0x0*1[0-9a-f]{5}\b/g, '0x1xxxxx')
    .replace(/table at 0x[0-9a-f]+/g, 'table at 0x----')
    .replace(/the file \(\d{3,} bytes\)/g, 'the file (---- bytes)')
    .replace(/hostNs: [\d.]+/g, 'hostNs: -');
}

/**
 * A DebugClient over the standard streams of `ringside dap` that writes down what passes. The transcript is
 * compared with the accepted one in test/dap/golden; RESET_RESULTS=1 accepts what is there now.
 */
export class Transcript {
  readonly client: DebugClient;
  private readonly lines: string[] = [];
  private readonly output = new Map<string, string>();

  constructor(
    private readonly name: string,
    /** Texts that stand for folders of this run. */
    private readonly folders: Readonly<Record<string, string>>,
  ) {
    this.client = new DebugClient(process.execPath, join(__dirname, 'stdio-adapter.ts'), 'ringside', {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: '--import=tsx' },
    });
    this.listen();
  }

  private listen(): void {
    // The client tells apart responses by promise and events by name: the one place that sees all in order is here.
    const inner = this.client as unknown as { dispatch(body: string): void };
    const dispatch = inner.dispatch.bind(this.client);
    inner.dispatch = (body: string): void => {
      this.received(JSON.parse(body) as DebugProtocol.Response & DebugProtocol.Event);
      dispatch(body);
    };
  }

  /** Writes nothing down until the first request that `ask` sends. */
  private received(message: DebugProtocol.Response & DebugProtocol.Event): void {
    if (this.lines.length === 0) return;
    if (message.type === 'event') this.event(message.event, message.body);
    else if (message.success) this.line(`<- ${message.command}${this.show(message.body)}`);
    else this.line(`<- ${message.command} FAILED ${message.message}`);
  }

  /** A message's body. Folders are named before it is laid out: how long their paths are must not break its lines. */
  private show(value: unknown): string {
    if (value === undefined) return '';
    const text = JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'string' ? placed(part, this.folders) : part,
    );
    const layout = { depth: 12, breakLength: 110, compact: 4, maxArrayLength: 200, maxStringLength: 400 };
    return ` ${inspect(JSON.parse(text), layout).replaceAll('\n', '\n     ')}`;
  }

  private event(name: string, body: unknown): void {
    if (UNTIMED.has(name)) return;
    if (name !== 'output') {
      this.line(`<- event ${name}${this.show(body)}`);
      return;
    }
    const { category = 'console', output } = body as DebugProtocol.OutputEvent['body'];
    this.output.set(category, (this.output.get(category) ?? '') + output);
  }

  /** Where text is cut into events, and which category comes first, depends on the host; what each says does not. */
  private flush(): void {
    for (const category of [...this.output.keys()].sort()) {
      const text = (this.output.get(category) ?? '').replace(/\n$/, '');
      this.lines.push(...text.split('\n').map((line) => `   ${category}| ${line}`));
    }
    this.output.clear();
  }

  private line(text: string): void {
    this.flush();
    this.lines.push(text);
  }

  /** A remark for the reader. */
  note(text: string): void {
    this.line(`\n# ${text}`);
  }

  /** Sends a request; resolves with the body, or with undefined if it failed: the transcript says why. */
  async ask<B = unknown>(command: string, args?: object): Promise<B | undefined> {
    this.line(`-> ${command}${this.show(args)}`);
    try {
      return ((await this.client.send(command, args)) as { body?: B }).body;
    } catch {
      return undefined;
    }
  }

  /** Sends a request and waits for an event that it brings about. */
  async askFor<B = unknown>(event: string, command: string, args?: object): Promise<B> {
    const arrived = this.client.waitForEvent(event, 20000);
    await this.ask(command, args);
    return (await arrived).body as B;
  }

  /** Compares with the accepted transcript. */
  verify(): void {
    this.flush();
    const file = join(ROOT, 'test', 'dap', 'golden', `${this.name}.txt`);
    const actual = `${stable(placed(this.lines.join('\n'), this.folders)).trim()}\n`;
    if (process.env.RESET_RESULTS) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, actual);
      return;
    }
    assert.ok(existsSync(file), `${file} is missing: accept the transcript with RESET_RESULTS=1`);
    assert.equal(actual, readFileSync(file, 'utf8'), `${this.name} differs; accept it with RESET_RESULTS=1`);
  }
}
