import * as vscode from 'vscode';
import type { CustomRequests } from '../../../debugAdapter/protocol';
import { LiveQuery, type QueryName } from '../sessions/live-query';
import type { SessionRegistry } from '../sessions/session-registry';
import { type AccessRow, portRows } from './access-rows';
import type { AccessSource } from './access-view';

/** Rows made of the live answer to a custom request. */
class QuerySource<K extends QueryName> implements AccessSource {
  private readonly query: LiveQuery<K>;
  readonly onDidChange: vscode.Event<void>;

  constructor(
    registry: SessionRegistry,
    request: K,
    private readonly toRows: (answer: CustomRequests[K]['response']) => AccessRow[],
  ) {
    this.query = new LiveQuery(registry, request);
    this.onDidChange = this.query.onDidChange;
  }

  rows(): AccessRow[] | undefined {
    return this.query.value && this.toRows(this.query.value);
  }

  setVisible(visible: boolean): void {
    this.query.enabled = visible;
  }

  dispose(): void {
    this.query.dispose();
  }
}

/** What the Ports view shows. */
export function portSource(registry: SessionRegistry): AccessSource {
  return new QuerySource(registry, 'ringside/ports', portRows);
}
