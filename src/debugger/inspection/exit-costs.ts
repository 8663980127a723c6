import type { ExitLog } from '../../hypervisor/exits/exit-log';
import type { GroupFunction } from '../../hypervisor/exits/exit-report';
import type { ExitKey } from '../../hypervisor/exits/exit-table';
import type { Hypervisor } from '../../hypervisor/hypervisor';
import type { Guest } from '../guest/guest';
import { hex } from '../text/hex';
import type { Places } from './places';
import { portName } from './port-activity';
import { whatIf, whatIfPrices } from './what-if';
import type { CostGrouping, ExitCostQuery, ExitCosts } from './types';

/** What an exit that has nothing to do with the grouping is called: the way it came. */
function other({ channel, hypercall, reason }: ExitKey): string {
  return `(${hypercall === '' ? `${channel} ${reason}` : hypercall})`;
}

/** `0x3f8:OUT (COM1.THR)`: the port and direction as `perf kvm stat` has them, with the name that a PC gives them. */
function portKey(guest: Guest, { port, direction }: ExitKey): string {
  const name = portName(guest, port, direction);
  return `${hex(port)}:${direction.toUpperCase()}${name === '' ? '' : ` (${name})`}`;
}

/** Paths of all sites that the log knows, by which files of one name are told apart. */
function pathsIn(log: ExitLog, places: Places): Set<string> {
  const paths = new Set<string>();
  log.forEachKind(({ site }) => {
    const source = places.sourceOf(site);
    if (source) paths.add(source.path);
  });
  return paths;
}

/** What cost how much: the exit-cost table of one grouping. */
export class ExitCostTable {
  constructor(
    private readonly guest: Guest,
    private readonly hypervisor: Hypervisor,
    private readonly places: Places,
  ) {}

  query({ groupBy, since }: ExitCostQuery): ExitCosts {
    const { log, profile, mode, chargesTime } = this.hypervisor;
    const { clock } = this.guest.machine;
    const { rows, totals } = log.query(this.grouping(groupBy), since, whatIfPrices(this.hypervisor));
    const guestCycles = clock.now;
    return {
      rows: rows.map((row) => {
        const source = this.places.sourceOf(row.site);
        return {
          key: row.key,
          samples: row.samples,
          samplesPct: row.samplesPct,
          timePct: row.timePct,
          minCycles: row.minCycles,
          maxCycles: row.maxCycles,
          avgCycles: row.avgCycles,
          stdErrPct: row.stdErrPct,
          totalCycles: row.totalCycles,
          parts: row.parts,
          hostNs: row.hostNs,
          channel: row.channel,
          whatIf: whatIf(row),
          operations: row.operations,
          ...(source && { source }),
        };
      }),
      totals: {
        samples: totals.samples,
        totalCycles: totals.totalCycles,
        hostNs: totals.hostNs,
        elements: totals.elements,
        guestCycles,
        exitTimePct: guestCycles === 0 || !chargesTime ? 0 : (100 * totals.totalCycles) / guestCycles,
        charged: chargesTime,
        instructions: clock.instructions,
        costProfile: profile.name,
        mode,
        whatIf: whatIf(totals),
        operations: totals.operations,
        nextSequence: log.nextSequence,
      },
    };
  }

  private grouping(groupBy: CostGrouping): GroupFunction {
    const { guest, places } = this;
    const several = this.hypervisor.abis.length > 1;
    switch (groupBy) {
      case 'reason':
        return (key) => key.reason;
      case 'channel':
        return (key) => key.channel;
      case 'hypercall':
        // Only where a name may be that of several ABIs it has to be said whose it is.
        return (key) => (key.hypercall === '' ? other(key) : several ? `${key.abi}:${key.hypercall}` : key.hypercall);
      case 'port':
        return (key) => (key.port < 0 ? other(key) : portKey(guest, key));
      case 'function':
        return (key) => places.functionOf(key.site);
      case 'line': {
        const paths = pathsIn(this.hypervisor.log, places);
        return (key) => places.lineOf(key.site, paths);
      }
    }
  }
}
