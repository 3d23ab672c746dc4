// Completions, in the shells that load them.
import { chmodSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { BIN, PLAIN, privately } from '../helpers/cli.js'
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** A folder for PATH in which the command has that name, and knows two daemons. */
function command(place) {
  mkdirSync(place.file('bin'))
  const names = `if [ "$1 $2" = "completion names" ]; then printf 'web\\nwork-1\\n'; exit; fi`
  const text = `#!/bin/sh\n${names}\nexec "${process.execPath}" "${BIN}" "$@"\n`
  chmodSync(place.write('bin/daimon', text), 0o755)
  place.write('server one.js', '')
  return {
    env: { ...PLAIN, PATH: `${place.file('bin')}:${process.env.PATH}`, HOME: place.path, TERM: 'dumb' },
  }
}

const CASES = [
  ['daimon st', ['start', 'status', 'stop']],
  ['daimon stop w', ['web', 'work-1']],
  ['daimon logs --name we', ['web']],
  ['daimon start --ready-', ['--ready-timeout']],
  ['daimon start --ready m', ['manual']],
  ['daimon stop --stop-signal SIGU', ['SIGUSR1', 'SIGUSR2']],
  ['daimon unit l', ['launchd', 'logrotate']],
  ['daimon completion z', ['zsh']],
  ['daimon up', ['upgrade']],
  ['daimon upgrade w', ['web', 'work-1']],
  ['daimon start --respawn-w', ['--respawn-window']],
  ['daimon start --name x ser', ['server one.js']],
]

needs('bash')('bash completes verbs, flags, names and files', async (t) => {
  const place = folder(t)
  const options = command(place)
  const script = `source <(daimon completion bash) || exit 1
complete -p daimon >&2
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _daimon; printf '%s\\n' "\${COMPREPLY[@]}"; echo ==; }
${CASES.map(([line]) => `ask ${line}`).join('\n')}
ask daimon signal web SIGUSR
ask daimon help sta
ask daimon logs --name = we
ask daimon start --user roo
`
  const { code, stdout, stderr } = await place.command('bash', ['--norc', '-uc', script], options)
  t.deepEqual([code, stderr], [0, 'complete -o filenames -F _daimon daimon\n'])
  const answers = stdout
    .split('==\n')
    .slice(0, -1)
    .map((text) => text.split('\n').filter(Boolean).sort())
  const own = [
    ['daimon signal web SIGUSR', ['SIGUSR1', 'SIGUSR2']],
    ['daimon help sta', ['start', 'status']],
    // As readline gives it: the sign is a word of its own.
    ['daimon logs --name=we', ['web']],
    ['daimon start --user roo', ['root']],
  ]
  for (const [at, [line, expected]] of [...CASES, ...own].entries()) t.deepEqual(answers[at], expected, line)
})

needs('fish')('fish completes verbs, flags, names and files', async (t) => {
  const place = folder(t)
  const options = command(place)
  const ask = CASES.map(([line]) => `complete -C '${line}'; echo ==`).join('\n')
  const script = `daimon completion fish | source; or exit 1\n${ask}`
  const { code, stdout, stderr } = await place.command('fish', ['--no-config', '-c', script], options)
  t.deepEqual([code, stderr], [0, ''])
  const answers = stdout
    .split('==\n')
    .slice(0, -1)
    .map((text) =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\t')[0])
        .sort(),
    )
  for (const [at, [line, expected]] of CASES.entries())
    t.deepEqual(
      answers[at].map((word) => word.replace('\\ ', ' ')),
      expected,
      line,
    )
})

needs('zsh', 'python3')('zsh completes verbs, flags, names and files', async (t) => {
  const place = folder(t)
  const options = command(place)
  place.write(
    '.zshrc',
    `PS1='> '; unsetopt zle_bracketed_paste prompt_sp; autoload -Uz compinit; compinit -u -d ${place.file('dump')}
source <(daimon completion zsh)
LISTMAX=1000; zstyle ':completion:*' list-prompt ''
`,
  )
  const asked = CASES.flatMap(([line, expected]) => [
    line,
    expected.map((word) => word.replace(' ', '.{1,3}')).join('[\\s\\S]*'),
  ])
  const { code, stdout, stderr } = await place.command(
    'python3',
    [fixture('cli/types.py'), ...asked],
    options,
  )
  t.deepEqual([code, stderr], [0, ''])
  t.deepEqual(
    stdout.trimEnd().split('\n'),
    CASES.map(([line]) => line),
  )
})

test('the shells are answered without the binding, by words, or where to look for them', async (t) => {
  const place = folder(t)
  for (const [line, expected] of [
    ['st', ['start', 'stop', 'status']],
    ['help relo', ['reload']],
    ['stop ', [':names']],
    ['stop --name web ', []],
    ['logs --name ', [':names']],
    ['logs -n ', [':names']],
    ['start --ready=m', ['manual']],
    ['start --respawn=', ['failure', 'always', 'never']],
    ['start --respawn ', [':files']],
    ['start --listen ', []],
    ['upgrade ', [':names']],
    ['upgrade --ready-', ['--ready-timeout']],
    ['stop --resp', []],
    ['start -l ', [':files']],
    ['start --stdout ', ['inherit', ':files']],
    ['start --cwd ', [':folders']],
    ['start --user ', [':users']],
    ['start --group=', [':groups']],
    ['start --title ', []],
    ['start --umask 022 ', [':files']],
    ['start --name a b.js -- --', [':files']],
    ['stop --stop-sig', ['--stop-signal']],
    ['signal web SIGUSR', ['SIGUSR1', 'SIGUSR2']],
    ['signal --pid-file a.pid SIGUSR', ['SIGUSR1', 'SIGUSR2']],
    ['unit systemd ', [':files']],
    ['status web --js', ['--json']],
    ['list ', []],
    ['nothing ', []],
    ['--json st', []],
  ]) {
    const args = ['--no-addons', BIN, '__complete', ...line.split(' ')]
    const { code, stdout, stderr } = await place.node(args, { env: PLAIN })
    t.deepEqual([code, stderr], [0, ''], line)
    const words = stdout.split('\n').filter(Boolean)
    t.deepEqual(
      words.map((word) => word.split('\t')[0]),
      expected,
      line,
    )
  }
  t.notRegex((await place.node([BIN, '--help'], { env: PLAIN })).stdout, /__complete/)
})

needs('bash')('a state that cannot be read says nothing in a prompt', async (t) => {
  const place = folder(t)
  const { env } = command(place)
  place.write('bin/daimon', `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  const script = `source <(daimon completion bash)
COMP_WORDS=(daimon stop w); COMP_CWORD=2; _daimon; printf '%s\\n' "\${COMPREPLY[@]-}"`
  for (const home of ['relative', place.file('bin/daimon')]) {
    const { code, stdout, stderr } = await place.command('bash', ['--norc', '-uc', script], {
      env: { ...env, DAIMON_HOME: home },
    })
    t.deepEqual([code, stdout, stderr], [0, '\n', ''], home)
  }
})

for (const shell of ['bash', 'zsh', 'fish']) {
  needs(shell)(`${shell} takes its completions without a word`, async (t) => {
    const place = folder(t)
    const text = (await place.node([BIN, 'completion', shell], { env: PLAIN })).stdout
    const { code, stderr } = await place.command(shell, ['-n', place.write('completion', text)], {
      env: PLAIN,
    })
    t.deepEqual([code, stderr], [0, ''])
    t.notRegex(text, /undefined|\[object/)
  })
}

needs('root', 'mount namespaces')(
  'names are printed one a line, and nothing where there is none',
  async (t) => {
    const place = folder(t)
    const { code, stdout, stderr } = await privately(
      place,
      `daimon completion names; mkdir -m 755 /run/daimon; touch /run/daimon/b.pid /run/daimon/a.pid /run/daimon/c
    echo ==; daimon completion names`,
    )
    t.deepEqual([code, stdout, stderr], [0, '==\na\nb\n', ''])
  },
)
