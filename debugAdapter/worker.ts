/** Entry point of the adapter in a web worker; the page's side is `WorkerClient`. */
import { ringsideEngine } from './ringside-engine';
import { serveWorker } from './transport/worker';
import type { MessagePortLike } from './transport/worker-messages';

serveWorker(globalThis as unknown as MessagePortLike, ringsideEngine);
