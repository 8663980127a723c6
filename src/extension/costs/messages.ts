import type { GroupBy, SourcePosition } from '../../../debugAdapter/protocol';
import type { ProfileInfo } from './profile-info';
import type { CostView, Run } from './run';

/** What the user has chosen to see; kept by the webview across restarts. */
export interface CostChoice {
  groupBy: GroupBy;
  sinceLastStop: boolean;
  /** Id of the run to set beside the current one. */
  otherRun?: string;
}

/** From the extension to the panel. */
export interface ShowMessage {
  type: 'show';
  /** Missing while there was no session yet, or its first counts are on their way. */
  view?: CostView;
  /** Name of a session that has not told its counts yet. */
  starting?: string;
  runs: { id: string; label: string }[];
  /** The cost profile of what is shown, if it is one of Ringside's. */
  profile?: ProfileInfo;
  /** Earlier run to compare with. */
  other?: Run;
}

/** From the panel to the extension. */
export type PanelMessage =
  | ({ type: 'choose' } & CostChoice)
  | { type: 'run'; command: 'saveExitTrace' | 'openCpuProfile' }
  | { type: 'open'; source: SourcePosition }
  | { type: 'copy'; text: string; what: string };
