/** `ringside dap` from source: DebugClient starts a program without arguments. */
process.argv.push('dap');
void import('../../../src/cli/main');
