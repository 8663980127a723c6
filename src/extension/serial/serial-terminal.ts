import * as vscode from 'vscode';

/** What is kept while the terminal is not open; older output is dropped first. */
const BUFFER_LIMIT = 1 << 20;

/** A UART's other side as a terminal of VS Code. What comes before it is opened is kept and shown then. */
export class SerialTerminal implements vscode.Pseudoterminal, vscode.Disposable {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<void>();
  private readonly typed = new vscode.EventEmitter<Uint8Array>();
  private readonly decoder = new TextDecoder('utf-8');
  private waiting: string[] = [];
  private waitingLength = 0;
  private isOpen = false;
  private lastWasReturn = false;

  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;
  /** Bytes for the UART. */
  readonly onDidType = this.typed.event;

  /** @param localEcho asked for each key */
  constructor(private readonly localEcho: () => boolean) {}

  open(): void {
    this.isOpen = true;
    for (const text of this.waiting.splice(0)) this.written.fire(text);
    this.waitingLength = 0;
  }

  close(): void {
    this.isOpen = false;
  }

  /** The terminal sends what a real one does: CR for Enter, DEL for Backspace, escape sequences for other keys. */
  handleInput(data: string): void {
    this.typed.fire(new TextEncoder().encode(data));
    if (this.localEcho()) this.show(data.replace(/\r/g, '\r\n').replace(/\x7f/g, '\b \b'));
  }

  /** Bytes from the guest. */
  receive(bytes: Uint8Array): void {
    this.show(this.withReturns(this.decoder.decode(bytes, { stream: true })));
  }

  /** A line of Ringside's own, dimmed. */
  remark(text: string): void {
    this.lastWasReturn = false;
    this.show(`\r\n\x1b[2m${text}\x1b[0m\r\n`);
  }

  dispose(): void {
    this.closed.fire();
    this.written.dispose();
    this.closed.dispose();
    this.typed.dispose();
  }

  /** Kernels send CR LF, small guests only LF; a terminal needs CR LF. A CR LF may be split between two pieces. */
  private withReturns(text: string): string {
    let result = '';
    for (const character of text) {
      if (character === '\n' && !this.lastWasReturn) result += '\r';
      result += character;
      this.lastWasReturn = character === '\r';
    }
    return result;
  }

  private show(text: string): void {
    if (text === '') return;
    if (this.isOpen) {
      this.written.fire(text);
      return;
    }
    this.waiting.push(text);
    this.waitingLength += text.length;
    while (this.waitingLength > BUFFER_LIMIT && this.waiting.length > 1)
      this.waitingLength -= this.waiting.shift()!.length;
  }
}
