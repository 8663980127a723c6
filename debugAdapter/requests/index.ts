import { breakpointRequests } from './breakpoints';
import { customRequests } from './custom';
import { evaluateRequests } from './evaluate';
import { executionRequests } from './execution';
import { lifecycleRequests } from './lifecycle';
import { memoryRequests } from './memory';
import { programRequests } from './program';
import type { RequestTable } from './request';
import { stackRequests } from './stack';

/** Every request that the adapter answers, by command. */
export const REQUESTS: RequestTable = {
  ...lifecycleRequests,
  ...breakpointRequests,
  ...executionRequests,
  ...stackRequests,
  ...evaluateRequests,
  ...memoryRequests,
  ...programRequests,
  ...customRequests,
};
