import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import fc from 'fast-check';
import { ErrorCode } from '../../debugAdapter/errors';
import { Client } from './support/client';
import { FakeEngine } from './support/fake-session';
import { MemoryHost } from './support/memory-host';
import { type RandomRequest, randomRequests } from './support/random-requests';
import { builtGuest, realClient } from './support/real-guest';

/** Sends a sequence and checks that each request has an answer that makes sense. */
async function holdOut(client: Client, requests: readonly RandomRequest[], oneByOne: boolean): Promise<void> {
  const answers = [];
  for (const { command, args } of requests) {
    const answer = client.ask(command, args);
    answers.push(answer);
    if (oneByOne) await answer;
  }
  for (const response of await Promise.all(answers)) {
    const { error } = (response.body ?? {}) as { error?: DebugProtocol.Message };
    if (response.success) assert.equal(error, undefined);
    else assert.ok(response.message && error?.id, 'an error without words');
    assert.doesNotMatch(response.message ?? '', /TypeError|undefined|\bat .*:\d+:\d+/);
    assert.notEqual(error?.id, ErrorCode.Internal, `internal error: ${response.message}`);
  }
  assert.equal(client.unanswered, 0);
  assert.equal(client.output('important'), '');
  assert.equal((await client.body('threads')).threads.length, 1);
  await client.body('disconnect');
}

describe('random sequences of requests', function () {
  this.timeout(120000);

  it('are answered one by one by the adapter alone', async () => {
    await fc.assert(
      fc.asyncProperty(randomRequests, fc.boolean(), async (requests, oneByOne) => {
        const client = new Client(new FakeEngine(), () => new MemoryHost());
        await client.start({ program: '/guest/guest.elf' });
        await holdOut(client, requests, oneByOne);
      }),
      { numRuns: 200 },
    );
  });

  it('are answered while a guest runs and stops', async () => {
    await fc.assert(
      fc.asyncProperty(randomRequests, fc.boolean(), fc.boolean(), async (requests, oneByOne, stopOnEntry) => {
        const client = realClient();
        await client.start({ program: builtGuest('faults.elf'), stopOnEntry, memoryMB: 4 });
        await holdOut(client, requests, oneByOne);
      }),
      { numRuns: 40 },
    );
  });
});
