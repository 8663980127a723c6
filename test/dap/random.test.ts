import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import fc from 'fast-check';
import { Client } from './support/client';
import { FakeEngine } from './support/fake-session';
import { MemoryHost } from './support/memory-host';
import { randomRequests } from './support/random-requests';

describe('random sequences of requests', () => {
  it('are answered one by one, and the adapter lives on', async () => {
    await fc.assert(
      fc.asyncProperty(randomRequests, fc.boolean(), async (requests, oneByOne) => {
        const client = new Client(new FakeEngine(), () => new MemoryHost());
        await client.start({ program: '/guest/guest.elf' });
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
          assert.notEqual(error?.id, 1099, `internal error: ${response.message}`);
        }
        assert.equal(client.unanswered, 0);
        assert.equal((await client.body('threads')).threads.length, 1);
        await client.body('disconnect');
      }),
      { numRuns: 200 },
    );
  });
});
