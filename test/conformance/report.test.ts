import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readResults, renderReport, sumRows } from './report';
import type { SuiteResults } from './results';

const suite = (name: string, rows: SuiteResults['rows']): SuiteResults => ({
  suite: name,
  about: 'About.',
  command: 'run me',
  rows,
  reasons: [{ reason: 'the moon is full', count: 1234 }],
});

describe('conformance report', () => {
  const rows = [
    { name: 'strings', passed: 1000, failed: 1, leftOut: 20 },
    { name: 'stack', passed: 30, failed: 0, leftOut: 4 },
  ];

  it('sums what the suites have left', () => {
    assert.deepEqual(sumRows(rows), { cases: 1055, passed: 1030, failed: 1, leftOut: 24 });
    const page = renderReport([suite('Beta', rows)]);
    assert.match(page, /^\| Beta \| 1,055 \| 1,030 \| 1 \| 24 \|$/m);
    assert.match(page, /^\| strings \| 1,021 \| 1,000 \| 1 \| 20 \|$/m);
    assert.match(page, /^\| \*\*all\*\* \| 1,055 \| 1,030 \| 1 \| 24 \|$/m);
    assert.match(page, /^\* 1,234: the moon is full\.$/m);
    assert.match(page, /Run it with `run me`\./);
  });

  it('has no rows but those of results', () => {
    const page = renderReport([]);
    assert.doesNotMatch(page, /^## SingleStepTests/m);
    assert.equal([...page.matchAll(/^## /gm)].length, 1, 'only the table of instructions');
    const folder = mkdtempSync(join(tmpdir(), 'results-'));
    try {
      assert.deepEqual(readResults(join(folder, 'missing')), []);
      for (const name of ['b', 'a']) writeFileSync(join(folder, `${name}.json`), JSON.stringify(suite(name, rows)));
      writeFileSync(join(folder, 'notes.txt'), 'no results');
      assert.deepEqual(
        readResults(folder).map((results) => results.suite),
        ['a', 'b'],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
