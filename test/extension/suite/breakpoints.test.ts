import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { parseSpec } from '../../../src/debugger/specs/parser';
import { draftOf, draftProblem, draftText, emptyDraft } from '../../../src/extension/breakpoints/draft';
import {
  type AccessTarget,
  breakOn,
  breakpointsOn,
  clearOn,
  specBreakpoints,
  plainSpec,
} from '../../../src/extension/breakpoints/spec-breakpoints';

const thr: AccessTarget = { kind: 'port', port: 0x3f8, name: 'COM1.RBR/THR' };
const outb: AccessTarget = { kind: 'hypercall', abi: 'vmi', number: 56, name: 'OUTB' };

const texts = (): string[] =>
  vscode.debug.breakpoints.map((breakpoint) => (breakpoint as vscode.FunctionBreakpoint).functionName);
const clear = (): void => vscode.debug.removeBreakpoints(vscode.debug.breakpoints);

describe('breakpoints on ports and hypercalls in VS Code’s own list', () => {
  beforeEach(clear);
  after(clear);

  it('are added and removed by a row’s action', () => {
    breakOn(thr);
    breakOn(outb);
    assert.deepEqual(texts(), ['io 0x3f8', plainSpec(outb)]);
    assert.equal(breakpointsOn(thr).length, 1);
    clearOn(thr);
    assert.deepEqual(texts(), [plainSpec(outb)]);
    assert.equal(breakpointsOn(thr).length, 0);
  });

  it('are found on a target by number, name, range, ABI and star', () => {
    const covering = [
      ['out 0x3f8', thr, true],
      ['in 0x3f9', thr, false],
      ['io 0x3f0-0x3ff/1 via trap', thr, true],
      ['io 0x3f9-0x3ff', thr, false],
      ['out COM1.THR if value == 0x41', thr, true],
      ['out com1.rbr', thr, true],
      ['out COM2.THR', thr, false],
      ['hypercall OUTB', thr, false],
      ['hypercall outb', outb, true],
      ['hypercall vmi:OUTB', outb, true],
      ['hypercall kvm:OUTB', outb, false],
      ['hypercall 56', outb, true],
      ['hypercall 55', outb, false],
      ['hypercall *', outb, true],
      ['main', outb, false],
      ['out 0x3f8 via', thr, false],
    ] as const;
    for (const [text, target, expected] of covering) {
      clear();
      vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(text)]);
      assert.equal(breakpointsOn(target).length, expected ? 1 : 0, text);
    }
  });

  it('are left alone if they watch more than the row', () => {
    vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('io 0x3f8-0x3ff')]);
    breakOn(thr);
    clearOn(thr);
    assert.deepEqual(texts(), ['io 0x3f8-0x3ff']);
  });

  it('are told from functions and from text that means nothing', () => {
    vscode.debug.addBreakpoints(
      ['uart_putc', 'fault #GP', '0x3f8 out', '*0x1000'].map((text) => new vscode.FunctionBreakpoint(text)),
    );
    assert.deepEqual(
      specBreakpoints().map(({ spec }) => spec.kind),
      ['fault', 'address'],
    );
  });
});

describe('a draft of a breakpoint', () => {
  const specs = [
    'io 0x3f8',
    'out 0x3f8/1 via hypercall before if value == 0x41 hit >=3 log "wrote {value:x} \\"x\\"" set 0x20',
    'in COM1.LSR/2',
    'io 0x1f0-0x1f7/4',
    'hypercall OUTB if port == 0x3f8',
    'hypercall vmi:OUTB hit %10',
    'hypercall 56',
    'hypercall *',
    'fault #GP if cpl == 3',
    'fault triple',
    'irq 4 log "tick"',
    'insn mov-cr3',
    'serial com1 "login: \\"x\\"" hit 2',
  ];
  for (const text of specs) {
    it(`keeps all of: ${text}`, () => {
      const draft = draftOf(parseSpec(text));
      assert.ok(draft);
      assert.deepEqual(parseSpec(draftText(draft)), parseSpec(text));
      assert.equal(draftProblem(draft), undefined);
    });
  }

  it('leaves functions and addresses to VS Code', () => {
    assert.equal(draftOf(parseSpec('main')), undefined);
    assert.equal(draftOf(parseSpec('*0x1000')), undefined);
  });

  it('says what is wrong', () => {
    assert.match(draftProblem(emptyDraft('out', '')) ?? '', /port/);
    assert.match(draftProblem({ ...emptyDraft('out', '0x3f8'), hit: 'often' }) ?? '', /hit count/);
    assert.match(draftProblem(emptyDraft('hypercall', '?')) ?? '', /hypercall/);
    assert.match(draftProblem(emptyDraft('serial', 'com1')) ?? '', /text/);
  });

  it('forgets what only ports have when the kind is another', () => {
    const draft = { ...emptyDraft('hypercall', 'OUTB'), width: '1', via: 'trap', when: 'before', set: '1' } as const;
    assert.equal(draftText(draft), 'hypercall OUTB');
  });
});
