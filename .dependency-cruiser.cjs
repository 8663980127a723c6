/** The import rule of the house: machine <- hypervisor <- debugger <- debugAdapter <- extension; symbols <- debugger. */
const room = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|debugAdapter)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    room('machine-is-alone', '^src/machine/', '^src/machine/'),
    room('symbols-see-the-elf-reader', '^src/symbols/', '^src/(symbols/|machine/loaders/elf)'),
    room('hypervisor-sees-the-machine', '^src/hypervisor/', '^src/(hypervisor|machine)/'),
    room('debugger-sees-below', '^src/debugger/', '^src/(debugger|hypervisor|machine|symbols)/'),
    room('adapter-sees-below', '^debugAdapter/', '^(debugAdapter|src/(debugger|hypervisor|machine|symbols))/'),
    room(
      'cli-uses-debugger-and-adapter',
      '^src/cli/',
      '^(debugAdapter|src/(cli|debugger|hypervisor|machine|symbols))/',
    ),
    room('language-is-alone', '^src/language/', '^src/(language|machine/isa)/'),
    {
      name: 'vscode-in-the-extension-only',
      severity: 'error',
      from: { path: '^(src|debugAdapter)/', pathNot: '^src/extension/' },
      to: { path: '^vscode$' },
    },
    {
      name: 'no-node-below-the-adapter',
      severity: 'error',
      from: { path: '^src/(machine|hypervisor|symbols|debugger)/' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
