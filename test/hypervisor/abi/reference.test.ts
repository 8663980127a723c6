import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCalls } from '../../../src/hypervisor/abi/hypercall';
import { renderHypercallHeaders } from '../../../src/hypervisor/abi/headers';
import { HYPERCALL_ABIS, TABLE_ABIS } from '../../../src/hypervisor/abi/names';
import { MOST_CALL_VALUES } from '../../../src/hypervisor/exits/exit-ring';
import { renderHypercallReference } from '../../../src/hypervisor/hypercall-reference';
import { TableServer } from '../../../src/hypervisor/table-server';
import { TestGuest } from '../support';

describe('the tables of hypercalls', () => {
  it('docs/hypercalls.md is what npm run docs:hypercalls writes', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'hypercalls.md'), 'utf8');
    assert.equal(page, renderHypercallReference());
  });

  it('no name and no number stands twice, and every row fits a record', () => {
    for (const abi of HYPERCALL_ABIS) {
      const calls = allCalls(abi);
      assert.equal(new Set(calls.map(({ name }) => name.toLowerCase())).size, calls.length, abi.name);
      const numbers = abi.calls.map(({ number }) => number);
      assert.equal(new Set(numbers).size, numbers.length, abi.name);
      for (const { name, arguments: inputs, results } of calls) {
        assert.ok(inputs.length + results.length <= MOST_CALL_VALUES, `${abi.name}:${name}`);
        const names = inputs.map((value) => value.name);
        assert.equal(new Set(names).size, names.length, `${abi.name}:${name}`);
      }
    }
  });

  it('something serves every row, and what is refused or nothing says what the guest gets', () => {
    for (const abi of TABLE_ABIS) {
      const { cpu, memory, bus, clock } = new TestGuest({ mode: 'none' });
      const host = {
        machine: { cpu, memory, bus, clock },
        report: () => undefined,
        crash: () => undefined,
        print: () => undefined,
        guestInfo: {},
      };
      assert.doesNotThrow(() => new TableServer(abi, host));
      for (const call of abi.calls) {
        if (call.answer === undefined || call.io) continue;
        assert.notEqual(call.outcome, 'served', `${abi.name}:${call.name} has an answer of its own`);
        assert.deepEqual(
          call.results.map(({ at }) => at),
          ['eax'],
        );
      }
      const orphan = { ...abi.calls[0], number: 4711, name: 'ORPHAN', outcome: 'served' as const, answer: undefined };
      assert.throws(() => new TableServer({ ...abi, calls: [orphan] }, host), /nothing serves .* 4711 ORPHAN/);
    }
  });

  it('the headers of guests define every call and the gate', () => {
    const headers = renderHypercallHeaders();
    assert.deepEqual(Object.keys(headers).sort(), ['kvm_calls.h', 'lguest_calls.h', 'vmi_calls.h', 'vmware_calls.h']);
    for (const abi of TABLE_ABIS) {
      const text = headers[`${abi.name}_calls.h`];
      for (const { name, number } of abi.calls) {
        const found = new RegExp(`^#define ${abi.name.toUpperCase()}_CALL_${name} +(\\S+)`, 'm').exec(text);
        assert.equal(Number(found?.[1]), number, name);
      }
    }
    assert.match(headers['lguest_calls.h'], /^#define LGUEST_TRAP_ENTRY +0x1F/m);
    assert.match(headers['vmware_calls.h'], /^#define VMWARE_PORT +0x5658$/m);
    assert.match(headers['vmware_calls.h'], /^#define VMWARE_MAGIC +0x564D5868 /m);
    assert.match(headers['kvm_calls.h'], /^#define KVM_SIGNATURE +"KVMKVMKVM"/m);
  });
});
