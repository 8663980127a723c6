import assert from 'node:assert/strict';
import { commandLine } from '../../src/cli/command-line';
import { parseCount } from '../../src/cli/options';
import { LaunchError } from '../../src/debugger/types';
import { FakeEngine } from '../dap/support/fake-session';
import { MemoryHost } from '../dap/support/memory-host';
import { ringside, TestConsole } from './support';

describe('ringside: arguments', () => {
  for (const [argv, message] of [
    [['rnu'], 'There is no command "rnu" (did you mean "run"?); see ringside --help.'],
    [['run', 'g.elf', '--hypervsior', 'vmi'], 'Unknown option --hypervsior (did you mean "--hypervisor"?).'],
    [['run', 'g.elf', '-x'], 'Unknown option -x.'],
    [['run', 'g.elf', '--memory'], '--memory needs a value: --memory MB.'],
    [['run', 'g.elf', '--memory', '--cpu', '386'], '--memory needs a value: --memory MB.'],
    [['run', 'g.elf', '--memory', '64', '--memory', '32'], '--memory is given twice.'],
    [['run', 'g.elf', '--help=now'], '--help takes no value.'],
    [['run', 'g.elf', '--memory', 'lots'], '--memory: expected a whole number of MiB, got "lots".'],
    [['run', 'g.elf', '--memory', '9999'], '--memory: expected a whole number from 1 to 2047, got 9999.'],
    [
      ['run', 'g.elf', '--cpu', '286'],
      '--cpu: expected one of 386, 486, pentium, pentium2, pentium3, pentium4, got "286".',
    ],
    [['run', 'g.elf', '--drive', 'x,kind=tape'], '--drive: expected one of disk, cdrom, floppy, got "tape".'],
    [
      ['run', 'g.elf', '--hypervisor', 'kvm'],
      '--hypervisor: there is no mode "kvm"; use none, trap, vtx, vmi or vmi+disable_io_ops.',
    ],
    [
      ['run', 'g.elf', '--hypervisor', 'trap+disable_io_ops'],
      '--hypervisor: disable_io_ops means something under vmi only.',
    ],
    [['run', 'g.elf', '--vmi-check-pages', 'stop'], '--vmi-check-pages: expected off or report, got "stop".'],
    [['run', 'g.elf', 'h.elf'], 'One program at a time; what is "h.elf"?'],
    [['run'], 'program: nothing to run; name a guest image, a bios, or a drive to boot from.'],
    [['run', 'g.elf', '--serial', 'missing/x'], '--serial: missing/x: cannot be written: no such file.'],
    [['run', 'g.elf', '--trace', 'missing/x'], '--trace: missing/x: cannot be written: no such file.'],
    [['run', 'g.elf', '--break', 'out ?'], '--break "out ?": cannot parse "out ?" at 1'],
    [
      ['compare', 'g.elf', '--modes', 'trap,vmx'],
      '--modes: there is no mode "vmx"; use none, trap, vtx, vmi or vmi+disable_io_ops.',
    ],
    [['compare', 'g.elf', '--modes', 'trap,trap'], '--modes: trap is given twice.'],
    [['compare', 'g.elf', '--break', 'out 0x80'], 'Unknown option --break.'],
    [['dap', '--port', '70000'], '--port: expected a TCP port from 0 to 65535, got "70000".'],
    [['dap', 'g.elf'], 'dap takes no program; what is "g.elf"?'],
  ] as const) {
    it(argv.join(' '), async () => {
      const { status, console } = await ringside([...argv]);
      assert.equal(console.stderr, `ringside: ${message}\n`);
      assert.equal(console.stdout, '');
      assert.equal(status, 2);
    });
  }

  it('refuses an expression that is none', async () => {
    const { status, console } = await ringside(['run', 'g.elf', '--until-serial', '(']);
    assert.match(console.stderr, /--until-serial: Invalid regular expression/);
    assert.equal(status, 2);
  });

  it('says what went wrong with the image', async () => {
    const engine = new FakeEngine();
    engine.failure = new LaunchError('/g.elf: cannot be read: no such file');
    const console = new TestConsole();
    const status = await commandLine(['run', '/g.elf'], console, engine, () => new MemoryHost());
    assert.equal(console.stderr, 'ringside: /g.elf: cannot be read: no such file\n');
    assert.equal(status, 2);
    assert.equal(console.quiet, true);
  });

  it('shows help for itself and for each command on standard output', async () => {
    assert.match((await ringside(['--help'])).console.stdout, /ringside compare PROGRAM/);
    for (const command of ['run', 'compare', 'dap']) {
      const { status, console } = await ringside([command, '--help']);
      assert.equal(status, 0);
      assert.match(console.stdout, new RegExp(`^Usage: ringside ${command}`));
      assert.ok(
        console.stdout.split('\n').every((line) => line.length <= 100),
        'a line is too wide',
      );
    }
  });

  it('shows how it is used where no command is given', async () => {
    const { status, console } = await ringside([]);
    assert.equal(status, 2);
    assert.match(console.stderr, /Usage:/);
  });

  it('reads counts', () => {
    for (const [text, count] of [
      ['5000000', 5e6],
      ['5_000_000', 5e6],
      ['0x100', 256],
      ['5M', 5e6],
      ['2k', 2000],
      ['1G', 1e9],
    ] as const) {
      assert.equal(parseCount('n', text), count, text);
    }
    for (const text of ['0', '-1', '1.5', 'M', '1T', ''])
      assert.throws(() => parseCount('n', text), /expected a count/);
  });

  it('hands the machine over as it was described', async () => {
    const { engine } = await ringside(
      [
        'run',
        'g.elf',
        '--hypervisor',
        'vmi+disable_io_ops',
        '--append',
        'quiet',
        '--memory',
        '16',
        '--drive',
        'cd.iso',
        '--drive',
        'x.img,kind=floppy',
        '--drive',
        'v.img,if=virtio',
        '--max-instructions',
        '5M',
        '--initrd',
        'i.gz',
      ],
      (session) => session.emit({ type: 'ended', end: { how: 'limit', exitCode: 1, text: 'limit' } }),
    );
    const { hypervisor, commandLine, memoryMB, drives, maxInstructions, initrd, program } =
      engine.session.configuration;
    assert.deepEqual(
      {
        mode: hypervisor.mode,
        disableIoOps: hypervisor.disableIoOps,
        commandLine,
        memoryMB,
        drives,
        maxInstructions,
        initrd,
        program,
      },
      {
        mode: 'vmi',
        disableIoOps: true,
        commandLine: 'quiet',
        memoryMB: 16,
        drives: [
          { file: 'cd.iso', kind: 'cdrom', interface: 'ide', snapshot: true },
          { file: 'x.img', kind: 'floppy', interface: 'ide', snapshot: true },
          { file: 'v.img', kind: 'disk', interface: 'virtio', snapshot: true },
        ],
        maxInstructions: 5e6,
        initrd: 'i.gz',
        program: 'g.elf',
      },
    );
  });
});
