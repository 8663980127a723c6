import { ACCESS_MEASURED } from './access-word';
import type { CostParts, ExitRecord } from './exit-record';

/** What sums are made of, host time aside. */
export type ExitSample = Pick<ExitRecord, 'cost' | 'repeat' | 'kind' | 'continued' | 'pageRuns'>;

function isWhole({ transition, decode, device, return: back }: CostParts): boolean {
  return Number.isInteger(transition) && Number.isInteger(decode) && Number.isInteger(device) && Number.isInteger(back);
}

/**
 * Exits that are like the one before in all that is summed: in a storm of them each is one more, and sums are made at
 * the end. Only whole cycles are taken, of which so many times one are exactly as much as one after the other.
 */
export class ExitRun {
  /** What its exits have in common. */
  readonly sample: ExitSample = {
    cost: { transition: 0, decode: 0, device: 0, return: 0 },
    repeat: 1,
    kind: 'port',
    continued: false,
    pageRuns: 0,
  };
  /** Exits beyond the first one. */
  more = 0;
  /** Sequence number of the last one. */
  last = 0;
  private isOpen = false;
  private site = 0;
  private access = 0;
  private names = 0;

  /** A run may begin with this exit. */
  begin(record: ExitRecord, names: number, access: number): void {
    const { sample } = this;
    const { transition, decode, device, return: back } = record.cost;
    this.more = 0;
    this.isOpen = record.kind !== 'string' && record.repeat === 1 && isWhole(record.cost);
    this.site = record.site;
    this.access = access | ACCESS_MEASURED;
    this.names = names;
    sample.kind = record.kind;
    sample.continued = record.continued;
    sample.cost.transition = transition;
    sample.cost.decode = decode;
    sample.cost.device = device;
    sample.cost.return = back;
  }

  /** Counts an exit if it belongs to the run. */
  takes(record: ExitRecord, names: number, access: number): boolean {
    const { cost } = this.sample;
    if (
      !this.isOpen ||
      record.site !== this.site ||
      (access | ACCESS_MEASURED) !== this.access ||
      names !== this.names ||
      record.cost.transition !== cost.transition ||
      record.cost.decode !== cost.decode ||
      record.cost.device !== cost.device ||
      record.cost.return !== cost.return ||
      record.repeat !== 1
    )
      return false;
    this.more++;
    this.last = record.sequence;
    return true;
  }

  end(): void {
    this.isOpen = false;
    this.more = 0;
  }
}
