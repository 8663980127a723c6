/** What happens to a guest's port I/O, and whom that models: see the file of each mode. */
export type ModeName = 'none' | 'trap' | 'vtx' | 'vmi';
