/** Tells the user, once per kind, that the guest did something it should not. */
export type Report = (kind: string, message: string) => void;

/** A part of the VMI hypervisor that remembers something of the guest. */
export interface MonitorPart {
  /** Its place in saved states. */
  readonly name: string;
  /** Back to the state at power on. */
  reset(): void;
  save(): unknown;
  load(state: unknown): void;
}
