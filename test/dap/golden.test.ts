import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { builtGuest, guestSource, lineOf } from './support/real-guest';
import { Transcript } from './support/transcript';

/** A client that knows types of variables and nothing else that is special. */
const INITIALIZE = { adapterID: 'ringside', clientID: 'golden', supportsVariableType: true };

type Stack = DebugProtocol.StackTraceResponse['body'];
type Scopes = DebugProtocol.ScopesResponse['body'];

describe('golden transcripts', function () {
  this.timeout(60000);
  let transcript: Transcript;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringside-'));
  });

  afterEach(async () => {
    await transcript.client.stop();
    rmSync(folder, { recursive: true });
  });

  async function begin(name: string): Promise<void> {
    transcript = new Transcript(name, { '<folder>': folder });
    await transcript.client.start();
    await transcript.client.initializeRequest(INITIALIZE);
  }

  it('capabilities', async () => {
    transcript = new Transcript('capabilities', {});
    await transcript.client.start();
    await transcript.ask('initialize', INITIALIZE);
    transcript.verify();
  });

  async function topFrame(): Promise<number> {
    const stack = await transcript.ask<Stack>('stackTrace', { threadId: 1, levels: 3 });
    return stack?.stackFrames[0].id ?? 0;
  }

  it('bad launches', async () => {
    await begin('bad-launches');
    const elf = readFileSync(builtGuest('ports.elf'));
    writeFileSync(join(folder, 'truncated.elf'), elf.subarray(0, 60));
    writeFileSync(join(folder, 'cut.elf'), elf.subarray(0, elf.length >> 1));
    writeFileSync(join(folder, 'empty.bin'), '');
    transcript.note('a file that is not there');
    await transcript.ask('launch', { program: join(folder, 'missing.elf') });
    transcript.note('an ELF file whose header is cut off');
    await transcript.ask('launch', { program: join(folder, 'truncated.elf') });
    transcript.note('an ELF file whose segments are cut off');
    await transcript.ask('launch', { program: join(folder, 'cut.elf') });
    transcript.note('an empty file');
    await transcript.ask('launch', { program: join(folder, 'empty.bin') });
    transcript.note('a directory');
    await transcript.ask('launch', { program: folder });
    transcript.note('an attribute that does not exist, and one of the wrong type');
    await transcript.ask('launch', { program: builtGuest('ports.elf'), hypervizor: { mode: 'vmi' } });
    await transcript.ask('launch', { program: builtGuest('ports.elf'), memoryMB: 'much' });
    transcript.note('a cost profile and a hypercall interface that nobody knows');
    await transcript.ask('launch', { program: builtGuest('ports.elf'), hypervisor: { costProfile: 'z80' } });
    await transcript.ask('launch', { program: builtGuest('ports.elf'), hypervisor: { abis: ['xen'] } });
    transcript.note('requests before there is a guest');
    await transcript.ask('threads');
    await transcript.ask('stackTrace', { threadId: 1 });
    transcript.note('the adapter lives on: a guest that triple-faults at once');
    await transcript.askFor('initialized', 'launch', { program: builtGuest('faults.elf'), commandLine: 'triple' });
    await transcript.ask('setFunctionBreakpoints', {
      breakpoints: [{ name: 'ou 0x80' }, { name: 'out COM9.THR' }, { name: 'no_such_function' }],
    });
    await transcript.askFor('terminated', 'configurationDone');
    transcript.verify();
  });

  it('a boot sector, by instruction', async () => {
    await begin('boot-sector');
    await transcript.askFor('initialized', 'launch', {
      program: builtGuest('hello-bootsector.bin'),
      symbols: builtGuest('hello-bootsector.elf'),
      stopOnEntry: true,
      hypervisor: { mode: 'none' },
      // The BIOS prints the same; which of the two streams is seen first is the host's choice.
      serial: { com1: 'none' },
      clock: '2007-02-14T12:00:00Z',
    });
    await transcript.askFor('stopped', 'configurationDone');
    await transcript.ask('threads');
    await topFrame();
    for (let step = 0; step < 3; step++) {
      await transcript.askFor('stopped', 'stepIn', { threadId: 1, granularity: 'instruction' });
    }
    const frameId = await topFrame();
    const scopes = await transcript.ask<Scopes>('scopes', { frameId });
    const registers = scopes?.scopes.find(({ name }) => name === 'Registers');
    await transcript.ask('variables', { variablesReference: registers?.variablesReference });
    await transcript.ask('disassemble', { memoryReference: '0x00007c00', instructionCount: 6, resolveSymbols: true });
    await transcript.ask('readMemory', { memoryReference: '0x00007dfe', count: 2 });
    await transcript.ask('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: '0x00007c00', offset: 5 }],
    });
    await transcript.ask('evaluate', { expression: 'sp', frameId, context: 'watch' });
    await transcript.ask('evaluate', { expression: 'ax = 0x1234', frameId, context: 'repl' });
    await transcript.ask('evaluate', { expression: 'bogus +', frameId, context: 'repl' });
    await transcript.askFor('terminated', 'continue', { threadId: 1 });
    transcript.verify();
  });

  it('ports and hypercalls of the paravirtualized guest', async () => {
    await begin('paravirt-io');
    const uart = guestSource('paravirt-io/uart.c');
    const launch = {
      program: builtGuest('paravirt-io.elf'),
      drives: [{ file: builtGuest('paravirt-io.img') }],
      hypervisor: { mode: 'vmi' },
      clock: '2007-02-14T12:00:00Z',
    };
    await transcript.askFor('initialized', 'launch', launch);
    const line = lineOf(uart, 'outb(c, THR)');
    transcript.note('a source line, a port in either world, and a hypercall by name');
    await transcript.ask('setBreakpoints', { source: { path: uart }, breakpoints: [{ line, hitCondition: '3' }] });
    await transcript.ask('setFunctionBreakpoints', {
      breakpoints: [
        { name: 'out COM1.THR hit 1' },
        { name: 'hypercall OUTB if port == 0x3f9 hit 1' },
        { name: 'out 0x70 via trap' },
      ],
    });
    await transcript.askFor('stopped', 'configurationDone');
    transcript.note('wherever it stopped: the stack and the locals');
    const frameId = await topFrame();
    await transcript.ask('scopes', { frameId });
    await transcript.askFor('stopped', 'continue', { threadId: 1 });
    await topFrame();
    await transcript.askFor('stopped', 'continue', { threadId: 1 });
    const third = await topFrame();
    const scopes = await transcript.ask<Scopes>('scopes', { frameId: third });
    await transcript.ask('variables', { variablesReference: scopes?.scopes[0].variablesReference });
    transcript.note('a step over the call');
    await transcript.askFor('stopped', 'next', { threadId: 1 });
    await transcript.askFor('stopped', 'stepOut', { threadId: 1 });
    transcript.note('a log breakpoint does not stop');
    await transcript.ask('setBreakpoints', { source: { path: uart }, breakpoints: [] });
    await transcript.ask('setFunctionBreakpoints', {
      breakpoints: [{ name: 'out COM1.THR hit 4 log "sent {value:c} via {via}"' }, { name: 'out COM1.THR hit 6' }],
    });
    await transcript.askFor('stopped', 'continue', { threadId: 1 });
    transcript.note('what it has cost so far');
    await transcript.ask('ringside/exitCosts', { groupBy: 'hypercall' });
    transcript.note('another mode: the breakpoints are set again and keep their ids');
    await transcript.askFor('stopped', 'restart', { arguments: { ...launch, hypervisor: { mode: 'trap' } } });
    await transcript.ask('evaluate', { expression: 'icount > 0', context: 'repl' });
    await transcript.askFor('terminated', 'terminate');
    transcript.verify();
  });
});
