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

/** Text with what changes from build to build taken out: addresses of guest code, the host's paths and times. */
function stable(text: string): string {
  return text
    .replaceAll(ROOT, '<root>')
    .replace(/\b0x0*1[0-9a-f]{5}\b/g, '0x1xxxxx')
    .replace(/hostNs: [\d.]+/g, 'hostNs: -');
}

function show(value: unknown): string {
  if (value === undefined) return '';
  const text = inspect(value, { depth: 12, breakLength: 110, compact: 4, maxArrayLength: 200, maxStringLength: 400 });
  return ` ${text.replaceAll('\n', '\n     ')}`;
}

/**
 * A DebugClient over the standard streams of `ringside dap` that writes down what passes. The transcript is
 * compared with the accepted one in test/dap/golden; RESET_RESULTS=1 accepts what is there now.
 */
export class Transcript {
  readonly client: DebugClient;
  private readonly lines: string[] = [];
  private output: { category: string; text: string } | undefined;

  constructor(private readonly name: string) {
    this.client = new DebugClient('node', '', 'ringside', { cwd: ROOT });
    Object.assign(this.client, {
      _runtime: process.execPath,
      _executable: '--import=tsx',
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

  private received(message: DebugProtocol.Response & DebugProtocol.Event): void {
    if (message.type === 'event') this.event(message.event, message.body);
    else if (message.success) this.line(`<- ${message.command}${show(message.body)}`);
    else this.line(`<- ${message.command} FAILED ${message.message}`);
  }

  private event(name: string, body: unknown): void {
    if (UNTIMED.has(name)) return;
    if (name !== 'output') {
      this.line(`<- event ${name}${show(body)}`);
      return;
    }
    const { category = 'console', output } = body as DebugProtocol.OutputEvent['body'];
    // Where lines are cut into events depends on the host; what they say does not.
    if (this.output?.category !== category) this.flush();
    this.output = { category, text: (this.output?.text ?? '') + output };
  }

  private flush(): void {
    if (!this.output) return;
    const { category, text } = this.output;
    this.output = undefined;
    this.lines.push(
      ...text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `   ${category}| ${line}`),
    );
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
    this.line(`-> ${command}${show(args)}`);
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
    const actual = `${stable(this.lines.join('\n')).trim()}\n`;
    if (process.env.RESET_RESULTS) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, actual);
      return;
    }
    assert.ok(existsSync(file), `${file} is missing: accept the transcript with RESET_RESULTS=1`);
    assert.equal(actual, readFileSync(file, 'utf8'), `${this.name} differs; accept it with RESET_RESULTS=1`);
  }
}
